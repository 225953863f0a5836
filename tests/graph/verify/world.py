"""An organisation in which every mutation finds something to change, and who looks at it."""

from dataclasses import dataclass, replace
from typing import Any

from okrgraph.dependencies.answers import accept_dependency
from okrgraph.dependencies.check_ins import NewDependencyCheckIn, check_in_on_dependency
from okrgraph.dependencies.requests import NewDependency, draft_dependency, request_dependency
from okrgraph.dependencies.vocabulary import DependencyHealth
from okrgraph.discussion.comments import NewComment, create_comment
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.kit.ids import global_id, new_key
from okrgraph.okrs.vocabulary import LinkKind
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole, TokenScope
from tests.graph.rich_world import key_of, plain
from tests.graph.stage import Stage, make_stage, written


@dataclass(frozen=True, slots=True)
class World:
    """ada leads Growth and works in the company, kim works in Growth, sam in Sales, rex and the admin in none."""

    stage: Stage
    viewers: dict[str, Viewer]

    async def told_to_all(self) -> str:
        """Write what everybody hears of; returns the cursor of that."""
        said = {"id": self.ids["pulse"], "input": {"body": new_key().hex}}
        return await self.mutate("commentUpdate", "ada", said)

    @property
    def ids(self) -> dict[str, str]:
        return self.stage.ids

    async def mutate(self, mutation: str, by: str, variables: dict[str, Any]) -> str:
        """Run a mutation that must succeed; returns the cursor of its change."""
        payload = await self.stage.mutate(mutation, self.viewers[by], **variables)
        assert payload.errors == [], (mutation, payload.errors)
        assert payload.cursor is not None
        return payload.cursor


async def make_world() -> World:
    """Beyond the stage: a draft with a discussion, links to and from it, another that Sales owns too."""
    stage = await make_stage()
    org, ids = stage.org, stage.ids
    viewers = {
        "ada": stage.ada,
        "sam": stage.sam,
        "kim": await org.person("Kim", {stage.growth: MemberRole.MEMBER}),
        "rex": await org.person("Rex"),
        "admin": await org.person("Root", admin=True, scope=TokenScope.ADMIN),
    }
    check_in = await org.check_in(stage.measure, 4, 20.0, viewer=stage.ada)
    to_draft = await org.link(stage.published, stage.draft, primary=False)
    from_draft = await org.link(stage.draft, stage.goal, rationale="Secret")
    shared_draft = await org.objective(stage.ada, team=stage.growth, co_owners=(stage.sales,), title="Shared")
    reviewer = viewers["rex"].person_id
    kept_draft = await org.objective(stage.ada, team=stage.growth, title="Kept", reviewer_id=reviewer)
    kept_result = await org.key_result(kept_draft, stage.ada, title="Kept as well")
    related = await org.link(stage.published, stage.top, primary=False, kind=LinkKind.RELATES)
    more = {
        "check_in": written("CheckIn", check_in),
        "to_draft": written("AlignmentLink", to_draft),
        "from_draft": written("AlignmentLink", from_draft),
        "related": written("AlignmentLink", related),
        "kept_draft": written("Objective", kept_draft),
        "shared_draft": written("Objective", shared_draft),
        "pulse": written("Comment", await org.comment(stage.ada, stage.top, "0")),
        "kim": global_id("Person", viewers["kim"].person_id),
        "rex": global_id("Person", viewers["rex"].person_id),
    }
    await _talk(stage, viewers["kim"])
    thread = await org.comment(stage.sam, stage.top, "A thread")
    await org.comment(stage.ada, stage.top, "Its end", parent_comment_id=thread.id)
    more["thread"] = written("Comment", thread)
    kept = {"key_result_id": kept_result.id, "provider_team_id": stage.sales.id}
    return World(replace(stage, ids=ids | more | await _dependencies(stage, **kept)), viewers)


async def _dependencies(stage: Stage, **kept: Any) -> dict[str, str]:
    """What serves a draft, is delivered by one, or is a draft itself and talked about. kept: of the kept draft."""
    growth, sales, company = stage.growth.id, stage.sales.id, stage.org.company.id
    wanted = {
        "draft": NewDependency("Of a draft", growth, sales, objective_id=stage.draft.id, needed_by_week=9),
        "kept": NewDependency("Of the kept", growth, needed_by_week=9, **kept),
        "by_draft": NewDependency(
            "By a draft",
            company,
            growth,
            objective_id=stage.top.id,
            provider_objective_id=stage.draft.id,
            needed_by_week=9,
        ),
    }
    made = {
        f"for_{name}": (await request_dependency(stage.ada, new)).entity_id for name, new in wanted.items()
    }
    unsent = NewDependency("Unsent", growth, sales, key_result_id=stage.measure.id, needed_by_week=9)
    made["unsent"] = (await draft_dependency(stage.ada, unsent)).entity_id
    for key in (made["for_draft"], made["unsent"]):
        await create_comment(plain(stage.ada), NewComment(SubjectType.DEPENDENCY, key, "Secret need"))
    await accept_dependency(stage.sam, made["for_draft"])
    said = NewDependencyCheckIn(DependencyHealth.ON_TRACK, 4)
    await check_in_on_dependency(stage.sam, made["for_draft"], said)
    return {name: global_id("Dependency", key) for name, key in made.items()}


async def _talk(stage: Stage, other: Viewer) -> None:
    """Discuss the draft, where only those who see it hear."""
    remark = await stage.org.comment(stage.ada, stage.draft, "Secret remark")
    await stage.org.comment(other, stage.draft, "Secret answer", parent_comment_id=remark.id)
    question = NewComment(SubjectType.KEY_RESULT, key_of(stage.ids["drafted"]), "Secret question")
    await create_comment(plain(stage.ada), question)
