"""The members of the change feed in the schema, and how a log entry becomes one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum
from typing import Annotated, Any
from uuid import UUID

import strawberry

from okrgraph.dependencies import events as dependency_events
from okrgraph.dependencies.vocabulary import DependencyAction, DependencyState
from okrgraph.discussion.events import CommentChanged as CommentEvent
from okrgraph.events.change import Change as Event
from okrgraph.events.entry import BULK, LoggedEntry
from okrgraph.graph.check_ins import CheckIn
from okrgraph.graph.comments import Comment
from okrgraph.graph.cycles import Cycle
from okrgraph.graph.dependencies import Dependency
from okrgraph.graph.key_results import KeyResult
from okrgraph.graph.liaisons import Liaison
from okrgraph.graph.links import AlignmentLink
from okrgraph.graph.objectives import Objective
from okrgraph.graph.people import Person, Team
from okrgraph.graph.relations import one
from okrgraph.graph.scalars import CursorText
from okrgraph.kit.ids import global_id
from okrgraph.okrs import events as okr_events
from okrgraph.people import events as people_events
from okrgraph.people import reads as people_reads


@strawberry.enum(description="What a change is about, for filters.")
class ChangeKind(Enum):
    OBJECTIVE = strawberry.enum_value("OBJECTIVE", description="An objective changed.")
    KEY_RESULT = strawberry.enum_value("KEY_RESULT", description="A key result changed.")
    CHECK_IN = strawberry.enum_value("CHECK_IN", description="Somebody checked in.")
    CONFIDENCE = strawberry.enum_value("CONFIDENCE", description="A key result's rating changed.")
    ALIGNMENT_LINK = strawberry.enum_value("ALIGNMENT_LINK", description="A link was proposed or decided.")
    COMMENT = strawberry.enum_value("COMMENT", description="A comment was written, changed or settled.")
    DEPENDENCY = strawberry.enum_value("DEPENDENCY", description="A dependency took a step.")
    LIAISON = strawberry.enum_value("LIAISON", description="A liaison was named or ended.")
    CYCLE = strawberry.enum_value("CYCLE", description="A cycle changed.")
    TEAM = strawberry.enum_value("TEAM", description="A team or its members changed.")
    PERSON = strawberry.enum_value("PERSON", description="A person changed.")
    ACCESS = strawberry.enum_value("ACCESS", description="The viewer gained or lost sight of a subtree.")


@strawberry.enum(description="Why a cursor cannot be continued from.")
class ResyncReason(Enum):
    EPOCH_CHANGED = strawberry.enum_value(
        "EPOCH_CHANGED", description="The cursor is of another database's history, or another organisation's."
    )
    AHEAD_OF_LOG = strawberry.enum_value("AHEAD_OF_LOG", description="The log does not reach so far.")
    EXPIRED = strawberry.enum_value("EXPIRED", description="What came after the cursor is no longer kept.")
    TOO_FAR = strawberry.enum_value("TOO_FAR", description="Too much has happened since to replay it.")
    BULK_CHANGE = strawberry.enum_value(
        "BULK_CHANGE", description="An import or another operation too large to replay row by row."
    )


@strawberry.interface(description="What every change of an entity says.")
class ChangeMeta:
    cursor: CursorText = strawberry.field(description="Where the change's transaction stands in the log.")
    at: datetime = strawberry.field(description="When it happened.")
    client_mutation_id: strawberry.ID | None = strawberry.field(
        description="The clientMutationId of the mutation that caused it."
    )
    actor_id: strawberry.Private[UUID | None]

    actor: Person | None = one(
        people_reads.people_by_id,
        "actor_id",
        "Who caused it; null for an import or the server itself.",
        shared=True,
    )


@strawberry.type(description="An objective was created or changed, roll-ups included.")
class ObjectiveChanged(ChangeMeta):
    objective: Objective = strawberry.field(description="The objective after the change.")
    amendment_reason: str | None = strawberry.field(
        description="Why a person changed what others had seen; null where none was asked for."
    )


@strawberry.type(description="A key result was created or changed, check-ins included.")
class KeyResultChanged(ChangeMeta):
    key_result: KeyResult = strawberry.field(description="The key result after the change.")
    amendment_reason: str | None = strawberry.field(
        description="Why a person changed what others had seen; null where none was asked for."
    )


@strawberry.type(description="Somebody checked in on a key result.")
class CheckInPublished(ChangeMeta):
    key_result_id: strawberry.ID = strawberry.field(description="The key result.")
    check_in: CheckIn = strawberry.field(description="The check-in.")


@strawberry.type(description="A key result's latest rating changed.")
class ConfidenceChanged(ChangeMeta):
    key_result: KeyResult = strawberry.field(description="The key result after the change.")
    confidence_before: int | None = strawberry.field(description="1 to 5; null when it was not rated.")
    confidence_after: int = strawberry.field(description="1 to 5.")


@strawberry.type(description="An alignment link was proposed, accepted, declined or withdrawn.")
class AlignmentLinkChanged(ChangeMeta):
    alignment_link: AlignmentLink = strawberry.field(description="The link after the change.")


@strawberry.type(description="A comment was written, rewritten, settled or deleted.")
class CommentChanged(ChangeMeta):
    subject_id: strawberry.ID = strawberry.field(description="What it is about.")
    comment: Comment = strawberry.field(description="The comment after the change.")


@strawberry.type(description="A dependency between two teams took a step.")
class DependencyChanged(ChangeMeta):
    dependency: Dependency = strawberry.field(description="The dependency after the step.")
    state_before: DependencyState | None = strawberry.field(
        description="Its state before the step; null when it is new."
    )
    action: DependencyAction | None = strawberry.field(description="The step; null for an import.")


@strawberry.type(description="Somebody was named who stands between two teams, or no longer does.")
class LiaisonChanged(ChangeMeta):
    liaison: Liaison = strawberry.field(description="The liaison after the change.")


@strawberry.type(description="A cycle was created or changed.")
class CycleChanged(ChangeMeta):
    cycle: Cycle = strawberry.field(description="The cycle after the change.")


@strawberry.type(description="A team was created or changed, its members included.")
class TeamChanged(ChangeMeta):
    team: Team = strawberry.field(description="The team after the change.")


@strawberry.type(description="A person was added or changed.")
class PersonChanged(ChangeMeta):
    person: Person = strawberry.field(description="The person after the change.")


@strawberry.type(description="The entity is gone, or out of the viewer's sight: drop it.")
class EntityRemoved(ChangeMeta):
    entity_id: strawberry.ID = strawberry.field(description="What to drop.")


@strawberry.type(description="The viewer gained or lost access to a subtree.")
class AccessChanged(ChangeMeta):
    root_id: strawberry.ID = strawberry.field(description="The top of the subtree.")
    granted: bool = strawberry.field(description="True: query it first. False: drop it.")


@strawberry.type(
    description="Nothing for this viewer up to cursor. The first batch of every subscription carries one."
)
class Checkpoint:
    cursor: CursorText = strawberry.field(description="Where the log stands.")


@strawberry.type(
    description="The cursor cannot be continued from. Refetch what you hold, then go on from cursor; the stream "
    "stays open."
)
class Resync:
    cursor: CursorText = strawberry.field(description="Where to go on from.")
    reason: ResyncReason = strawberry.field(description="Why.")


Change = Annotated[
    ObjectiveChanged
    | KeyResultChanged
    | CheckInPublished
    | ConfidenceChanged
    | AlignmentLinkChanged
    | CommentChanged
    | DependencyChanged
    | LiaisonChanged
    | CycleChanged
    | TeamChanged
    | PersonChanged
    | EntityRemoved
    | AccessChanged
    | Checkpoint
    | Resync,
    strawberry.union("Change", description="One thing that happened. Ignore members that you do not know."),
]


@dataclass(frozen=True, slots=True)
class _Member:
    """How the log's entries of one kind are shown. fields: from the event to the member's own fields."""

    kind: ChangeKind
    event: type[Event]
    member: Callable[..., Any]
    fields: Callable[[Any], dict[str, Any]]


MEMBERS: dict[str, _Member] = {
    member.event.__name__: member
    for member in (
        _Member(
            ChangeKind.OBJECTIVE,
            okr_events.ObjectiveChanged,
            ObjectiveChanged,
            lambda event: {"objective": event.objective, "amendment_reason": event.reason},
        ),
        _Member(
            ChangeKind.KEY_RESULT,
            okr_events.KeyResultChanged,
            KeyResultChanged,
            lambda event: {"key_result": event.key_result, "amendment_reason": event.reason},
        ),
        _Member(
            ChangeKind.CHECK_IN,
            okr_events.CheckInPublished,
            CheckInPublished,
            lambda event: {
                "key_result_id": _id("KeyResult", event.check_in.key_result_id),
                "check_in": event.check_in,
            },
        ),
        _Member(
            ChangeKind.CONFIDENCE,
            okr_events.ConfidenceChanged,
            ConfidenceChanged,
            lambda event: {
                "key_result": event.key_result,
                "confidence_before": event.confidence_before,
                "confidence_after": event.confidence_after,
            },
        ),
        _Member(
            ChangeKind.ALIGNMENT_LINK,
            okr_events.AlignmentLinkChanged,
            AlignmentLinkChanged,
            lambda event: {"alignment_link": event.link},
        ),
        _Member(
            ChangeKind.COMMENT,
            CommentEvent,
            CommentChanged,
            lambda event: {
                "subject_id": _id(event.comment.subject_type, event.comment.subject_id),
                "comment": event.comment,
            },
        ),
        _Member(
            ChangeKind.DEPENDENCY,
            dependency_events.DependencyChanged,
            DependencyChanged,
            lambda event: {
                "dependency": event.dependency,
                # The log keeps words; the event as it is read back has no enumerations of its own.
                "state_before": event.state_before and DependencyState(event.state_before),
                "action": event.action and DependencyAction(event.action),
            },
        ),
        _Member(
            ChangeKind.LIAISON,
            dependency_events.LiaisonChanged,
            LiaisonChanged,
            lambda event: {"liaison": event.liaison},
        ),
        _Member(
            ChangeKind.CYCLE, okr_events.CycleChanged, CycleChanged, lambda event: {"cycle": event.cycle}
        ),
        _Member(ChangeKind.TEAM, people_events.TeamChanged, TeamChanged, lambda event: {"team": event.team}),
        _Member(
            ChangeKind.PERSON,
            people_events.PersonChanged,
            PersonChanged,
            lambda event: {"person": event.person},
        ),
    )
}
ACCESS_KIND = people_events.AccessChanged.__name__


def _id(type_name: str, key: UUID) -> strawberry.ID:
    return strawberry.ID(global_id(type_name, key))


def kind_of(entry: LoggedEntry) -> ChangeKind | None:
    """The kind of an entry for filters; None for one that no filter holds back."""
    if entry.kind == ACCESS_KIND:
        return ChangeKind.ACCESS
    member = MEMBERS.get(entry.kind)
    return member.kind if member is not None else None


def entity_of(entry: LoggedEntry) -> tuple[str, UUID]:
    """The type and key of what an entry is about; of lost or gained access, the top of the subtree."""
    is_access = entry.kind == ACCESS_KIND
    return entry.body["root_type"] if is_access else entry.entity_type, entry.entity_id


class Verdict(IntEnum):
    """What an entry is for one viewer."""

    NOTHING = 0
    CHANGE = 1
    REMOVED = 2
    GAINED = 3
    LOST = 4


def verdict_for(entry: LoggedEntry, scopes: frozenset[str]) -> Verdict:
    """Decide by the entry's scopes and the viewer's."""
    sees, saw = entry.is_visible_to(scopes), entry.was_visible_to(scopes)
    if entry.kind == ACCESS_KIND:
        return Verdict.NOTHING if sees == saw else Verdict.GAINED if sees else Verdict.LOST
    if entry.kind not in MEMBERS and entry.kind != BULK:
        return Verdict.NOTHING
    if sees or entry.kind == BULK:
        return Verdict.CHANGE
    return Verdict.REMOVED if saw else Verdict.NOTHING


def shown_as(entry: LoggedEntry, verdict: Verdict, cursor: CursorText) -> Any:
    """Make the change that was decided on; never asked for nothing, nor for a bulk change."""
    meta: dict[str, Any] = {
        "cursor": cursor,
        "at": entry.at,
        "actor_id": entry.actor_id,
        "client_mutation_id": entry.mutation_id,
    }
    if verdict in (Verdict.GAINED, Verdict.LOST):
        event = people_events.AccessChanged.from_body(entry.body)
        root_id = _id(event.root_type, event.root_id)
        return AccessChanged(root_id=root_id, granted=verdict is Verdict.GAINED, **meta)
    if verdict is Verdict.REMOVED:
        return EntityRemoved(entity_id=_id(entry.entity_type, entry.entity_id), **meta)
    member = MEMBERS[entry.kind]
    return member.member(**meta, **member.fields(member.event.from_body(entry.body)))
