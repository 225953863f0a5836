"""The domain's closed word lists as GraphQL enums, with what each word means."""

from collections.abc import Mapping
from enum import Enum

import strawberry

from okrgraph.dependencies.vocabulary import (
    DependencyAction,
    DependencyCriticality,
    DependencyFlag,
    DependencyHealth,
    DependencyState,
)
from okrgraph.discussion.vocabulary import CommentKind
from okrgraph.kit.errors import ErrorCode
from okrgraph.okrs.vocabulary import (
    AlignmentBasis,
    CloseOutcome,
    CycleKind,
    CycleState,
    LinkKind,
    LinkState,
    LinkTestAnswer,
    MetricKind,
    ObjectiveLevel,
    ObjectiveState,
)
from okrgraph.people.vocabulary import PersonStatus, TeamKind


def _describe(enum: type[Enum], description: str, values: Mapping[str, str], name: str | None = None) -> None:
    definition = strawberry.enum(enum, name=name, description=description).__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]


_describe(
    TeamKind,
    "What a team is in the tree of teams.",
    {
        "COMPANY": "The root team: the whole organisation.",
        "DEPARTMENT": "A team that groups other teams.",
        "TEAM": "A team that does the work.",
    },
)
_describe(
    PersonStatus,
    "Whether a person takes part.",
    {
        "ACTIVE": "Signs in, sees and changes what the roles allow.",
        "SUSPENDED": "Kept for history; no longer signs in.",
        "INVITED": "Asked to join, has not yet.",
        "EXTERNAL": "Named as responsible, does not sign in.",
    },
)
_describe(
    CycleKind,
    "What kind of period a cycle is.",
    {
        "ANNUAL": "A year.",
        "QUARTER": "A quarter.",
        "CUSTOM": "A period of any length.",
        "BACKLOG": "No dates: a place for drafts.",
    },
)
_describe(
    CycleState,
    "Where a cycle stands, and so what may be done in it.",
    {
        "PLANNING": "Drafts are written.",
        "ALIGNING": "Links are proposed and decided, objectives published.",
        "ACTIVE": "Teams check in; changes to what is published need a reason.",
        "REVIEW": "Last check-ins; objectives are closed.",
        "CLOSED": "Over; comments only.",
        "ARCHIVED": "Over and put away; comments only.",
    },
)
_describe(
    ObjectiveLevel,
    "Whose objective it is.",
    {
        "COMPANY": "The whole organisation's.",
        "DEPARTMENT": "A department's.",
        "TEAM": "A team's.",
        "INDIVIDUAL": "One person's.",
    },
)
_describe(
    ObjectiveState,
    "The life of an objective.",
    {
        "DRAFT": "Being written; seen by its teams, owner and reviewer only.",
        "PUBLISHED": "Seen by the whole organisation.",
        "CLOSED": "Ended, with an outcome and what was learned.",
        "ARCHIVED": "Put away.",
    },
)
_describe(
    CloseOutcome,
    "How an objective ended.",
    {
        "ACHIEVED": "It was reached.",
        "PARTIALLY_ACHIEVED": "Part of it was reached.",
        "MISSED": "It was not reached.",
        "POSTPONED": "It is left for later.",
        "CANCELED": "It is no longer wanted.",
    },
)
_describe(
    AlignmentBasis,
    "What the alignment of an objective rests on.",
    {
        "TOP": "A company objective, which has nothing above it.",
        "LINKED": "An accepted link to what it supports.",
        "WHY_NOW_AGREED": "Leadership and team agree on why it matters now.",
        "OTHER_PURPOSE": "An acknowledged purpose of its own, such as paying off debt.",
        "UNALIGNED": "Nothing yet.",
    },
)
_describe(
    MetricKind,
    "How a key result is measured.",
    {
        "NUMBER": "A count that moves from start to target, up or down.",
        "PERCENT": "A percentage, 12 for 12 %.",
        "CURRENCY": "An amount of money, in `unit`.",
        "DURATION": "A length of time, in `unit`.",
        "RATE": "So many for each period.",
        "BINARY": "Done or not: 1 or 0.",
        "MILESTONE": "How many of the planned milestones are done.",
        "GUARDRAIL_MIN": "Must not fall below the target.",
        "GUARDRAIL_MAX": "Must not rise above the target.",
        "CORRIDOR": "Must stay between start and target.",
        "ORDINAL": "0 fail, 1 commit, 2 target, 3 stretch.",
        "BASELINE": "Unknown so far; reached once a value is recorded.",
    },
)
_describe(
    LinkKind,
    "What a link claims.",
    {
        "CONTRIBUTES": "The child's numbers move the parent's.",
        "SUPPORTS": "The child helps the parent without moving its numbers.",
        "RELATES": "A horizontal relation: in no tree, never primary.",
    },
)
_describe(
    LinkState,
    "Where a link stands between its two sides.",
    {
        "PROPOSED": "The child's side offers it.",
        "ACCEPTED": "The parent's side agrees.",
        "DECLINED": "The parent's side does not agree.",
        "WITHDRAWN": "The child's side took it back.",
    },
)
_describe(
    LinkTestAnswer,
    "An answer to: if we achieve the child, will it meaningfully contribute to the parent?",
    {
        "YES": "It will.",
        "MAYBE": "It may.",
        "NO": "It will not.",
        "UNANSWERED": "Nobody has said.",
    },
)
_describe(
    CommentKind,
    "What a comment is meant as.",
    {
        "COMMENT": "A remark.",
        "QUESTION": "Asks for an answer.",
        "CONCERN": "Names a worry that wants an answer.",
        "SUGGESTION": "Proposes a change.",
        "SUPPORT": "Agrees or offers help.",
        "DECISION": "Records what was decided.",
    },
)
_describe(
    DependencyState,
    "Where a dependency stands between the team that needs it and the team that provides it.",
    {
        "DRAFT": "Written down by the consuming team, which alone sees it.",
        "REQUESTED": "The provider has to answer.",
        "COUNTERED": "The provider offers another date or something else; the consumer has to answer.",
        "ACCEPTED": "The provider has agreed.",
        "IN_PROGRESS": "The provider works on it.",
        "DELIVERED": "The provider says that it is there; the consumer has to confirm.",
        "CONFIRMED": "The consumer has what it needed. The end.",
        "DECLINED": "The provider has refused; somebody has to own the risk.",
        "WITHDRAWN": "The provider has taken its promise back; somebody has to own the risk.",
        "ESCALATED": "Those above both teams have to decide.",
        "CANCELED": "Nobody needs it any more. The end.",
    },
)
_describe(
    DependencyHealth,
    "How a dependency goes, as its provider says in check-ins.",
    {
        "ON_TRACK": "It will come as promised.",
        "AT_RISK": "It may not come as promised.",
        "OFF_TRACK": "It will not come as promised.",
        "BLOCKED": "The provider cannot go on.",
    },
)
_describe(
    DependencyCriticality,
    "How much hangs on a dependency.",
    {
        "BLOCKING": "Without it the consumer cannot go on.",
        "IMPORTANT": "Without it the consumer reaches less.",
        "NICE_TO_HAVE": "The consumer gets by without it.",
    },
)
_describe(
    DependencyAction,
    "A step of a dependency.",
    {
        "DRAFT": "Written down.",
        "REQUEST": "Asked of the provider at once.",
        "SUBMIT": "A draft sent to the provider, or another request after an offer, a refusal or a withdrawal.",
        "EDIT": "A field changed.",
        "ACCEPT": "Agreed to: by the provider, or an offer by the consumer.",
        "COUNTER": "Another date or something else offered.",
        "DECLINE": "Refused by the provider.",
        "START": "Work begun.",
        "ASK": "Asked by the consumer whether it is still on track.",
        "CHECK_IN": "Reported on by the provider.",
        "DELIVER": "Delivered by the provider.",
        "CONFIRM": "Confirmed by the consumer.",
        "REOPEN": "Found lacking by the consumer after delivery.",
        "WITHDRAW": "Taken back by the provider.",
        "ESCALATE": "Handed to those above both teams.",
        "SETTLE": "Decided by those above both teams.",
        "CANCEL": "Ended, since nobody needs it any more.",
    },
)
_describe(
    DependencyFlag,
    "What of a dependency wants attention.",
    {
        "OVERDUE": "Its day has passed, and it is not delivered.",
        "UNANSWERED": "The provider has not answered for more than 5 working days.",
        "ASK_OPEN": "The consumer asked whether it is on track, and the provider has not said.",
        "SLIP": "It is promised for later than it is needed.",
        "UNOWNED_RISK": "It was declined or withdrawn, and nobody owns the risk.",
        "DEADLOCK": "It blocks, and stands in a circle of dependencies that no order of their dates delivers.",
    },
)
_describe(
    ErrorCode,
    "Why a mutation was refused.",
    {
        "INVALID": "A value is not acceptable.",
        "NOT_FOUND": "There is no such thing, or the viewer may not see it.",
        "FORBIDDEN": "The viewer sees it but may not do this.",
        "CONFLICT": "Somebody changed it since expectedVersion; the payload holds the current entity.",
        "STATE": "Not in the state it is in now.",
        "LIMIT": "A limit of the organisation is reached.",
        "DUPLICATE": "It exists already.",
    },
    name="UserErrorCode",
)
