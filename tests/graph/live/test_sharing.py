"""What may be executed once for everybody: only what has one value for all who may see it."""

from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLObjectType
from strawberry.schema.schema_converter import GraphQLCoreConverter

from okrgraph.graph.live.feed import _nobody_of
from okrgraph.graph.live.sharing import is_same_for_all
from okrgraph.graph.relations import Relation
from okrgraph.graph.schema import make_schema
from okrgraph.kit.ids import read_global_id
from tests.graph.live.conftest import asked_of

SCHEMA = make_schema()._schema
# By type, the fields of what events carry that two who both see it may see differently, or that need a read.
OWN = {
    "Objective": {
        "alignedObjectives",
        "coOwnerTeams",
        "comments",
        "dependencies",
        "incomingLinks",
        "keyResults",
        "links",
        "viewerCanEdit",
    },
    "ConfidenceSummary": {"stale"},
    "KeyResult": {
        "alignedObjectives",
        "checkIns",
        "comments",
        "dependencies",
        "incomingLinks",
        "objective",
        "viewerCanEdit",
    },
    "AlignmentLink": {"child", "parent", "viewerCanDecide"},
    "Comment": {"parentComment", "replies", "subject"},
    "CheckIn": set(),
    "Cycle": set(),
    "Dependency": {
        "attention",
        "checkIns",
        "comments",
        "keyResult",
        "objective",
        "providerKeyResult",
        "providerObjective",
        "viewerActions",
    },
    "DependencyCheckIn": set(),
    "Liaison": set(),
    "Team": {"isOwed", "liaisons", "objectives", "owes", "reliability"},
    "Person": {"objectives"},
}


def events_carry() -> set[str]:
    """Types of entities that the members of Change hold."""
    found = set()
    for member in SCHEMA.type_map["Change"].types:  # type: ignore[attr-defined]
        for field in member.fields.values():
            named = field.type.of_type if hasattr(field.type, "of_type") else field.type
            if isinstance(named, GraphQLObjectType):
                found.add(named.name)
    return found


def test_every_type_that_events_carry_is_looked_at_field_by_field() -> None:
    assert events_carry() <= OWN.keys()
    for name, own in OWN.items():
        fields = SCHEMA.type_map[name].fields  # type: ignore[attr-defined]
        assert {field for field in fields if not is_same_for_all(fields[field])} == own, name


def shared_relations() -> dict[str, Relation]:
    found = {}
    for name in OWN:
        for field_name, field in SCHEMA.type_map[name].fields.items():  # type: ignore[attr-defined]
            declared: Any = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
            for extension in declared.extensions:
                if isinstance(extension, Relation) and is_same_for_all(field):
                    found[f"{name}.{field_name}"] = extension
    return found


async def test_a_relation_that_is_shared_gives_everyone_the_same(world) -> None:
    """And nobody in particular, for whom it is executed."""
    keys: list[UUID] = [found[1] for text in await world.ids() if (found := read_global_id(text))]
    nobody = _nobody_of(world.lead)
    relations = shared_relations()
    assert {"Objective.team", "Comment.author", "KeyResult.owner", "Team.members"} <= relations.keys()
    assert {"Dependency.providerTeam", "Dependency.cycle", "Liaison.person"} <= relations.keys()
    for name, relation in relations.items():
        given = await relation.batch(nobody, keys)
        assert given, name
        for viewer in (world.lead, world.seller):
            assert await relation.batch(viewer, keys) == given, (name, viewer)


PLAIN = "objective { id title team { name members { name } } confidenceSummary { min } } actor { name }"


@pytest.mark.parametrize(
    ("selection", "is_shared"),
    [
        (f"... on ObjectiveChanged {{ {PLAIN} }}", True),
        ("__typename ... on ChangeMeta { cursor at actor { name } clientMutationId }", True),
        ("... on CommentChanged { comment { bodyHtml author { name } } }", True),
        ("... on DependencyChanged { stateBefore dependency { state neededByWeek cycle { name } } }", True),
        ("... on LiaisonChanged { liaison { person { name } teamA { name } } }", True),
        ("... on DependencyChanged { dependency { objective { id } } }", False),
        ("... on DependencyChanged { dependency { viewerActions } }", False),
        ("... on ObjectiveChanged { objective { viewerCanEdit } }", False),
        (
            "... on ObjectiveChanged { objective { team { parent { objectives(cycleId: $id) { id } } } } }",
            False,
        ),
        ("... on ObjectiveChanged { objective { confidenceSummary { stale } } }", False),
        ("... on CommentChanged { comment { subject { id } } }", False),
        ("... on KeyResultChanged { ...Deep }", False),
        ("... on KeyResultChanged { ...Flat }", True),
    ],
)
def test_one_field_that_is_somebody_s_own_makes_the_whole_document_so(selection, is_shared) -> None:
    fragments = """fragment Deep on KeyResultChanged { keyResult { ...Inner } }
        fragment Inner on KeyResult { id ... { objective { id } } }
        fragment Flat on KeyResultChanged { keyResult { id ... { title } } }"""
    assert asked_of(
        f"subscription($id: ID!) {{ changes {{ changes {{ {selection} }} }} }} {fragments}"
    ).is_shared is (is_shared)


def test_the_variables_of_a_selection_are_known_and_those_of_the_root_field_are_not() -> None:
    document = """subscription($after: Cursor, $filter: ChangeFilter, $yes: Boolean!, $no: Boolean!, $id: ID!) {
        changes(after: $after, filter: $filter) { cursor changes { ...Change @include(if: $yes) } } }
        fragment Change on ObjectiveChanged {
            objective { title @skip(if: $no) team { objectives(cycleId: $id) { id } } } }"""
    assert asked_of(document).variables == {"yes", "no", "id"}
