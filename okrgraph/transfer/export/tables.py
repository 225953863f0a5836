"""Where each type of record stands in the database: SQL that gives its cells; run by `stored`, not here."""

from collections.abc import Mapping

from okrgraph.transfer.export.between_teams import DEPENDENCY, DEPENDENCY_CHECK_IN, LIAISON
from okrgraph.transfer.export.cells import (
    TYPE_NAMES,
    Cell,
    Table,
    address_of,
    at,
    day,
    in_order,
    key_of,
    key_sql,
    numeric,
    own_key,
    place_sql,
    text,
)
from okrgraph.transfer.formats.records import RecordType

_POSITION = numeric("position", "NULLIF(t.position, 0)")

_SUBJECTS = (
    RecordType.OBJECTIVE,
    RecordType.KEY_RESULT,
    RecordType.CHECK_IN,
    RecordType.LINK,
    RecordType.DEPENDENCY,
)


def _subject(column: str) -> Cell:
    """The key of what a comment is about."""
    cases = (f"WHEN '{TYPE_NAMES[kind]}' THEN {key_sql(kind, 't.subject_id')}" for kind in _SUBJECTS)
    return Cell(column, f"CASE t.subject_type {' '.join(cases)} END")


def _is_plain(link: str) -> str:
    """Whether the `parent` of its child's row says all there is to a link; over the child `child`."""
    return (
        f"{link}.kind = 'SUPPORTS' AND {link}.state = 'ACCEPTED' AND {link}.weight = 1 "
        f"AND {link}.child_answer = 'UNANSWERED' AND {link}.parent_answer = 'UNANSWERED' "
        f"AND {link}.rationale IS NULL AND {link}.decision_note IS NULL "
        f"AND {link}.proposed_by_id IS NULL AND {link}.decided_by_id IS NULL "
        f"AND {link}.created_at = child.created_at AND {link}.decided_at = child.created_at "
        # Something in the file speaks of it by its key.
        f"AND NOT EXISTS (SELECT 1 FROM import_key i WHERE i.organization_id = {link}.organization_id "
        f"AND i.entity_type = 'link' AND i.entity_id = {link}.id) "
        f"AND NOT EXISTS (SELECT 1 FROM comment m WHERE m.subject_id = {link}.id)"
    )


_LINKED = (
    f"CASE WHEN t.parent_key_result_id IS NULL THEN {key_sql(RecordType.OBJECTIVE, 't.parent_objective_id')} "
    f"ELSE {key_sql(RecordType.KEY_RESULT, 't.parent_key_result_id')} END"
)
# The first parent of a row becomes the primary one, so it takes a plain primary link to name parents at all.
_WITH_CHILD = "alignment_link t JOIN objective child ON child.id = t.child_id"
_IN_ROW_OF_CHILD = (
    f"(CASE WHEN {_is_plain('t')} AND EXISTS (SELECT 1 FROM alignment_link main "
    f"WHERE main.child_id = t.child_id AND main.is_primary AND {_is_plain('main')}) THEN 1 ELSE 0 END)"
)


_ORGANIZATION = Table(
    "organization t",
    in_order(
        text("key", "t.slug"),
        text("title", "t.name"),
        text("time_zone"),
        numeric("cadence_days"),
        numeric("grace_days"),
        numeric("company_objective_cap"),
    ),
    only="t.id = :organization",
)
_TEAM = Table(
    "team t",
    in_order(
        own_key(RecordType.TEAM),
        key_of("parent", RecordType.TEAM, "t.parent_id"),
        text("title", "t.name"),
        text("kind"),
    ),
)
_PERSON = Table(
    "person t",
    in_order(
        text("key", "t.email"),
        address_of("parent", "t.manager_id"),
        text("title", "t.name"),
        text("kind", "CASE WHEN t.is_admin THEN 'ADMIN' END"),
        text("state", "NULLIF(t.status, 'ACTIVE')"),
        text("time_zone"),
    ),
)
_CYCLE = Table(
    "cycle t",
    in_order(
        own_key(RecordType.CYCLE),
        key_of("parent", RecordType.CYCLE, "t.parent_id"),
        text("title", "t.name"),
        Cell("start", "t.starts_on", day),
        Cell("target", "t.ends_on", day),
        text("kind"),
        text("state"),
    ),
)
_OBJECTIVE = Table(
    "objective t",
    in_order(
        own_key(RecordType.OBJECTIVE),
        text("title"),
        text("description"),
        key_of("team", RecordType.TEAM, "t.team_id"),
        address_of("owner", "t.owner_id"),
        key_of("cycle", RecordType.CYCLE, "t.cycle_id"),
        text("why_now"),
        text("kind", "t.level"),
        text("state"),
        at("at", "t.created_at"),
        address_of("reviewer", "t.reviewer_id"),
        address_of("created_by", "t.created_by_id"),
        text("outcome", "t.close_outcome"),
        numeric("score"),
        text("learning"),
        _POSITION,
        at("published_at"),
        at("closed_at"),
    ),
)
_LINK = Table(
    _WITH_CHILD,
    in_order(
        own_key(RecordType.LINK),
        key_of("child", RecordType.OBJECTIVE, "t.child_id"),
        text("parent", _LINKED),
        text("kind"),
        text("state"),
        numeric("weight"),
        text("title", "t.rationale"),
        text("answer", "t.child_answer"),
        text("parent_answer"),
        at("at", "t.created_at"),
        Cell(
            "primary",
            "CASE WHEN t.state IN ('PROPOSED', 'ACCEPTED') AND t.kind <> 'RELATES' THEN t.is_primary END",
            bool,
        ),
        address_of("owner", "t.proposed_by_id"),
        address_of("decided_by", "t.decided_by_id"),
        at("decided_at"),
        text("decision_note"),
    ),
    only=f"t.organization_id = :organization AND {_IN_ROW_OF_CHILD} = 0",
    objective="t.child_id",
    inside="t.child_id",
)
_KEY_RESULT = Table(
    "key_result t",
    in_order(
        own_key(RecordType.KEY_RESULT),
        key_of("parent", RecordType.OBJECTIVE, "t.objective_id"),
        text("title"),
        text("description"),
        address_of("owner", "t.owner_id"),
        text("metric", "t.metric_kind"),
        text("unit"),
        numeric("start", "t.start_value"),
        numeric("target", "t.target_value"),
        numeric("weight"),
        at("at", "t.created_at"),
        _POSITION,
    ),
    objective="t.objective_id",
    inside="t.objective_id",
)
_CHECK_IN = Table(
    "check_in t JOIN key_result r ON r.id = t.key_result_id",
    in_order(
        own_key(RecordType.CHECK_IN),
        key_of("parent", RecordType.KEY_RESULT, "t.key_result_id"),
        address_of("owner", "t.author_id"),
        Cell("start", "t.as_of", day),
        numeric("current", "t.value"),
        numeric("confidence"),
        text("title", "t.note"),
        at("at", "t.created_at"),
    ),
    objective="r.objective_id",
    inside="t.key_result_id",
)
_COMMENT = Table(
    "comment t",
    in_order(
        own_key(RecordType.COMMENT),
        _subject("parent"),
        address_of("owner", "t.author_id"),
        text("title", "t.body"),
        text("kind"),
        at("at", "t.created_at"),
        key_of("reply_to", RecordType.COMMENT, "t.parent_comment_id"),
        at("resolved_at"),
        address_of("resolved_by", "t.resolved_by_id"),
        at("edited_at"),
        at("deleted_at"),
    ),
    objective="t.objective_id",
    inside="t.subject_id",
)
TABLES: Mapping[RecordType, Table] = {
    RecordType.ORGANIZATION: _ORGANIZATION,
    RecordType.TEAM: _TEAM,
    RecordType.PERSON: _PERSON,
    RecordType.CYCLE: _CYCLE,
    RecordType.OBJECTIVE: _OBJECTIVE,
    RecordType.LINK: _LINK,
    RecordType.KEY_RESULT: _KEY_RESULT,
    RecordType.CHECK_IN: _CHECK_IN,
    RecordType.DEPENDENCY: DEPENDENCY,
    RecordType.DEPENDENCY_CHECK_IN: DEPENDENCY_CHECK_IN,
    RecordType.LIAISON: LIAISON,
    RecordType.COMMENT: _COMMENT,
}


# What lists name: (id of the thing with the list, key of what it names, what decides its place or its form),
# in the order of the things by key.
_TEAM_KEY = key_sql(RecordType.TEAM, "t.id")
MEMBERSHIPS = (
    f"SELECT m.person_id, {_TEAM_KEY}, m.role FROM membership m JOIN team t ON t.id = m.team_id "
    "JOIN person p ON p.id = m.person_id WHERE t.organization_id = :organization AND m.left_at IS NULL "
    'ORDER BY p.email COLLATE "C", m.person_id'
)
CO_OWNERS = (
    f"SELECT c.objective_id, {_TEAM_KEY}, NULL FROM objective_team c JOIN team t ON t.id = c.team_id "
    f"WHERE t.organization_id = :organization ORDER BY {place_sql(RecordType.OBJECTIVE, 'c.objective_id')}"
)
PARENTS = (
    f"SELECT t.child_id, {_LINKED}, t.is_primary FROM {_WITH_CHILD} "
    f"WHERE t.organization_id = :organization AND {_IN_ROW_OF_CHILD} = 1 "
    f"ORDER BY {place_sql(RecordType.OBJECTIVE, 't.child_id')}"
)
