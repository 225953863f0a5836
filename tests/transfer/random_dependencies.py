"""Random dependencies, their check-ins and liaisons for random organisations, as rows of an import without fault."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from okrgraph.dependencies.vocabulary import DependencyCriticality, DependencyHealth, DependencyState
from okrgraph.transfer.formats.records import RecordType
from okrgraph.transfer.plans.dependencies import pairs_in


def moments_until(last: date) -> st.SearchStrategy[datetime]:
    return st.builds(
        lambda day, since, hours: (datetime.combine(day, time(), UTC) + since).astimezone(
            timezone(timedelta(hours=hours))
        ),
        st.dates(date(1970, 1, 2), last),
        st.timedeltas(timedelta(0), timedelta(hours=23)),
        st.sampled_from([0, 0, 2, -11, 14]),
    )


MOMENTS = moments_until(date(2199, 12, 30))


def add_between_teams(organization: Any) -> None:
    for _ in organization.times(4):
        add_dependency(organization)
    for _ in organization.times(2):
        add_liaison(organization)


def two_teams(organization: Any) -> str:
    """A pair that can be read in one way only."""
    pairs = [(one, other) for one in organization.teams for other in organization.teams if one != other]
    known = Counter(">".join(pair) for pair in pairs)
    plain = [
        text
        for text in known
        if sum(1 for pair in pairs_in(text) if set(pair) <= set(organization.teams)) == 1
    ]
    return str(organization.one_of(plain or [">".join(pairs[0])]))


def add_dependency(organization: Any) -> None:
    """In any state, with what goes with it, and check-ins of its own."""
    key, state = organization.key(), organization.one_of(DependencyState)
    ends = [*organization.objectives, *(key for key, _, _ in organization.key_results)]
    is_under_way = state in (DependencyState.ACCEPTED, DependencyState.IN_PROGRESS)
    is_delivered = state in (DependencyState.DELIVERED, DependencyState.CONFIRMED)
    asked = organization.moment() if is_under_way else None
    not_draft = state is not DependencyState.DRAFT
    organization.add(
        RecordType.DEPENDENCY,
        key,
        title=organization.text(500),
        parent=organization.one_of(ends),
        team=two_teams(organization),
        needed_by=str(organization.draw(st.dates(date(1970, 1, 1), date(2199, 12, 31)))),
        promised_by=organization.maybe(st.dates(date(1970, 1, 1), date(2199, 12, 31))),
        state=state,
        kind=organization.maybe_of(DependencyCriticality),
        health=organization.maybe_of(DependencyHealth),
        confidence=organization.maybe(st.integers(1, 5)),
        consumer_confidence=organization.maybe(st.integers(1, 5)),
        provider=organization.maybe_of(ends),
        description=organization.maybe_text(20_000),
        mitigation=organization.maybe_text(20_000),
        decision_note=organization.maybe_text(20_000),
        evidence_url=organization.maybe(st.sampled_from(["https://x.example/=1", "http://x"])),
        owner=organization.person(),
        risk_owner=organization.person(),
        created_by=organization.person(),
        offer=organization.maybe_text(500) if state is DependencyState.COUNTERED else None,
        asked_at=asked,
        asked_by=organization.person() if asked is not None else None,
        at=organization.moment(),
        requested_at=organization.moment() if not_draft else None,
        accepted_at=organization.moment() if not_draft else None,
        delivered_at=organization.moment() if is_delivered else None,
        confirmed_at=organization.moment() if state is DependencyState.CONFIRMED else None,
    )
    organization.subjects.append(key)
    for _ in organization.times(2):
        organization.add(
            RecordType.DEPENDENCY_CHECK_IN,
            organization.key(),
            parent=key,
            owner=organization.one_of(organization.people),
            health=organization.one_of(DependencyHealth),
            confidence=str(organization.one_of(range(1, 6))),
            confidence_before=organization.maybe(st.integers(1, 5)),
            promised_by=organization.maybe(st.dates(date(1970, 1, 1), date(2199, 12, 31))),
            title=organization.maybe_text(20_000),
            answer=organization.maybe_of(["TRUE", "FALSE"]),
            at=organization.moment(),
        )


def add_liaison(organization: Any) -> None:
    moments = sorted(organization.draw(st.lists(MOMENTS, min_size=2, max_size=2)))
    organization.add(
        RecordType.LIAISON,
        organization.key(),
        team=two_teams(organization),
        owner=organization.one_of(organization.people),
        cycle=organization.maybe_of(cycle[0] for cycle in organization.cycles),
        title=organization.maybe_text(500),
        created_by=organization.person(),
        at=moments[0].isoformat(),
        # Ended, so that several of one pair are right.
        closed_at=moments[1].isoformat(),
    )
