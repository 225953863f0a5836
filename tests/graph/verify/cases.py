"""What people can do, one mutation a case, in an order in which one after the other can be done in one world.

A mutation that is new in the schema needs a case here: a few words about what it shows, who does it (ada
unless said), and its variables made of the ids of world.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Ids = dict[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    mutation: str
    story: str
    variables: Callable[[Ids], dict[str, Any]]
    by: str = "ada"


def _update(key: str, **given: Any) -> Callable[[Ids], dict[str, Any]]:
    """An edit; a value of the form "@sam" is the id of that name."""
    return lambda ids: {"id": ids[key], "input": {name: _meant(value, ids) for name, value in given.items()}}


def _new(**given: Any) -> Callable[[Ids], dict[str, Any]]:
    return lambda ids: {"input": {name: _meant(value, ids) for name, value in given.items()}}


def _meant(value: Any, ids: Ids) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        return ids[value[1:]]
    if isinstance(value, list):
        return [{name: _meant(each, ids) for name, each in item.items()} for item in value]
    return value


_LINKS = [
    {"parentId": "@goal", "kind": "CONTRIBUTES", "weight": 2.5, "rationale": "It helps"},
    {"parentId": "@published", "answer": "MAYBE"},
]
_LEARNED = {"outcome": "PARTIALLY_ACHIEVED", "score": 0.5, "learning": "Start earlier"}

OBJECTIVES = (
    Case(
        "objectiveCreate",
        "a draft with links",
        _new(title="Win", cycleId="@cycle", teamId="@growth", links=_LINKS),
    ),
    Case(
        "objectiveCreate",
        "a draft whose reviewer is of another team",
        _new(title="Sell", cycleId="@cycle", teamId="@sales", reviewerId="@kim", whyNow="Now"),
        by="sam",
    ),
    Case("objectiveUpdate", "the words of a draft", _update("draft", title="Better", description="How")),
    Case("objectiveUpdate", "a draft gets a reviewer", _update("draft", reviewerId="@rex")),
    Case("objectiveUpdate", "a draft loses its reviewer", _update("draft", reviewerId=None)),
    Case("objectiveUpdate", "a draft gets an owner of another team", _update("draft", ownerId="@sam")),
    Case(
        "objectiveUpdate", "a draft of two teams gets a reviewer", _update("shared_draft", reviewerId="@rex")
    ),
    Case("objectiveUpdate", "a draft loses who saw it for good", _update("kept_draft", reviewerId=None)),
    Case("objectiveUpdate", "which goes on without them", _update("kept_draft", title="Kept from others")),
    Case(
        "keyResultCreate",
        "in a draft",
        _new(objectiveId="@draft", title="Speed", targetValue=5, ownerId="@kim"),
    ),
    Case("keyResultUpdate", "in a draft", _update("drafted", title="Drafted well", weight=3)),
    Case("objectiveUpdate", "a draft changes hands", _update("draft", ownerId="@rex")),
    Case(
        "alignmentLinkPropose",
        "from a draft",
        _new(childId="@shared_draft", parentId="@measure", answer="YES"),
    ),
    Case("objectivePublish", "with what hangs on it", _update("draft", overrideReason="It is time")),
    Case("objectivePublish", "of two teams", _update("shared_draft", overrideReason="So is this")),
    Case(
        "objectiveUpdate",
        "a published one, with a reason",
        _update("published", title="Renamed", ownerId="@sam", whyNow="Later", reason="We learned"),
    ),
)
KEY_RESULTS = (
    Case(
        "keyResultCreate", "in a published objective", _new(objectiveId="@published", title="Pace", weight=0)
    ),
    Case("checkInCreate", "with a first value", _new(keyResultId="@goal", confidence=4, value=30)),
    Case(
        "checkInCreate",
        "with less confidence",
        _new(keyResultId="@measure", confidence=2, value=25, note="Slow"),
    ),
    Case("checkInCreate", "without a value", _new(keyResultId="@measure", confidence=1)),
    Case(
        "checkInCreate",
        "of an earlier day",
        _new(keyResultId="@measure", confidence=5, value=1, asOf="2020-02-29"),
    ),
    Case("keyResultUpdate", "another target", _update("measure", targetValue=50, reason="We learned")),
    Case("keyResultUpdate", "another weight", _update("measure", weight=4)),
)
LINKS = (
    Case(
        "alignmentLinkPropose",
        "to an objective",
        _new(childId="@selling", parentId="@top", primary=False),
        by="sam",
    ),
    Case("alignmentLinkAccept", "which aligns its child", _update("proposed", answer="MAYBE", note="Fine")),
    Case("alignmentLinkAccept", "of a draft that was published", _update("from_draft")),
    Case("alignmentLinkDecline", "with a reason", _update("aside", note="No")),
    Case("alignmentLinkWithdraw", "which leaves its child unaligned", _update("accepted", answer="NO")),
    Case("alignmentLinkWithdraw", "a horizontal one", _update("related")),
)
COMMENTS = (
    Case(
        "commentCreate",
        "on an objective",
        _new(subjectId="@published", body="**Why?**", kind="QUESTION"),
        by="kim",
    ),
    Case(
        "commentCreate",
        "as an answer",
        _new(subjectId="@top", body="No", parentCommentId="@thread"),
        by="rex",
    ),
    Case("commentCreate", "on a key result", _new(subjectId="@measure", body="Which?"), by="admin"),
    Case("commentCreate", "on a check-in", _new(subjectId="@check_in", body="Really?"), by="sam"),
    Case("commentCreate", "on a link", _new(subjectId="@from_draft", body="How?"), by="sam"),
    Case("commentUpdate", "", _update("comment", body="How?")),
    Case("commentResolve", "with an answer below it", _update("thread")),
    Case("commentDelete", "with an answer below it", _update("comment")),
    Case("commentDelete", "an answer, by an administrator", _update("reply"), by="admin"),
)
CLOSINGS = (
    Case("objectiveClose", "with links and key results", _update("published", **_LEARNED)),
    Case("commentCreate", "on what is closed", _new(subjectId="@published", body="A pity")),
)

_NEED = {
    "need": "An API",
    "consumerTeamId": "@growth",
    "providerTeamId": "@sales",
    "keyResultId": "@measure",
    "neededByWeek": 6,
    "providerOwnerId": "@sam",
}
DEPENDENCIES = (
    Case("dependencyDraft", "of its team alone", _new(**_NEED)),
    Case("dependencyUpdate", "of its team alone", _update("unsent", need="Still unsent", neededByWeek=7)),
    Case("dependencySubmit", "with what was said of it", _update("unsent", need="Sent")),
    Case("dependencyRequest", "of another team", _new(**_NEED, criticality="BLOCKING"), by="kim"),
    Case("dependencyCounter", "", _update("unsent", need="Half", promisedBy="2030-05-01"), by="sam"),
    Case("dependencyAccept", "an offer", _update("unsent", note="Fine")),
    Case("dependencyAccept", "a request", _update("dependency_asked", promisedBy="2030-05-01")),
    Case("dependencyStart", "", _update("dependency_asked")),
    Case("dependencyAsk", "", _update("dependency_asked", note="Still on track?"), by="kim"),
    Case("commentCreate", "on a dependency", _new(subjectId="@dependency_asked", body="How?"), by="rex"),
    Case(
        "dependencyCheckIn",
        "as an answer",
        _update("dependency_asked", health="AT_RISK", confidence=2, promisedBy="2030-06-01"),
    ),
    Case("dependencyCheckIn", "once more", _update("dependency_asked", health="BLOCKED", confidence=1)),
    Case(
        "dependencyUpdate",
        "each side's own",
        _update("dependency_asked", riskOwnerId="@kim", mitigation="Wait", providerKeyResultId="@goal"),
    ),
    Case("dependencyDeliver", "", _update("dependency_asked", evidenceUrl="https://acme.example")),
    Case("dependencyConfirm", "", _update("dependency_asked", note="Thanks")),
    Case("dependencyReopen", "", _update("dependency_delivered", note="It is red")),
    Case("dependencyWithdraw", "", _update("dependency_delivered", note="We cannot")),
    Case("dependencyDecline", "", _update("dependency_refused", note="No")),
    Case("dependencyCancel", "", _update("dependency_ended")),
    Case("dependencyEscalate", "", _update("dependency_declined", note="But", riskOwnerId="@rex")),
    Case(
        "dependencySettle",
        "by an administrator",
        _update("dependency_declined", state="ACCEPTED", promisedBy="2030-05-01", note="Do it"),
        by="admin",
    ),
    Case("dependencyDecline", "of what serves a draft", _update("for_kept", note="No"), by="sam"),
    Case(
        "liaisonAppoint",
        "for a cycle",
        _new(personId="@sam", teamAId="@growth", teamBId="@sales", cycleId="@cycle", purpose="Weekly"),
    ),
    Case("liaisonEnd", "by the liaison", _update("liaison"), by="sam"),
)
CASES = (*OBJECTIVES, *KEY_RESULTS, *LINKS, *COMMENTS, *DEPENDENCIES, *CLOSINGS)
