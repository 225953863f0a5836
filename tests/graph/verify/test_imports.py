"""What was read before an import, with its events applied, is what is read afterwards: one by one, or anew."""

import pytest

from tests.graph.verify.watching import (
    ALONE,
    SHARED,
    Poller,
    Subscriber,
    fresh_for,
    pollers,
    subscribers,
    unlike,
)
from tests.graph.verify.world import World
from tests.transfer.files import Row, load, row


def _rows(world: World) -> list[Row]:
    """Some of everything: new, changed, coming into sight, a person who joins a team and one who is new."""
    ids, growth = world.ids, world.ids["growth"]
    measured = {"current": "5", "confidence": "3"}
    own = {"team": growth, "owner": "ada@acme.example", "cycle": ids["cycle"]}
    return [
        row("team", "ops", title="Operations", parent=growth),
        row("person", "rex@acme.example", team=growth),
        row("person", "zoe@acme.example", title="Zoe", team="ops"),
        row("objective", "import", title="Imported", state="PUBLISHED", parent=ids["measure"], **own),
        row("key_result", "number", title="Number", parent="import", target="10", **measured),
        row("objective", ids["published"], title="Published by a file"),
        row("key_result", ids["measure"], target="80"),
        row("objective", ids["draft"], state="PUBLISHED"),
        row("dependency", ids["unsent"], state="REQUESTED"),
        row(
            "dependency_check",
            "on_track",
            parent=ids["dependency_delivered"],
            owner="ada@acme.example",
            health="ON_TRACK",
            confidence="4",
        ),
        row("comment", "said", parent=ids["published"], owner="zoe@acme.example", title="By a file"),
    ]


@pytest.mark.parametrize("is_large", [False, True], ids=["one_by_one", "anew"])
async def test_an_import_brings_every_client_to_what_it_would_read(
    world: World, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_large:
        monkeypatch.setattr("okrgraph.transfer.announcing.BULK_THRESHOLD", 5)
    async with subscribers(world, ALONE, SHARED) as live:
        followers: list[Subscriber | Poller] = [*live, *await pollers(world)]
        await load(_rows(world), organization=world.stage.org.slug)
        cursor = await world.told_to_all()
        for each in followers:
            await each.catch_up(cursor)
        assert unlike(followers, await fresh_for(world)) == []
        assert {"Resync" in each.model.heard for each in followers} == {is_large}
