"""Mutations of alignment links: ids decoded, the action called, the payload wrapped."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from okrgraph.events.receipts import Done
from okrgraph.graph.context import Info
from okrgraph.graph.errors import CURSOR, ERRORS, MUTATION_ID, UserError, key_for, mutate
from okrgraph.graph.links import AlignmentLink
from okrgraph.graph.scalars import CursorText
from okrgraph.kit.errors import not_found
from okrgraph.kit.ids import read_global_id
from okrgraph.okrs import link_reads
from okrgraph.okrs.links import NewLink, accept_link, decline_link, propose_link, withdraw_link
from okrgraph.okrs.vocabulary import LinkKind, LinkTestAnswer
from okrgraph.people.viewer import Viewer

IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The alignment link.")]


@strawberry.type(description="What became of a mutation of an alignment link.")
class AlignmentLinkPayload:
    alignment_link: AlignmentLink | None = strawberry.field(
        description="The link as it is now, where it may be seen."
    )
    user_errors: list[UserError] = strawberry.field(description=ERRORS)
    cursor: CursorText | None = strawberry.field(description=CURSOR)


@strawberry.input(description="A new link from an objective to what it supports.")
class AlignmentLinkProposeInput:
    child_id: strawberry.ID = strawberry.field(description="The objective that supports.")
    parent_id: strawberry.ID = strawberry.field(description="The key result or objective that it supports.")
    kind: LinkKind | None = strawberry.field(description="SUPPORTS unless given.", default=None)
    primary: bool | None = strawberry.field(
        description="True unless given, when the child has no primary link yet.", default=None
    )
    weight: float | None = strawberry.field(description="0 to 1,000,000; 1 unless given.", default=None)
    rationale: str | None = strawberry.field(description="Why; at most 20,000 characters.", default=None)
    answer: LinkTestAnswer | None = strawberry.field(
        description="The child's side's answer to the link test.", default=None
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


@strawberry.input(description="What is said with a decision on a link.")
class AlignmentLinkDecisionInput:
    answer: LinkTestAnswer | None = strawberry.field(
        description="The deciding side's answer to the link test.", default=None
    )
    note: str | None = strawberry.field(
        description="Why it is decided so; at most 20,000 characters.", default=None
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


class _LinkInput(Protocol):
    parent_id: strawberry.ID
    kind: LinkKind | None
    primary: bool | None
    weight: float | None
    rationale: str | None
    answer: LinkTestAnswer | None


def new_link(given: _LinkInput, prefix: str = "") -> NewLink:
    """Read a link's input; prefix: what the names of fields in refusals start with."""
    found = read_global_id(given.parent_id)
    if found is None or found[0] not in ("KeyResult", "Objective"):
        raise not_found("objective or key result", f"{prefix}parent_id")
    return NewLink(
        parent_id=found[1],
        is_key_result=found[0] == "KeyResult",
        kind=given.kind or LinkKind.SUPPORTS,
        primary=given.primary,
        weight=1.0 if given.weight is None else given.weight,
        rationale=given.rationale,
        answer=given.answer or LinkTestAnswer.UNANSWERED,
    )


Decision = Callable[[Viewer, UUID, LinkTestAnswer | None, str | None], Awaitable[Done]]
DecisionArgument = Annotated[
    AlignmentLinkDecisionInput | None, strawberry.argument(description="What is said with it.")
]


async def _decide(
    info: Info, id: strawberry.ID, input: AlignmentLinkDecisionInput | None, decide: Decision
) -> AlignmentLinkPayload:
    given = input or AlignmentLinkDecisionInput()

    async def run(viewer: Viewer) -> Done:
        key = key_for("AlignmentLink", id, "id", "alignment link")
        return await decide(viewer, key, given.answer, given.note)

    return await mutate(
        info, AlignmentLinkPayload, "alignment_link", link_reads.links_by_id, run, id=id, input=given
    )


@strawberry.type
class LinkMutations:
    @strawberry.mutation(description="Proposes that an objective supports another objective or a key result.")
    async def alignment_link_propose(
        self,
        info: Info,
        input: Annotated[AlignmentLinkProposeInput, strawberry.argument(description="The link.")],
    ) -> AlignmentLinkPayload | None:
        async def run(viewer: Viewer) -> Done:
            child = key_for("Objective", input.child_id, "child_id", "objective")
            return await propose_link(viewer, child, new_link(input))

        return await mutate(
            info, AlignmentLinkPayload, "alignment_link", link_reads.links_by_id, run, input=input
        )

    @strawberry.mutation(description="Agrees, for the parent's side, that the child supports it.")
    async def alignment_link_accept(
        self, info: Info, id: IdArgument, input: DecisionArgument = None
    ) -> AlignmentLinkPayload | None:
        return await _decide(info, id, input, accept_link)

    @strawberry.mutation(description="Declines a proposed link, for the parent's side.")
    async def alignment_link_decline(
        self, info: Info, id: IdArgument, input: DecisionArgument = None
    ) -> AlignmentLinkPayload | None:
        return await _decide(info, id, input, decline_link)

    @strawberry.mutation(description="Takes a proposed or accepted link back, for the child's side.")
    async def alignment_link_withdraw(
        self, info: Info, id: IdArgument, input: DecisionArgument = None
    ) -> AlignmentLinkPayload | None:
        return await _decide(info, id, input, withdraw_link)
