"""A token is revoked while its socket is open: how long until the server closes it."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.live.bench import Bench, tell
from benchmarks.live.commands import helper
from benchmarks.live.figures import Spread, markdown, milliseconds
from benchmarks.live.setting import run_module
from benchmarks.live.sides import okrgraph_worker

SOCKETS = 200
RATE = 25
PATIENCE_SECONDS = 30.0


def revoked(bench: Bench) -> Iterator[str]:
    """Every token has one socket; they are revoked one after another."""
    place = bench.place
    folder = place.folder / "revoked"
    folder.mkdir(exist_ok=True)
    run_module(place, "tokens", str(folder), str(SOCKETS))
    tokens = str(folder / "tokens")
    settings = place.settings(TOKENS=str(place.tokens))
    with (
        okrgraph_worker(place, place.cores.server) as (port, _),
        helper("writer", place.cores.others, **settings) as writer,
        bench.group(port, SOCKETS, tokens=tokens) as group,
    ):
        tell(f"revoking {SOCKETS} tokens")
        revoked_at = writer.ask("revoke", tokens=Path(tokens).read_text().split(), rate=RATE)["done"]
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            ended = bench.crowd.ask("ended", group=group.name)["ended"]
            if all(at for at, _ in ended) or time.monotonic() > until:
                break
            time.sleep(0.1)
    if not all(at for at, _ in ended):
        yield f"FAILED: {sum(not at for at, _ in ended)} sockets are open {PATIENCE_SECONDS:g} s later"
        return
    spread = Spread.of([at - since for (at, _), since in zip(ended, revoked_at, strict=True)])
    codes = ", ".join(f"{code} ({count})" for code, count in Counter(code for _, code in ended).items())
    row = [f"{SOCKETS}", *(milliseconds(each) for each in (spread.p50, spread.p99, spread.longest)), codes]
    yield from markdown(("sockets", "p50", "p99", "longest", "close codes"), [row])
