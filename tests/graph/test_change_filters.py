"""Which changes a feed carries: by filter, by place in the tree, and by who may see them at that moment."""

from typing import Any

from okrgraph.kit.ids import global_id
from okrgraph.okrs.vocabulary import CycleState
from okrgraph.people.vocabulary import MemberRole
from tests.graph.feeds import kinds_of, live
from tests.graph.probing import SCHEMA, values_of
from tests.graph.stage import Stage, written
from tests.graph.test_mutations import SUCCESSES

MEMBERS = """__typename ... on EntityRemoved { entityId } ... on AccessChanged { rootId granted }
    ... on CommentChanged { subjectId comment { body } } ... on ObjectiveChanged { objective { id title } }
    ... on KeyResultChanged { keyResult { id } } ... on AlignmentLinkChanged { alignmentLink { id } }
    ... on ConfidenceChanged { keyResult { id } confidenceAfter }"""
CHANGES = (
    f"""subscription($filter: ChangeFilter) {{ changes(filter: $filter) {{ changes {{ {MEMBERS} }} }} }}"""
)
COMMENTS = f"subscription($id: ID!) {{ commentChanges(subjectId: $id) {{ changes {{ {MEMBERS} }} }} }}"
CONFIDENCE = f"subscription($id: ID) {{ confidenceChanges(rootId: $id) {{ changes {{ {MEMBERS} }} }} }}"
SINCE = f"""query($after: Cursor!, $filter: ChangeFilter) {{
    changesSince(after: $after, first: 500, filter: $filter) {{ changes {{ {MEMBERS} }} }} }}"""
EVERY_KIND = {
    "OBJECTIVE": {"ObjectiveChanged"},
    "KEY_RESULT": {"KeyResultChanged"},
    "CHECK_IN": {"CheckInPublished"},
    "CONFIDENCE": {"ConfidenceChanged"},
    "ALIGNMENT_LINK": {"AlignmentLinkChanged"},
    "COMMENT": {"CommentChanged"},
    "DEPENDENCY": {"DependencyChanged"},
    "LIAISON": {"LiaisonChanged"},
    "CYCLE": {"CycleChanged"},
    "TEAM": {"TeamChanged"},
    "PERSON": {"PersonChanged"},
    "ACCESS": {"AccessChanged"},
}


async def say(stage: Stage, subject: str, body: str = "") -> None:
    payload = await stage.mutate(
        "commentCreate", stage.sam, input={"subjectId": subject, "body": body or subject}
    )
    assert payload.errors == []


async def rate(stage: Stage, key_result: str, confidence: int) -> None:
    given = {"keyResultId": key_result, "confidence": confidence}
    payload = await stage.mutate("checkInCreate", input=given)
    assert payload.errors == []


async def since(stage: Stage, after: str, viewer: Any = None, **filters: Any) -> list[dict[str, Any]]:
    data = await stage.graph.run(viewer or stage.sam, SINCE, after=after, filter=filters or None)
    found: list[dict[str, Any]] = data["changesSince"]["changes"]
    return found


async def test_every_kind_is_filtered_by_its_name(stage) -> None:
    assert EVERY_KIND.keys() == SCHEMA.type_map["ChangeKind"].values.keys()  # type: ignore[attr-defined]
    after = await stage.head()
    await stage.mutate("objectivePublish", id=stage.ids["draft"])
    await rate(stage, stage.ids["measure"], 3)
    await stage.mutate("alignmentLinkDecline", id=stage.ids["aside"])
    await say(stage, stage.ids["top"])
    need = {"need": "X", "objectiveId": stage.ids["top"], "neededByWeek": 2}
    teams = {"consumerTeamId": stage.ids["growth"], "providerTeamId": stage.ids["sales"]}
    await stage.mutate("dependencyRequest", input={**need, **teams})
    liaison = {"personId": stage.ids["sam"], "teamAId": stage.ids["growth"], "teamBId": stage.ids["sales"]}
    await stage.mutate("liaisonAppoint", input=liaison)
    await stage.org.team("New")
    await stage.org.person("New")
    await stage.org.cycle(CycleState.PLANNING)
    every = await since(stage, after)
    for kind, members in EVERY_KIND.items():
        expected = [change for change in every if change["__typename"] in members]
        assert expected != []
        assert await since(stage, after, kinds=[kind]) == expected, kind
    assert await since(stage, after, kinds=[]) == []
    two = [change for change in every if change["__typename"] in ("CommentChanged", "PersonChanged")]
    assert await since(stage, after, kinds=["PERSON", "COMMENT"]) == two


async def test_a_filter_by_root_takes_what_lies_at_or_below_it_in_the_tree(stage) -> None:
    """The tree is top, goal, published, measure; a proposed link, as selling's to measure, is no part of it."""
    ids = stage.ids
    after = await stage.head()
    subjects = ("top", "goal", "published", "measure", "accepted", "selling")
    for name in subjects:
        await say(stage, ids[name], name)
    below = {
        "top": subjects[:5],
        "goal": subjects[1:5],
        "published": ("published", "measure", "accepted"),
        "measure": ("measure",),
        "selling": ("selling",),
    }
    for root, expected in below.items():
        found = await since(stage, after, underRootId=ids[root])
        assert [change["comment"]["body"] for change in found] == list(expected), root


async def test_a_link_that_is_accepted_brings_its_child_under_the_parent(stage) -> None:
    ids = stage.ids
    after = await stage.head()
    await say(stage, ids["selling"], "before")
    await stage.mutate("alignmentLinkAccept", id=ids["proposed"])
    await say(stage, ids["selling"], "after")
    found = await since(stage, after, underRootId=ids["top"], kinds=["COMMENT"])
    assert [change["comment"]["body"] for change in found] == ["after"]
    linked = await since(stage, after, underRootId=ids["top"], kinds=["ALIGNMENT_LINK"])
    assert linked == [{"__typename": "AlignmentLinkChanged", "alignmentLink": {"id": ids["proposed"]}}]


async def test_a_filter_by_team_takes_what_it_owns_or_co_owns_and_itself(stage) -> None:
    ids, org = stage.ids, stage.org
    shared = written(
        "Objective", await org.objective(team=stage.growth, published=True, co_owners=(stage.sales,))
    )
    after = await stage.head()
    for subject in (ids["top"], ids["published"], ids["selling"], shared):
        await say(stage, subject)
    await org.person("New", {stage.sales: MemberRole.MEMBER})
    found = await since(stage, after, teamId=ids["sales"])
    assert [change.get("subjectId", change["__typename"]) for change in found] == [
        ids["selling"],
        shared,
        "PersonChanged",
    ]
    assert [change["subjectId"] for change in await since(stage, after, teamId=ids["growth"])] == [
        ids["published"],
        shared,
    ]


async def test_a_filter_by_entities_takes_their_own_changes_only(stage) -> None:
    ids = stage.ids
    after = await stage.head()
    await rate(stage, ids["measure"], 3)
    await say(stage, ids["measure"])
    await stage.mutate("objectiveUpdate", id=ids["published"], input={"whyNow": "Now"})
    measured = await since(stage, after, entityIds=[ids["measure"]])
    assert kinds_of(measured) == ["KeyResultChanged", "ConfidenceChanged"]
    both = await since(stage, after, entityIds=[ids["measure"], "x", ids["published"]])
    assert kinds_of(both) == ["KeyResultChanged", "ConfidenceChanged", "ObjectiveChanged", "ObjectiveChanged"]
    assert await since(stage, after, entityIds=[]) == []
    forged = f"obj_{ids['measure'].partition('_')[2]}"
    assert await since(stage, after, entityIds=[forged]) == []


async def test_more_entities_than_250_are_refused(stage) -> None:
    document = """query($after: Cursor!, $a: ID!) {
        changesSince(after: $after, filter: { entityIds: [IDS] }) { cursor } }"""
    after = await stage.head()
    for count, code in ((250, None), (251, "LIMIT_EXCEEDED")):
        text = document.replace("IDS", " ".join(["$a"] * count))
        result = await stage.graph.result(stage.sam, text, after=after, a="x")
        assert [error.extensions["code"] for error in result.errors or []] == ([code] if code else [])


async def test_ones_own_changes_are_left_out_when_asked(stage) -> None:
    after = await stage.head()
    await say(stage, stage.ids["top"], "by Sam")
    await rate(stage, stage.ids["measure"], 3)
    await stage.org.team("by nobody")
    kinds = kinds_of(await since(stage, after, excludeOwn=True))
    assert kinds == [
        "CheckInPublished",
        "KeyResultChanged",
        "ConfidenceChanged",
        "ObjectiveChanged",
        "TeamChanged",
    ]
    assert kinds_of(await since(stage, after, viewer=stage.ada, excludeOwn=True)) == [
        "CommentChanged",
        "TeamChanged",
    ]
    assert len(await since(stage, after, excludeOwn=False)) == 6


async def test_a_comment_feed_carries_comments_on_its_subject_and_below(stage) -> None:
    ids = stage.ids
    async with (
        live(stage.graph, stage.ada, COMMENTS, id=ids["goal"]) as on_goal,
        live(stage.graph, stage.ada, COMMENTS, id=ids["accepted"]) as on_link,
        live(stage.graph, stage.ada, COMMENTS, id=ids["measure"]) as on_measure,
    ):
        for subject in ("top", "goal", "published", "measure", "accepted", "selling"):
            await say(stage, ids[subject], subject)
        await rate(stage, ids["measure"], 3)
        for subject in ("goal", "accepted", "measure"):
            await say(stage, ids[subject], f"last on {subject}")
        heard = [change["comment"]["body"] for change in await on_goal.changes("last on measure")]
        assert heard == [
            *("goal", "published", "measure", "accepted"),
            *("last on goal", "last on accepted", "last on measure"),
        ]
        heard = [change["comment"]["body"] for change in await on_link.changes("last on accepted")]
        assert heard == ["accepted", "last on accepted"]
        heard = [change["comment"]["body"] for change in await on_measure.changes("last on measure")]
        assert heard == ["measure", "last on measure"]


async def test_a_confidence_feed_carries_changed_ratings_below_its_root(stage) -> None:
    ids = stage.ids
    async with (
        live(stage.graph, stage.sam, CONFIDENCE) as everywhere,
        live(stage.graph, stage.sam, CONFIDENCE, id=ids["published"]) as below,
    ):
        for key_result, confidence in (
            ("goal", 4),
            ("measure", 4),
            ("measure", 4),
            ("goal", 1),
            ("measure", 5),
        ):
            await rate(stage, ids[key_result], confidence)
        found = [
            (each["keyResult"]["id"], each["confidenceAfter"]) for each in await everywhere.changes("5}")
        ]
        assert found == [(ids["goal"], 4), (ids["measure"], 4), (ids["goal"], 1), (ids["measure"], 5)]
        assert [each["confidenceAfter"] for each in await below.changes("5}")] == [4, 5]


async def test_a_drafts_new_owner_gains_it_and_the_one_before_loses_it(stage) -> None:
    """Neither belongs to the team, so being the owner is all that lets them see it."""
    ids = stage.ids
    first, second = await stage.person("First"), await stage.person("Second")
    gained = {"__typename": "AccessChanged", "rootId": ids["draft"], "granted": True}
    lost = {"__typename": "AccessChanged", "rootId": ids["draft"], "granted": False}
    shown = {"__typename": "ObjectiveChanged", "objective": {"id": ids["draft"], "title": "Draft"}}
    removed = {"__typename": "EntityRemoved", "entityId": ids["draft"]}
    async with (
        live(stage.graph, first, CHANGES) as one,
        live(stage.graph, second, CHANGES) as two,
        live(stage.graph, stage.ada, CHANGES) as team,
        live(stage.graph, stage.sam, CHANGES) as nobody,
    ):
        for owner in (first, second):
            given = {"ownerId": stage.person_id(owner)}
            assert (await stage.mutate("objectiveUpdate", id=ids["draft"], input=given)).errors == []
            if owner is first:
                assert await one.changes() == [shown, gained]
        assert await one.changes() == [removed, lost]
        assert await two.changes() == [shown, gained]
        await say(stage, ids["top"], "end")
        assert kinds_of(await team.changes("end")) == ["ObjectiveChanged"] * 2 + ["CommentChanged"]
        assert kinds_of(await nobody.changes("end")) == ["CommentChanged"]
        await stage.mutate("keyResultUpdate", id=ids["drafted"], input={"weight": 2})
        await say(stage, ids["top"], "over")
        assert kinds_of(await one.changes("over")) == ["CommentChanged", "CommentChanged"]
        assert kinds_of(await two.changes("over")) == ["CommentChanged", "KeyResultChanged", "CommentChanged"]


async def test_what_was_heard_of_before_access_was_lost_is_not_replayed(stage) -> None:
    guest = await stage.person("Guest")
    reviewer = {"reviewerId": stage.person_id(guest)}
    await stage.mutate("objectiveUpdate", id=stage.ids["draft"], input=reviewer)
    after = await stage.head()
    await stage.mutate("keyResultUpdate", id=stage.ids["drafted"], input={"weight": 2})
    await stage.mutate("objectiveUpdate", id=stage.ids["draft"], input={"reviewerId": None})
    found = await since(stage, after, viewer=guest)
    assert kinds_of(found)[-2:] == ["EntityRemoved", "AccessChanged"]


async def test_publishing_shows_the_draft_and_what_hangs_on_it_to_everybody_else(stage) -> None:
    ids = stage.ids
    link = written("AlignmentLink", await stage.org.link(stage.draft, stage.goal))
    await stage.org.comment(stage.ada, stage.draft, "Among us")
    expected = [
        {"__typename": "ObjectiveChanged", "objective": {"id": ids["draft"], "title": "Draft"}},
        {"__typename": "KeyResultChanged", "keyResult": {"id": ids["drafted"]}},
        {"__typename": "AlignmentLinkChanged", "alignmentLink": {"id": link}},
        {"__typename": "AccessChanged", "rootId": ids["draft"], "granted": True},
    ]
    async with (
        live(stage.graph, stage.sam, CHANGES) as outside,
        live(stage.graph, stage.ada, CHANGES) as inside,
    ):
        await stage.mutate("objectivePublish", id=ids["draft"])
        assert await outside.changes() == expected
        assert await inside.changes() == expected[:3]


ENTITY = {"ObjectiveChanged": "objective", "KeyResultChanged": "keyResult", "CommentChanged": "comment"}
ENTITY |= {
    "AlignmentLinkChanged": "alignmentLink",
    "CheckInPublished": "checkIn",
    "ConfidenceChanged": "keyResult",
}
SUMMARY = "confidenceSummary { min median distribution unrated declining }"
FIELDS = {name: values_of(name) for name in ("KeyResult", "Comment", "AlignmentLink", "CheckIn")}
FIELDS["Objective"] = values_of("Objective").replace("version", f"version {SUMMARY}")
# Whether somebody may do something is not of the entity, and no feed says it.
OF_THE_VIEWER = ("viewerCanEdit", "viewerCanDecide")


async def test_a_copy_kept_by_the_feed_alone_equals_a_fresh_read(stage) -> None:
    """For every mutation: the state before, with the changes applied if newer, is the state after."""
    type_of = {"checkIn": "CheckIn", "alignmentLink": "AlignmentLink", "keyResult": "KeyResult"}
    members = " ".join(
        f"... on {member} {{ {field} {FIELDS[type_of.get(field, field.capitalize())]} }}"
        for member, field in ENTITY.items()
    )
    document = f"subscription {{ changes {{ changes {{ __typename {members} }} }} }}"
    copy = {
        key: await read(stage, key)
        for key in stage.ids.values()
        if key.split("_")[0] in ("obj", "kr", "lnk", "cmt")
    }
    async with live(stage.graph, stage.ada, document) as feed:
        for name, variables, _ in SUCCESSES:
            assert (await stage.mutate(name, **variables(stage.ids))).errors == []
            for change in await feed.changes():
                entity = change.get(ENTITY.get(change["__typename"], ""))
                if entity is not None and entity.get("version", 1) >= copy.get(entity["id"], entity).get(
                    "version", 1
                ):
                    copy[entity["id"]] = {**copy.get(entity["id"], {}), **entity}
            for key, entity in copy.items():
                assert {**(await read(stage, key)), **rights(entity)} == entity, (name, key)


def rights(entity: dict[str, Any]) -> dict[str, Any]:
    return {name: entity[name] for name in OF_THE_VIEWER if name in entity}


async def read(stage: Stage, key: str) -> dict[str, Any]:
    prefixes = {
        "obj": "Objective",
        "kr": "KeyResult",
        "lnk": "AlignmentLink",
        "cmt": "Comment",
        "chk": "CheckIn",
    }
    kind = prefixes[key.partition("_")[0]]
    data = await stage.graph.run(
        stage.ada, f"query($id: ID!) {{ node(id: $id) {{ ... on {kind} {FIELDS[kind]} }} }}", id=key
    )
    found: dict[str, Any] = data["node"]
    return found


async def test_the_ids_of_a_batch_are_those_of_queries(stage) -> None:
    async with live(stage.graph, stage.ada, COMMENTS, id=stage.ids["measure"]) as feed:
        await say(stage, stage.ids["measure"])
        (change,) = await feed.changes()
    assert change["subjectId"] == stage.ids["measure"] == global_id("KeyResult", stage.measure.id)
