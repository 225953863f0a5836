"""Makes a token for each of many people and says, for the peer, what each may see."""

import asyncio
import sys
from pathlib import Path

import orjson

from benchmarks.reference_data import SLUG
from okrgraph.events.database import fetch_all, opened
from okrgraph.kit.ids import global_id
from okrgraph.people.tokens import create_token, viewer_of_token
from okrgraph.settings import load_settings

PEOPLE = "SELECT email FROM person WHERE status = 'ACTIVE' ORDER BY created_at, id LIMIT :count"
AT_ONCE = 8


async def main(folder: Path, count: int) -> None:
    """Write `tokens` (a line each) and `viewers.json` into the folder."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def made(email: str) -> tuple[str, dict[str, object]]:
        async with gate:
            token = await create_token(SLUG, email)
            viewer = await viewer_of_token(token)
        assert viewer is not None
        return token, {"person": global_id("Person", viewer.person_id), "scopes": sorted(viewer.scopes)}

    async with opened(load_settings().database):
        people = [email for (email,) in await fetch_all(PEOPLE, count=count)]
        viewers = dict(await asyncio.gather(*map(made, people)))
    (folder / "tokens").write_text("\n".join(viewers))
    (folder / "viewers.json").write_bytes(orjson.dumps(viewers))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
