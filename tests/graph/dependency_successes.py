"""What the mutations of dependencies and liaisons answer when they are done; see test_mutations.SUCCESSES."""

from collections.abc import Callable
from typing import Any

Ids = dict[str, str]


def _need(ids: Ids) -> dict[str, Any]:
    return {
        "need": "  An API ",
        "consumerTeamId": ids["growth"],
        "providerTeamId": ids["sales"],
        "keyResultId": ids["measure"],
        "neededByWeek": 6,
        "criticality": "BLOCKING",
        "acceptanceCriteria": "It answers.",
        "providerOwnerId": ids["sam"],
    }


def _dependency(version: int, **expected: Any) -> dict[str, Any]:
    return {"dependency": {"version": version, **expected}}


Success = tuple[str, Callable[[Ids], dict[str, Any]], dict[str, Any]]
DEPENDENCY_SUCCESSES: tuple[Success, ...] = (
    (
        "dependencyDraft",
        lambda ids: {"input": _need(ids)},
        _dependency(1, need="An API", state="DRAFT", requestedAt=None, neededByWeek=6),
    ),
    (
        "dependencyRequest",
        lambda ids: {"input": _need(ids)},
        _dependency(1, need="An API", state="REQUESTED", criticality="BLOCKING", promisedBy=None),
    ),
    (
        "dependencyCounter",
        lambda ids: {"id": ids["dependency_asked"], "input": {"need": "Half", "note": "All is too much"}},
        _dependency(2, state="COUNTERED", need="Thing asked", offeredNeed="Half", note="All is too much"),
    ),
    (
        "dependencySubmit",
        lambda ids: {"id": ids["dependency_asked"], "input": {"need": "Most", "expectedVersion": 2}},
        _dependency(3, state="REQUESTED", need="Most", offeredNeed=None, note=None),
    ),
    (
        "dependencyAccept",
        lambda ids: {"id": ids["dependency_asked"], "input": {"promisedBy": "2030-05-01"}},
        _dependency(4, state="ACCEPTED", promisedBy="2030-05-01"),
    ),
    (
        "dependencyUpdate",
        lambda ids: {"id": ids["dependency_asked"], "input": {"mitigation": "Wait", "consumerConfidence": 2}},
        _dependency(5, mitigation="Wait", consumerConfidence=2, state="ACCEPTED"),
    ),
    (
        "dependencyStart",
        lambda ids: {"id": ids["dependency_asked"]},
        _dependency(6, state="IN_PROGRESS", promisedBy="2030-05-01"),
    ),
    (
        "dependencyAsk",
        lambda ids: {"id": ids["dependency_asked"], "input": {"note": "Still on track?"}},
        _dependency(7, state="IN_PROGRESS", note="Still on track?"),
    ),
    (
        "dependencyCheckIn",
        lambda ids: {
            "id": ids["dependency_asked"],
            "input": {"health": "AT_RISK", "confidence": 2, "promisedBy": "2030-06-01", "note": "Ill"},
        },
        _dependency(8, health="AT_RISK", confidence=2, promisedBy="2030-06-01", askedAt=None, note="Ill"),
    ),
    (
        "dependencyDeliver",
        lambda ids: {"id": ids["dependency_asked"], "input": {"evidenceUrl": "https://acme.example"}},
        _dependency(9, state="DELIVERED", evidenceUrl="https://acme.example"),
    ),
    (
        "dependencyConfirm",
        lambda ids: {"id": ids["dependency_asked"], "input": {"note": "Thanks"}},
        _dependency(10, state="CONFIRMED", note="Thanks", viewerActions=[]),
    ),
    (
        "dependencyReopen",
        lambda ids: {"id": ids["dependency_delivered"], "input": {"note": "It is red"}},
        _dependency(4, state="IN_PROGRESS", deliveredAt=None),
    ),
    (
        "dependencyWithdraw",
        lambda ids: {"id": ids["dependency_delivered"], "input": {"note": "We cannot"}},
        _dependency(5, state="WITHDRAWN", note="We cannot"),
    ),
    (
        "dependencyDecline",
        lambda ids: {"id": ids["dependency_refused"], "input": {"note": "No"}},
        _dependency(2, state="DECLINED", note="No"),
    ),
    ("dependencyCancel", lambda ids: {"id": ids["dependency_ended"]}, _dependency(2, state="CANCELED")),
    (
        "dependencyEscalate",
        lambda ids: {"id": ids["dependency_declined"], "input": {"note": "But", "riskOwnerId": ids["ada"]}},
        _dependency(3, state="ESCALATED", note="But"),
    ),
    (
        "dependencySettle",
        lambda ids: {
            "id": ids["dependency_declined"],
            "input": {"state": "IN_PROGRESS", "promisedBy": "2030-05-01", "note": "Do it"},
        },
        _dependency(4, state="IN_PROGRESS", promisedBy="2030-05-01"),
    ),
    (
        "liaisonAppoint",
        lambda ids: {
            "input": {
                "personId": ids["sam"],
                "teamAId": ids["growth"],
                "teamBId": ids["sales"],
                "cycleId": ids["cycle"],
                "purpose": "Weekly",
            }
        },
        {"liaison": {"version": 1, "purpose": "Weekly", "endedAt": None}},
    ),
    ("liaisonEnd", lambda ids: {"id": ids["liaison"]}, {"liaison": {"version": 2}}),
)
