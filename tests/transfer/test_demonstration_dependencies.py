"""What the teams of the demonstration organisation need of one another."""

import io
from collections import Counter
from datetime import UTC, datetime

import pytest

from okrgraph.dependencies import liaison_reads, reads, team_reads
from okrgraph.dependencies.flags import flags_of
from okrgraph.dependencies.models import Dependency, DependencyCheckIn
from okrgraph.dependencies.vocabulary import DependencyFlag as F
from okrgraph.dependencies.vocabulary import DependencyState
from okrgraph.kit import clock
from okrgraph.okrs.models import Cycle, Objective
from okrgraph.okrs.weeks import today_in
from okrgraph.people.models import Team
from okrgraph.people.tokens import create_token, viewer_of_token
from okrgraph.transfer.demonstration import SLUG, DemonstrationPeople, demonstration_csv
from okrgraph.transfer.importing import import_file
from okrgraph.transfer.models import ImportKey

# A Monday, the first day on which the file reads as it does, and the Sunday after it.
DAYS = [datetime(2026, 11, 16, 8, tzinfo=UTC), datetime(2026, 11, 22, 18, tzinfo=UTC)]


@pytest.fixture(params=DAYS, ids=["monday", "sunday"])
def held(request):
    with clock.held_at(request.param):
        yield


@pytest.fixture
async def petra(held, database):
    await import_file(io.BytesIO(demonstration_csv(clock.now().date()).encode()))
    viewer = await viewer_of_token(await create_token(SLUG, DemonstrationPeople().administrator))
    assert viewer is not None
    return viewer


async def keys() -> dict[object, str]:
    return {each.entity_id: each.entity_key for each in await ImportKey.filter(entity_type="dependency")}


async def test_there_is_one_in_every_state(petra) -> None:
    counted = Counter(each.state for each in await Dependency.all())
    assert set(counted) == set(DependencyState)
    assert counted.total() == 24
    assert await DependencyCheckIn.all().count() == 11


async def test_two_slip_and_every_other_flag_is_there_as_well(petra) -> None:
    key_of, flagged = await keys(), {flag: set() for flag in F}
    today = today_in(petra.time_zone, clock.now())
    rows = await Dependency.all()
    locked = await reads.deadlocked_dependencies(petra, [each.id for each in rows])
    for each in rows:
        for flag in flags_of(each, today, petra.time_zone, is_deadlocked=locked[each.id]):
            flagged[flag].add(key_of[each.id].removeprefix("dep-"))
    assert flagged == {
        F.OVERDUE: {"box-labels"},
        F.UNANSWERED: {"test-calls"},
        F.ASK_OPEN: {"supplier-contract"},
        F.SLIP: {"depot-rules", "cold-boards"},
        F.UNOWNED_RISK: {"returned-readings"},
        F.DEADLOCK: {"supplier-contract", "sensor-forecast"},
    }


async def test_a_pair_of_teams_has_nobody_between_it(petra) -> None:
    quarter = await Cycle.get(state="ACTIVE", kind="QUARTER")
    pairs = await liaison_reads.pairs_without_liaison(petra, quarter.id)
    names = {each.id: each.name for each in await Team.all()}
    assert [({names[each.team_a_id], names[each.team_b_id]}, each.open_dependencies) for each in pairs] == [
        ({"Assembly", "Devices"}, 3)
    ]


async def test_teams_differ_in_how_they_keep_their_promises(petra) -> None:
    teams = {each.name: each.id for each in await Team.all()}
    found = await team_reads.reliability_of_teams(petra, list(teams.values()))
    told = {name: (found[key].in_time, found[key].due) for name, key in teams.items() if found[key].due}
    assert told == {
        "Devices": (1, 1),
        "Platform": (0, 1),
        "Assembly": (1, 2),
        "Alarms Squad": (0, 1),
        "Product and Engineering": (1, 1),
        "Sales": (1, 1),
        "Finance and People": (0, 1),
    }


async def test_the_draft_is_its_team_s_own(petra) -> None:
    draft = await Dependency.get(state=DependencyState.DRAFT)
    assert await reads.dependencies_by_id(petra, [draft.id]) == {}
    duarte = await viewer_of_token(await create_token(SLUG, "duarte@kelderwick.example"))
    assert list(await reads.dependencies_by_id(duarte, [draft.id])) == [draft.id]
    assert (await Objective.get(id=draft.served_objective_id)).state == "DRAFT"
