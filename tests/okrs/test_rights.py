"""The default rights of domain.md, section 1, person by person; each attempt is undone."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from okrgraph.discussion.comments import NewComment, create_comment
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events.transactions import transaction
from okrgraph.kit.errors import DomainError
from okrgraph.okrs import reads
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.key_results import (
    KeyResultChange,
    NewKeyResult,
    create_key_result,
    update_key_result,
)
from okrgraph.okrs.links import NewLink, accept_link, decline_link, propose_link, withdraw_link
from okrgraph.okrs.models import AlignmentLink, KeyResult, Objective
from okrgraph.okrs.objectives import (
    NewObjective,
    ObjectiveChange,
    close_objective,
    create_objective,
    publish_objective,
    update_objective,
)
from okrgraph.okrs.vocabulary import CloseOutcome, ObjectiveLevel
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from tests.small_company import SmallCompany

IN_A_TEAM = frozenset({"lead", "member", "observer", "reader", "seller", "supporter", "manager"})
EVERYBODY_INSIDE = IN_A_TEAM | {"administrator", "owner", "reviewer", "number_owner"}
# A token that only reads changes nothing, whoever holds it.
WRITERS = EVERYBODY_INSIDE - {"reader"}
SEE_THE_DRAFT = frozenset({"lead", "member", "observer", "reader", "seller", "owner", "reviewer"})


@dataclass
class Subject:
    """An objective of a kind with a key result, a link from it and a proposed link to it."""

    objective: Objective
    number: KeyResult
    above: Objective
    outgoing: AlignmentLink
    incoming: AlignmentLink


async def make_subject(acme: SmallCompany, team: Team, level: ObjectiveLevel, *, published: bool) -> Subject:
    """Owned by a team and by Sales, with an accountable person, a reviewer and the number's own owner."""
    org = acme.org
    objective = await org.objective(
        team=team,
        level=level,
        owner_id=acme.owner.person_id,
        reviewer_id=acme.reviewer.person_id,
        co_owners=(acme.sales,),
    )
    number = await org.key_result(objective, owner_id=acme.number_owner.person_id)
    outgoing = await org.link(objective, await org.objective(published=True))
    if published:
        await publish_objective(await org.steward(team), objective.id, override_reason="as the test needs it")
    other = await org.objective(team=acme.sales, published=True)
    # From outside nobody sees a draft, so nobody could propose a link to it but its own people.
    proposer = other if published else await org.objective(team=acme.sales)
    incoming = await propose_link(acme.seller, proposer.id, NewLink(objective.id))
    above = await org.objective(published=True, title="Another")
    return Subject(objective, number, above, outgoing, await AlignmentLink.get(id=incoming.entity_id))


Act = Callable[[Viewer, Subject], Awaitable[object]]
EDITING: dict[str, Act] = {
    "edit": lambda who, on: update_objective(
        who, on.objective.id, ObjectiveChange(frozenset({"why_now"}), why_now="Since today")
    ),
    "add a key result": lambda who, on: create_key_result(who, NewKeyResult(on.objective.id, "More")),
    "edit a key result": lambda who, on: update_key_result(
        who, on.number.id, KeyResultChange(frozenset({"weight"}), weight=2.0)
    ),
    "propose a link": lambda who, on: propose_link(who, on.objective.id, NewLink(on.above.id)),
    "withdraw a link": lambda who, on: withdraw_link(who, on.outgoing.id),
}
CLOSE: Act = lambda who, on: close_objective(who, on.objective.id, CloseOutcome.ACHIEVED, "Enough")  # noqa: E731
PUBLISH: Act = lambda who, on: publish_objective(who, on.objective.id, override_reason="now")  # noqa: E731
CHECK_IN: Act = lambda who, on: check_in(who, NewCheckIn(on.number.id, 4))  # noqa: E731
COMMENT: Act = lambda who, on: create_comment(  # noqa: E731
    who, NewComment(SubjectType.OBJECTIVE, on.objective.id, "Why now?")
)
DECIDING: dict[str, Act] = {
    "accept a link": lambda who, on: accept_link(who, on.incoming.id),
    "decline a link": lambda who, on: decline_link(who, on.incoming.id),
}
PUBLISHED_ACTS = {**EDITING, **DECIDING, "close": CLOSE}
DRAFT_ACTS = {**EDITING, "publish": PUBLISH}


class _Undone(Exception):
    pass


async def outcome_of(attempt: Awaitable[object]) -> str:
    """`done`, or the code of the refusal; either way nothing stays."""
    outcome = "done"
    with suppress(_Undone):
        async with transaction():
            try:
                await attempt
            except DomainError as error:
                (problem,) = error.problems
                outcome = str(problem.code)
            raise _Undone
    return outcome


async def outcomes(acme: SmallCompany, act: Act, on: Subject) -> dict[str, str]:
    return {name: await outcome_of(act(viewer, on)) for name, viewer in acme.everybody.items()}


def expected(allowed: frozenset[str], seeing: frozenset[str] = EVERYBODY_INSIDE) -> dict[str, str]:
    """Whoever sees but may not is FORBIDDEN; to all others there is nothing."""
    names = sorted(EVERYBODY_INSIDE | {"stranger"})
    return {
        name: "done" if name in allowed else "FORBIDDEN" if name in seeing else "NOT_FOUND" for name in names
    }


@pytest.mark.parametrize(
    ("level", "editors"),
    [
        (ObjectiveLevel.TEAM, {"owner", "lead", "member", "seller"}),
        (ObjectiveLevel.DEPARTMENT, {"owner", "lead", "member", "seller"}),
        (ObjectiveLevel.INDIVIDUAL, {"owner", "lead"}),
        (ObjectiveLevel.COMPANY, {"owner", "manager"}),
    ],
)
async def test_who_may_do_what_to_a_published_objective(acme, level, editors):
    team = acme.org.company if level is ObjectiveLevel.COMPANY else acme.growth
    subject = await make_subject(acme, team, level, published=True)
    editors = frozenset(editors)

    for name, act in PUBLISHED_ACTS.items():
        assert await outcomes(acme, act, subject) == expected(editors), name
    assert await outcomes(acme, CHECK_IN, subject) == expected(editors | {"number_owner"})
    assert await outcomes(acme, COMMENT, subject) == expected(WRITERS)


async def test_who_may_do_what_to_a_draft(acme):
    subject = await make_subject(acme, acme.growth, ObjectiveLevel.TEAM, published=False)
    editors = frozenset({"owner", "lead", "member", "seller"})

    for name, act in DRAFT_ACTS.items():
        assert await outcomes(acme, act, subject) == expected(editors, SEE_THE_DRAFT), name
    assert await outcomes(acme, COMMENT, subject) == expected(SEE_THE_DRAFT - {"reader"}, SEE_THE_DRAFT)


@pytest.mark.parametrize(
    ("level", "creators"),
    [
        (None, {"lead", "member"}),
        (ObjectiveLevel.TEAM, {"lead", "member"}),
        (ObjectiveLevel.DEPARTMENT, {"lead", "member"}),
        (ObjectiveLevel.COMPANY, {"manager"}),
        # Everybody has objectives of their own, in whatever team.
        (ObjectiveLevel.INDIVIDUAL, WRITERS),
    ],
)
async def test_who_may_create_an_objective_of_a_team(acme, level, creators):
    def create(who: Viewer, _on: object) -> Awaitable[object]:
        return create_objective(who, NewObjective("Grow", acme.cycle.id, acme.growth.id, level=level))

    assert await outcomes(acme, create, None) == expected(frozenset(creators))


async def test_naming_an_owner_gives_no_right_but_to_ones_own_individual_objectives(acme):
    def create(level: ObjectiveLevel, owner: str | None) -> Act:
        owner_id = getattr(acme, owner).person_id if owner else None
        new = NewObjective("Grow", acme.cycle.id, acme.growth.id, owner_id=owner_id, level=level)
        return lambda who, _on: create_objective(who, new)

    for_lead = await outcomes(acme, create(ObjectiveLevel.INDIVIDUAL, "supporter"), None)
    assert for_lead == expected(frozenset({"lead", "supporter"}))
    assert (await outcomes(acme, create(ObjectiveLevel.TEAM, "supporter"), None))["supporter"] == "FORBIDDEN"


async def test_whether_a_viewer_may_edit_is_told_as_it_is(acme):
    """`viewerCanEdit` agrees with what the action does."""
    subjects = [
        await make_subject(acme, acme.growth, ObjectiveLevel.TEAM, published=False),
        await make_subject(acme, acme.growth, ObjectiveLevel.INDIVIDUAL, published=True),
        await make_subject(acme, acme.org.company, ObjectiveLevel.COMPANY, published=True),
    ]
    for subject in subjects:
        done = await outcomes(acme, EDITING["edit"], subject)
        for name, viewer in acme.everybody.items():
            told = await reads.editable_objectives(viewer, [subject.objective.id])
            wanted = {} if done[name] == "NOT_FOUND" else {subject.objective.id: done[name] == "done"}
            assert told == wanted, name
