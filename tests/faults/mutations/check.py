"""Breaks a copy of the server in each way of the diffs beside this file: a short run of faults must find every one.

python -m tests.faults.mutations.check [NAME ...]
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
COPIED = ("okrgraph", "tests", "schema.graphql", "pyproject.toml")
# What is injected to show each; a calm run of writers and reconnects shows the others.
CALM = "stalled readers,connections reset"
FAULTS = {
    "skip_the_head_poll": "Redis absent",
    "publish_before_commit": "backends terminated,PostgreSQL immediate restart",
    "stale_principal": "membership ended while the victim lags",
    "no_resync_at_a_new_epoch": "epoch changed",
    "silence_where_the_log_has_expired": "retention passes a sleeping cursor",
    "take_a_retry_for_new": "kill -9 of a worker,connections reset",
}
_KIND = re.compile(r"^- (I\d+ \w+):", re.MULTILINE)
_FOUND = re.compile(r"postgres: (\d+) violations")


def _copy(folder: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "static", "node_modules", ".git")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)


def _run(folder: Path, faults: str) -> "subprocess.CompletedProcess[str]":
    command = [
        sys.executable,
        "-m",
        "tests.faults.long_mix",
        "--database=postgres",
        "--seconds=0",
        "--seed=7",
    ]
    return subprocess.run(
        [*command, f"--faults={faults}"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def found_in(diff: Path) -> str:
    """What the run says once the diff is applied to a copy of the project; empty when it finds nothing."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        _copy(folder)
        subprocess.run(["git", "apply", str(diff)], cwd=folder, check=True)
        run = _run(folder, FAULTS.get(diff.stem, CALM))
        if run.returncode == 0:
            return ""
        counted = _FOUND.search(run.stderr)
        if counted is not None:
            kinds = Counter(_KIND.findall(run.stdout))
            return f"{counted[1]} violations: {', '.join(f'{kind} {n}' for kind, n in kinds.most_common())}"
        # A client that can go on no longer, or a change that never arrives, ends the run itself.
        ends = [line.strip(" |") for line in run.stderr.splitlines() if "AssertionError: " in line]
        if ends and "has ended" not in run.stderr:
            return ends[-1]
        raise SystemExit(
            f"{diff.name}: the run ended with {run.returncode}\n{run.stdout}{run.stderr[-4000:]}"
        )


def main() -> None:
    missed = []
    for diff in sorted(HERE.glob("*.diff")):
        if sys.argv[1:] and diff.stem not in sys.argv[1:]:
            continue
        found = found_in(diff)
        print(f"{diff.stem}: {found or 'MISSED'}", flush=True)
        if not found:
            missed.append(diff.stem)
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
