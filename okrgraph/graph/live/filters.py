"""Which changes a feed carries: the filter as clients write it, and decoded."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import strawberry
from graphql import GraphQLError

from okrgraph.events.entry import LoggedEntry
from okrgraph.graph.change_types import ChangeKind, entity_of, kind_of
from okrgraph.graph.comments import SUBJECT_READS
from okrgraph.graph.context import Context
from okrgraph.graph.scalars import CursorText
from okrgraph.kit.ids import read_global_id
from okrgraph.people import reads as people_reads

ENTITY_IDS = 250


@strawberry.input(description="Which changes a feed carries; what is absent does not narrow it.")
class ChangeFilter:
    kinds: list[ChangeKind] | None = strawberry.field(description="Only these kinds.", default=None)
    under_root_id: strawberry.ID | None = strawberry.field(
        description="Only what lies at or below this objective or key result in the alignment tree.",
        default=None,
    )
    team_id: strawberry.ID | None = strawberry.field(
        description="Only what this team owns or co-owns, and the team itself.", default=None
    )
    entity_ids: list[strawberry.ID] | None = strawberry.field(
        description="Only changes of these entities; at most 250.", default=None
    )
    exclude_own: bool | None = strawberry.field(
        description="Leave out what the viewer's own mutations caused.", default=None
    )


FilterArgument = Annotated[ChangeFilter | None, strawberry.argument(description="Which changes are wanted.")]
AfterArgument = Annotated[
    CursorText | None,
    strawberry.argument(description="Go on after this cursor; null starts now."),
]


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter with its ids decoded, entities as (type, key). below: the entry's path holds this.

    None narrows nothing. Two subscribers with equal selections want the same changes, but for what is theirs:
    `exclude_own` is theirs.
    """

    kinds: frozenset[ChangeKind] | None = None
    below: UUID | None = None
    team: UUID | None = None
    entities: frozenset[tuple[str, UUID]] | None = None

    def takes(self, entry: LoggedEntry) -> bool:
        if self.kinds is not None and kind_of(entry) not in self.kinds:
            return False
        if self.below is not None and self.below not in entry.path:
            return False
        if self.team is not None and self.team not in entry.teams and self.team != entry.entity_id:
            return False
        return self.entities is None or entity_of(entry) in self.entities


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one subscriber wants: a selection, and whether to leave out what it caused itself."""

    selection: Selection
    exclude_own: bool = False


def bad_input(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def nothing_there() -> GraphQLError:
    """What subscribing to a wrong, foreign, hidden or malformed id gives."""
    return GraphQLError("There is nothing with this id.", extensions={"code": "NOT_FOUND"})


async def subject_key(context: Context, text: str) -> UUID | None:
    """The key of an objective, key result, check-in or link that the viewer may see."""
    found = read_global_id(text)
    batch = next((read for kind, read in SUBJECT_READS.items() if found and kind == found[0]), None)
    if found is None or batch is None:
        return None
    return found[1] if await context.load(batch, found[1]) is not None else None


async def _node_key(context: Context, text: str) -> UUID | None:
    """The key of an objective or key result that the viewer may see."""
    found = read_global_id(text)
    if found is None or found[0] not in ("Objective", "KeyResult"):
        return None
    return await subject_key(context, text)


async def _team_key(context: Context, text: str) -> UUID | None:
    found = read_global_id(text)
    if found is None or found[0] != "Team":
        return None
    return found[1] if await context.load(people_reads.teams_by_id, found[1]) is not None else None


async def wanted_by(context: Context, given: ChangeFilter | None) -> Wanted | None:
    """Decode a filter; None when an id in it names nothing that the viewer may see."""
    if given is None:
        return Wanted(Selection())
    below = team = entities = None
    if given.under_root_id is not None:
        below = await _node_key(context, given.under_root_id)
        if below is None:
            return None
    if given.team_id is not None:
        team = await _team_key(context, given.team_id)
        if team is None:
            return None
    if given.entity_ids is not None:
        if len(given.entity_ids) > ENTITY_IDS:
            raise bad_input(f"Name at most {ENTITY_IDS} entityIds.")
        found = (read_global_id(text) for text in given.entity_ids)
        entities = frozenset(entity for entity in found if entity is not None)
    kinds = frozenset(given.kinds) if given.kinds is not None else None
    return Wanted(Selection(kinds, below, team, entities), exclude_own=bool(given.exclude_own))


async def wanted_below(context: Context, root_id: str | None, kind: ChangeKind) -> Wanted | None:
    """Changes of one kind at or below a node, or in the whole organisation."""
    below = None
    if root_id is not None:
        below = await _node_key(context, root_id)
        if below is None:
            return None
    return Wanted(Selection(kinds=frozenset({kind}), below=below))


async def comments_wanted(context: Context, subject_id: str) -> Wanted | None:
    """Comments on a subject, or on anything below it."""
    below = await subject_key(context, subject_id)
    return None if below is None else Wanted(Selection(frozenset({ChangeKind.COMMENT}), below=below))
