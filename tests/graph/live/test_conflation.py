"""What is left out for a slow subscriber: states between, never an entity, never a loss of sight."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from okrgraph.events.entry import LoggedEntry
from okrgraph.graph.change_types import Verdict, verdict_for
from okrgraph.graph.live.conflation import conflated

ORGANIZATION = UUID(int=1)
SCOPES = ("org", "person:a", "team:b")


def entry(
    position: int,
    entity: int = 1,
    kind: str = "ObjectiveChanged",
    acl: frozenset[str] = frozenset({"org"}),
    acl_before: frozenset[str] | None = None,
) -> LoggedEntry:
    return LoggedEntry(
        kind=kind,
        entity_type="Objective",
        entity_id=UUID(int=entity),
        entity_version=position,
        body={"position": position},
        acl=acl,
        acl_before=acl_before,
        organization_id=ORGANIZATION,
        position=position,
        tx_end=True,
        actor_id=None,
        mutation_id=None,
        at=datetime(2026, 11, 22, tzinfo=UTC),
    )


def test_the_last_state_of_each_entity_stays_in_the_order_of_the_log() -> None:
    kept = conflated([entry(1, 1), entry(2, 2), entry(3, 1), entry(4, 3), entry(5, 2)])
    assert [(each.entity_id.int, each.position) for each in kept] == [(1, 3), (3, 4), (2, 5)]


def test_two_kinds_of_change_of_one_entity_stay_both() -> None:
    kept = conflated(
        [entry(1), entry(2, kind="ConfidenceChanged"), entry(3), entry(4, kind="ConfidenceChanged")]
    )
    assert [(each.kind, each.position) for each in kept] == [
        ("ObjectiveChanged", 3),
        ("ConfidenceChanged", 4),
    ]


def test_what_was_seen_in_between_is_known_to_have_been_seen() -> None:
    mine = frozenset({"person:a"})
    (kept,) = conflated(
        [entry(1, acl=mine, acl_before=frozenset()), entry(2, acl=frozenset(), acl_before=mine)]
    )
    assert (kept.acl, kept.acl_before) == (frozenset(), mine)


def test_who_gained_sight_lost_it_and_gained_it_again_is_told_each_time() -> None:
    mine, all_of_us = frozenset({"person:a"}), frozenset({"org"})
    steps = [(mine, frozenset[str]()), (frozenset[str](), mine), (all_of_us, frozenset[str]())]
    entries = [
        entry(position, kind="AccessChanged", acl=acl, acl_before=before)
        for position, (acl, before) in enumerate(steps, 1)
    ]
    told = [verdict_for(each, mine | all_of_us) for each in conflated(entries)]
    assert told == [Verdict.GAINED, Verdict.LOST, Verdict.GAINED]


scope_sets = st.frozensets(st.sampled_from(SCOPES))


@given(st.lists(st.tuples(st.integers(1, 3), scope_sets), max_size=12), scope_sets, scope_sets)
def test_a_client_ends_up_with_what_it_would_have_after_every_event(changes, first, mine) -> None:
    """Applying: what one sees is kept in its last state, what one sees no longer is dropped."""
    acl = dict.fromkeys((1, 2, 3), first)
    entries = []
    for position, (entity, after) in enumerate(changes, 1):
        entries.append(entry(position, entity, acl=after, acl_before=acl[entity]))
        acl[entity] = after

    def model(applied: list[LoggedEntry]) -> dict[int, int]:
        held = dict.fromkeys((1, 2, 3), 0) if first & mine else {}
        for each in applied:
            if each.is_visible_to(mine):
                held[each.entity_id.int] = each.position
            elif each.was_visible_to(mine):
                held.pop(each.entity_id.int, None)
        return held

    assert model(conflated(entries)) == model(entries)
