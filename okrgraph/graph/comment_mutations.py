"""Mutations of comments: ids decoded, the action called, the payload wrapped."""

from typing import Annotated

import strawberry

from okrgraph.discussion import reads
from okrgraph.discussion.comments import (
    NewComment,
    create_comment,
    delete_comment,
    resolve_comment,
    update_comment,
)
from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.events.receipts import Done
from okrgraph.graph.comments import Comment
from okrgraph.graph.context import Info
from okrgraph.graph.errors import (
    CURSOR,
    ERRORS,
    EXPECTED_VERSION,
    MUTATION_ID,
    UserError,
    key_for,
    mutate,
    optional_key,
)
from okrgraph.graph.scalars import CursorText
from okrgraph.kit.errors import not_found
from okrgraph.kit.ids import read_global_id
from okrgraph.people.viewer import Viewer

IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The comment.")]


@strawberry.type(description="What became of a mutation of a comment.")
class CommentPayload:
    comment: Comment | None = strawberry.field(description="The comment as it is now, where it may be seen.")
    user_errors: list[UserError] = strawberry.field(description=ERRORS)
    cursor: CursorText | None = strawberry.field(description=CURSOR)


@strawberry.input(description="A new comment.")
class CommentCreateInput:
    subject_id: strawberry.ID = strawberry.field(
        description="An objective, key result, check-in or alignment link."
    )
    body: str = strawberry.field(description="Markdown; 1 to 10,000 characters.")
    kind: CommentKind | None = strawberry.field(description="COMMENT unless given.", default=None)
    parent_comment_id: strawberry.ID | None = strawberry.field(
        description="The top-level comment on the same subject that this answers.", default=None
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


@strawberry.input(description="A comment's new body.")
class CommentUpdateInput:
    body: str = strawberry.field(description="Markdown; 1 to 10,000 characters.")
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


@strawberry.input(description="What to know of a comment that is deleted or resolved.")
class CommentActionInput:
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


ActionArgument = Annotated[
    CommentActionInput | None, strawberry.argument(description="What the caller knows of it.")
]


def _new_comment(given: CommentCreateInput) -> NewComment:
    found = read_global_id(given.subject_id)
    if found is None or found[0] not in set(SubjectType):
        raise not_found("subject to comment on", "subject_id")
    return NewComment(
        subject_type=SubjectType(found[0]),
        subject_id=found[1],
        body=given.body,
        kind=given.kind or CommentKind.COMMENT,
        parent_comment_id=optional_key("Comment", given.parent_comment_id, "parent_comment_id", "comment"),
    )


@strawberry.type
class CommentMutations:
    @strawberry.mutation(
        description="Comments on anything that the viewer may see, other teams' work included."
    )
    async def comment_create(
        self,
        info: Info,
        input: Annotated[CommentCreateInput, strawberry.argument(description="The comment.")],
    ) -> CommentPayload | None:
        async def run(viewer: Viewer) -> Done:
            return await create_comment(viewer, _new_comment(input))

        return await mutate(info, CommentPayload, "comment", reads.comments_by_id, run, input=input)

    @strawberry.mutation(description="Rewrites one's own comment.")
    async def comment_update(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[CommentUpdateInput, strawberry.argument(description="The new body.")],
    ) -> CommentPayload | None:
        async def run(viewer: Viewer) -> Done:
            key = key_for("Comment", id, "id", "comment")
            return await update_comment(viewer, key, input.body, input.expected_version)

        return await mutate(info, CommentPayload, "comment", reads.comments_by_id, run, id=id, input=input)

    @strawberry.mutation(description="Leaves a tombstone in place of a comment.")
    async def comment_delete(
        self, info: Info, id: IdArgument, input: ActionArgument = None
    ) -> CommentPayload | None:
        given = input or CommentActionInput()

        async def run(viewer: Viewer) -> Done:
            return await delete_comment(
                viewer, key_for("Comment", id, "id", "comment"), given.expected_version
            )

        return await mutate(info, CommentPayload, "comment", reads.comments_by_id, run, id=id, input=given)

    @strawberry.mutation(description="Marks a comment as settled.")
    async def comment_resolve(
        self, info: Info, id: IdArgument, input: ActionArgument = None
    ) -> CommentPayload | None:
        given = input or CommentActionInput()

        async def run(viewer: Viewer) -> Done:
            return await resolve_comment(
                viewer, key_for("Comment", id, "id", "comment"), given.expected_version
            )

        return await mutate(info, CommentPayload, "comment", reads.comments_by_id, run, id=id, input=given)
