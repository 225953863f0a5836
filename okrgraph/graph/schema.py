"""The schema: the root fields, and everything put together with the limits that hold for every operation."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Annotated, Any, cast

import strawberry
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.printer import print_schema
from strawberry.types.graphql import OperationType

from okrgraph.dependencies import liaison_reads
from okrgraph.dependencies import reads as dependency_reads
from okrgraph.discussion import reads as discussion_reads
from okrgraph.graph import limits
from okrgraph.graph.alignment_views import AlignmentTreeRow, LineOfSightStep, sight, tree
from okrgraph.graph.change_types import ChangeKind
from okrgraph.graph.comment_mutations import CommentMutations
from okrgraph.graph.connections import After, Connection, ConnectionRelation, First, page_request
from okrgraph.graph.context import Batch, Context, Info
from okrgraph.graph.cycles import Cycle
from okrgraph.graph.dependency_mutations import DependencyMutations
from okrgraph.graph.dependency_queries import DependencyQueries, dependencies_wanted
from okrgraph.graph.engine.engine import Engine
from okrgraph.graph.key_result_mutations import KeyResultMutations
from okrgraph.graph.key_results import KeyResult
from okrgraph.graph.liaisons import LiaisonMutations
from okrgraph.graph.link_mutations import LinkMutations
from okrgraph.graph.live.batches import ChangeBatch, ChangePage
from okrgraph.graph.live.feed import feed
from okrgraph.graph.live.filters import (
    AfterArgument,
    FilterArgument,
    comments_wanted,
    wanted_below,
    wanted_by,
)
from okrgraph.graph.live.polling import changes_since
from okrgraph.graph.masking import MaskedSchema
from okrgraph.graph.node import Node
from okrgraph.graph.objective_mutations import ObjectiveMutations
from okrgraph.graph.objectives import Objective
from okrgraph.graph.organization import Organization, Viewer
from okrgraph.graph.people import Person, Team
from okrgraph.graph.scalars import CursorText, config, key_of
from okrgraph.kit.ids import read_global_id
from okrgraph.kit.text import is_storable
from okrgraph.okrs import link_reads
from okrgraph.okrs import reads as okr_reads
from okrgraph.okrs.reads import ObjectiveSelection
from okrgraph.okrs.vocabulary import ObjectiveLevel, ObjectiveState
from okrgraph.people import reads as people_reads

NODE_READS: dict[str, Batch[Any]] = {
    "Organization": people_reads.organizations_by_id,
    "Team": people_reads.teams_by_id,
    "Person": people_reads.people_by_id,
    "Cycle": okr_reads.cycles_by_id,
    "Objective": okr_reads.objectives_by_id,
    "KeyResult": okr_reads.key_results_by_id,
    "CheckIn": okr_reads.check_ins_by_id,
    "AlignmentLink": link_reads.links_by_id,
    "Comment": discussion_reads.comments_by_id,
    "Dependency": dependency_reads.dependencies_by_id,
    "DependencyCheckIn": dependency_reads.check_ins_by_id,
    "Liaison": liaison_reads.liaisons_by_id,
}
MOST_NODES = 100
LONGEST_SEARCH = 200


def _id(description: str) -> Any:
    return strawberry.argument(description=description)


async def _by_id(info: Info, type_name: str, text: str) -> Any:
    key = key_of(type_name, text)
    return None if key is None else await info.context.load(NODE_READS[type_name], key)


async def _node(info: Info, text: str) -> Any:
    found = read_global_id(text)
    return None if found is None else await info.context.load(NODE_READS[found[0]], found[1])


@strawberry.input(description="Which objectives a list holds; what is absent does not narrow it.")
class ObjectiveFilter:
    cycle_id: strawberry.ID | None = strawberry.field(description="Of this cycle.", default=None)
    team_id: strawberry.ID | None = strawberry.field(
        description="Owned or co-owned by this team.", default=None
    )
    owner_id: strawberry.ID | None = strawberry.field(description="This person is accountable.", default=None)
    levels: list[ObjectiveLevel] | None = strawberry.field(description="Of these levels.", default=None)
    states: list[ObjectiveState] | None = strawberry.field(description="In these states.", default=None)
    text: str | None = strawberry.field(description="Title or description holds this text.", default=None)


def _selection(filter: ObjectiveFilter | None = None) -> dict[str, ObjectiveSelection] | None:
    """The batch argument of a filter; None when an id in it is none of its type."""
    given = filter or ObjectiveFilter()
    keys = {
        name: (text, key_of(type_name, text) if text is not None else None)
        for name, type_name, text in (
            ("cycle_id", "Cycle", given.cycle_id),
            ("team_id", "Team", given.team_id),
            ("owner_id", "Person", given.owner_id),
        )
    }
    text = (given.text or "").strip()
    if any(text is not None and key is None for text, key in keys.values()):
        return None
    if len(text) > LONGEST_SEARCH or not is_storable(text):
        return None
    selection = ObjectiveSelection(
        **{name: key for name, (_, key) in keys.items()},
        levels=tuple(given.levels) if given.levels is not None else None,
        states=tuple(given.states) if given.states is not None else None,
        text=text,
    )
    return {"selection": selection}


_OBJECTIVES = ConnectionRelation(
    okr_reads.objectives_of_organization,
    okr_reads.objective_counts,
    okr_reads.OBJECTIVE_ORDER,
    "organization_id",
    _selection,
)


@strawberry.type(
    description="Reading. A wrong, foreign, hidden or malformed id gives null, in lists nothing."
)
class Query(DependencyQueries):
    @strawberry.field(description="The authenticated person (or service account) and what it may do.")
    def viewer(self, info: Info) -> Viewer:
        return cast(Viewer, info.context.viewer)  # the source of GraphQL's Viewer is the domain's

    @strawberry.field(description="Anything by its id.")
    async def node(self, info: Info, id: Annotated[strawberry.ID, _id("Its id.")]) -> Node | None:
        found: Node | None = await _node(info, id)
        return found

    @strawberry.field(
        description="Several things by their ids, in the order asked for; null where there is none."
    )
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], _id("Their ids; at most 100.")]
    ) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise GraphQLError(f"Ask for at most {MOST_NODES} ids.", extensions={"code": "BAD_USER_INPUT"})
        return list(await asyncio.gather(*(_node(info, id) for id in ids)))

    @strawberry.field(description="The organisation that the viewer's credential belongs to.")
    async def organization(self, info: Info) -> Organization:
        key = info.context.viewer.organization_id
        found: Any = await info.context.load(people_reads.organizations_by_id, key)
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="A cycle by its id.")
    async def cycle(self, info: Info, id: Annotated[strawberry.ID, _id("Its id.")]) -> Cycle | None:
        found: Cycle | None = await _by_id(info, "Cycle", id)
        return found

    @strawberry.field(description="A team by its id.")
    async def team(self, info: Info, id: Annotated[strawberry.ID, _id("Its id.")]) -> Team | None:
        found: Team | None = await _by_id(info, "Team", id)
        return found

    @strawberry.field(description="A person by their id.")
    async def person(self, info: Info, id: Annotated[strawberry.ID, _id("Their id.")]) -> Person | None:
        found: Person | None = await _by_id(info, "Person", id)
        return found

    @strawberry.field(description="An objective by its id.")
    async def objective(self, info: Info, id: Annotated[strawberry.ID, _id("Its id.")]) -> Objective | None:
        found: Objective | None = await _by_id(info, "Objective", id)
        return found

    @strawberry.field(description="A key result by its id.")
    async def key_result(self, info: Info, id: Annotated[strawberry.ID, _id("Its id.")]) -> KeyResult | None:
        found: KeyResult | None = await _by_id(info, "KeyResult", id)
        return found

    @strawberry.field(description="Objectives that the viewer may see, by position, then oldest first.")
    async def objectives(
        self,
        info: Info,
        filter: Annotated[ObjectiveFilter | None, _id("Which ones.")] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Objective]:
        request = page_request(okr_reads.OBJECTIVE_ORDER, first, after)
        organization = info.context.viewer.organization_id
        pages = await _OBJECTIVES.pages(info.context, [organization], request, {"filter": filter})
        return pages[0]  # type: ignore[return-value]

    @strawberry.field(
        description="The whole alignment tree of a cycle, of any depth, as rows in depth-first order; a client nests "
        "them by parentId. Roots: company objectives, then objectives without an accepted primary link or whose "
        "parent is hidden or in another cycle. Every objective of the cycle that the viewer may see occurs exactly "
        "once."
    )
    async def alignment_tree(
        self,
        info: Info,
        cycle_id: Annotated[strawberry.ID, _id("The cycle.")],
        root_id: Annotated[strawberry.ID | None, _id("Only from this objective or key result down.")] = None,
        max_depth: Annotated[int | None, _id("How deep below the roots; 0 is the roots alone.")] = None,
    ) -> list[AlignmentTreeRow]:
        if max_depth is not None and max_depth < 0:
            raise GraphQLError("maxDepth must be 0 or more.", extensions={"code": "BAD_USER_INPUT"})
        return await tree(info, cycle_id, root_id, max_depth)  # type: ignore[return-value]

    @strawberry.field(
        description="From any objective or key result up to the company objective, one step a row; as far as the "
        "viewer sees. Of a dependency: from what it serves."
    )
    async def line_of_sight(
        self, info: Info, id: Annotated[strawberry.ID, _id("Where to start.")]
    ) -> list[LineOfSightStep]:
        return await sight(info, id)  # type: ignore[return-value]

    @strawberry.field(
        description="The change feed by polling: the same events, order and guarantee as Subscription.changes."
    )
    async def changes_since(
        self,
        info: Info,
        after: Annotated[CursorText, _id("The cursor held.")],
        first: Annotated[
            int | None,
            _id("How many changes, 1 to 500, 100 unless given; a page ends with a whole transaction."),
        ] = None,
        filter: FilterArgument = None,
    ) -> ChangePage:
        return await changes_since(info, after, first, filter)


@strawberry.type(
    description="Changing. Root fields are nullable: a crash in the second mutation of a request does not erase the "
    "first, which has been committed."
)
class Mutation(
    ObjectiveMutations,
    KeyResultMutations,
    LinkMutations,
    CommentMutations,
    DependencyMutations,
    LiaisonMutations,
):
    pass


@strawberry.type(
    description="Live changes. An id that names nothing the viewer may see gives one error NOT_FOUND."
)
class Subscription:
    @strawberry.subscription(
        description="Everything the viewer may see, in commit order. after: null starts now; the first batch always "
        "arrives at once."
    )
    async def changes(
        self, info: Info, after: AfterArgument = None, filter: FilterArgument = None
    ) -> AsyncGenerator[ChangeBatch, None]:
        async for batch in feed(info, await wanted_by(info.context, filter), after):
            yield batch

    @strawberry.subscription(
        description="Comments on one subject, or on anything below it in the alignment tree."
    )
    async def comment_changes(
        self,
        info: Info,
        subject_id: Annotated[
            strawberry.ID, _id("An objective, key result, check-in, alignment link or dependency.")
        ],
        after: AfterArgument = None,
    ) -> AsyncGenerator[ChangeBatch, None]:
        async for batch in feed(info, await comments_wanted(info.context, subject_id), after):
            yield batch

    @strawberry.subscription(
        description="Confidence changes of one node and everything below it in the alignment tree; the whole "
        "organisation without rootId."
    )
    async def confidence_changes(
        self,
        info: Info,
        root_id: Annotated[strawberry.ID | None, _id("An objective or key result.")] = None,
        after: AfterArgument = None,
    ) -> AsyncGenerator[ChangeBatch, None]:
        wanted = await wanted_below(info.context, root_id, ChangeKind.CONFIDENCE)
        async for batch in feed(info, wanted, after):
            yield batch

    @strawberry.subscription(
        description="Dependencies that the team consumes or provides; the whole organisation without teamId."
    )
    async def dependency_changes(
        self,
        info: Info,
        team_id: Annotated[strawberry.ID | None, _id("The team.")] = None,
        after: AfterArgument = None,
    ) -> AsyncGenerator[ChangeBatch, None]:
        async for batch in feed(info, await dependencies_wanted(info.context, team_id), after):
            yield batch


class HeadFirst(SchemaExtension):
    """Reads the log's head before any data of an operation that asks for a cursor."""

    async def on_execute(self) -> AsyncIterator[None]:
        executing = self.execution_context
        is_query = executing.operation_type is OperationType.QUERY
        if is_query and isinstance(executing.context, Context) and "cursor" in (executing.query or ""):
            await executing.context.read_head()
        yield


class ServedSchema(MaskedSchema):
    """A schema whose queries are taken by the engine where it can, and by graphql-core where it declines."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scalars = self.schema_converter.scalar_registry
        self.engine = Engine(self._schema, self.config, scalars)

    def _get_execute_function(self) -> Callable[..., Any]:
        return self.engine.in_front_of(super()._get_execute_function())


def make_schema(*, engine: bool = True) -> ServedSchema:
    """Build the schema that the server serves. engine: whether graphql-core is spared the queries."""
    extensions: Sequence[Any] = [*limits.extensions(), HeadFirst]
    schema = ServedSchema(Query, Mutation, Subscription, config=config(), extensions=extensions)
    schema.engine.is_on = engine
    return schema


def sdl() -> str:
    """The schema in the schema definition language, as schema.graphql holds it."""
    return print_schema(make_schema()) + "\n"
