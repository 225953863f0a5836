"""Where each type of record stands in the database: SQL that gives its cells; run by `stored`, not here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from okrgraph.kit.ids import PREFIX_OF_TYPE
from okrgraph.transfer.formats.records import COLUMNS, RecordType

Value: TypeAlias = str | int | float | bool | list[str]

_TYPE_NAMES = {
    RecordType.TEAM: "Team",
    RecordType.CYCLE: "Cycle",
    RecordType.OBJECTIVE: "Objective",
    RecordType.LINK: "AlignmentLink",
    RecordType.KEY_RESULT: "KeyResult",
    RecordType.CHECK_IN: "CheckIn",
    RecordType.COMMENT: "Comment",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of a file. sql: over the thing's table `t`; NULL leaves it empty."""

    column: str
    sql: str
    read: Callable[[Any], Value] = str


def _number(value: Any) -> float | int:
    """An int where that says the same; SQLite knows no -0.0, so none is told from 0."""
    return int(value) if value == int(value) and abs(value) < 1e16 else float(value)


def _moment(value: Any) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def _day(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


# Subqueries rather than joins: right after an import PostgreSQL knows nothing of the tables yet, and then
# joins keys to things by comparing each with each.
def _key(kind: RecordType, of: str) -> str:
    """The key of the thing whose id is `of`; NULL of nothing."""
    return (
        "COALESCE((SELECT k.entity_key FROM import_key k WHERE k.organization_id = t.organization_id "
        f"AND k.entity_type = '{kind}' AND k.entity_id = {of}), "
        f"'{PREFIX_OF_TYPE[_TYPE_NAMES[kind]]}_' || replace({of}::text, '-', ''))"
    )


def _own_key(kind: RecordType) -> Cell:
    return _key_of("key", kind, "t.id")


def _key_of(column: str, kind: RecordType, of: str) -> Cell:
    return Cell(column, _key(kind, of))


def _address_of(column: str, of: str) -> Cell:
    return Cell(column, f"(SELECT p.email FROM person p WHERE p.id = {of})")


def _text(column: str, sql: str = "") -> Cell:
    return Cell(column, sql or f"t.{column}")


def _numeric(column: str, sql: str = "") -> Cell:
    return Cell(column, sql or f"t.{column}", _number)


def _at(column: str, sql: str = "") -> Cell:
    return Cell(column, sql or f"t.{column}", _moment)


_POSITION = _numeric("position", "NULLIF(t.position, 0)")

_SUBJECTS = (RecordType.OBJECTIVE, RecordType.KEY_RESULT, RecordType.CHECK_IN, RecordType.LINK)


def _subject(column: str) -> Cell:
    """The key of what a comment is about."""
    cases = (f"WHEN '{_TYPE_NAMES[kind]}' THEN {_key(kind, 't.subject_id')}" for kind in _SUBJECTS)
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
    f"CASE WHEN t.parent_key_result_id IS NULL THEN {_key(RecordType.OBJECTIVE, 't.parent_objective_id')} "
    f"ELSE {_key(RecordType.KEY_RESULT, 't.parent_key_result_id')} END"
)
# The first parent of a row becomes the primary one, so it takes a plain primary link to name parents at all.
_WITH_CHILD = "alignment_link t JOIN objective child ON child.id = t.child_id"
_IN_ROW_OF_CHILD = (
    f"(CASE WHEN {_is_plain('t')} AND EXISTS (SELECT 1 FROM alignment_link main "
    f"WHERE main.child_id = t.child_id AND main.is_primary AND {_is_plain('main')}) THEN 1 ELSE 0 END)"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Where things of one type stand. source: the table `t`, and what the rest needs beside it.

    only: which of the rows are things of a file. Of what stands in an objective, `objective`: its id, and
    `inside`: the id of the thing that it stands in directly.
    """

    source: str
    cells: tuple[Cell, ...]
    only: str = "t.organization_id = :organization"
    objective: str = "NULL"
    inside: str = "NULL"

    @property
    def by_key(self) -> str:
        return f"{self._select} ORDER BY key_in_file, t.id"

    @property
    def by_objective(self) -> str:
        return f"{self._select} ORDER BY {_place(RecordType.OBJECTIVE, self.objective)}, key_in_file, t.id"

    @property
    def _select(self) -> str:
        """The objective's id, the thing's, the one of what it stands in, then its cells."""
        key, *others = (cell.sql for cell in self.cells)
        chosen = ", ".join(
            [self.objective, "t.id", self.inside, f'{key} COLLATE "C" AS key_in_file', *others]
        )
        return f"SELECT {chosen} FROM {self.source} WHERE {self.only}"


def _place(kind: RecordType, of: str) -> str:
    """Sorts by the thing whose id is `of`, as `by_key` sorts the things themselves."""
    return f'{_key(kind, of)} COLLATE "C", {of}'


def _in_order(*cells: Cell) -> tuple[Cell, ...]:
    return tuple(sorted(cells, key=lambda cell: COLUMNS.index(cell.column)))


_ORGANIZATION = Table(
    "organization t",
    _in_order(
        _text("key", "t.slug"),
        _text("title", "t.name"),
        _text("time_zone"),
        _numeric("cadence_days"),
        _numeric("grace_days"),
        _numeric("company_objective_cap"),
    ),
    only="t.id = :organization",
)
_TEAM = Table(
    "team t",
    _in_order(
        _own_key(RecordType.TEAM),
        _key_of("parent", RecordType.TEAM, "t.parent_id"),
        _text("title", "t.name"),
        _text("kind"),
    ),
)
_PERSON = Table(
    "person t",
    _in_order(
        _text("key", "t.email"),
        _address_of("parent", "t.manager_id"),
        _text("title", "t.name"),
        _text("kind", "CASE WHEN t.is_admin THEN 'ADMIN' END"),
        _text("state", "NULLIF(t.status, 'ACTIVE')"),
        _text("time_zone"),
    ),
)
_CYCLE = Table(
    "cycle t",
    _in_order(
        _own_key(RecordType.CYCLE),
        _key_of("parent", RecordType.CYCLE, "t.parent_id"),
        _text("title", "t.name"),
        Cell("start", "t.starts_on", _day),
        Cell("target", "t.ends_on", _day),
        _text("kind"),
        _text("state"),
    ),
)
_OBJECTIVE = Table(
    "objective t",
    _in_order(
        _own_key(RecordType.OBJECTIVE),
        _text("title"),
        _text("description"),
        _key_of("team", RecordType.TEAM, "t.team_id"),
        _address_of("owner", "t.owner_id"),
        _key_of("cycle", RecordType.CYCLE, "t.cycle_id"),
        _text("why_now"),
        _text("kind", "t.level"),
        _text("state"),
        _at("at", "t.created_at"),
        _address_of("reviewer", "t.reviewer_id"),
        _address_of("created_by", "t.created_by_id"),
        _text("outcome", "t.close_outcome"),
        _numeric("score"),
        _text("learning"),
        _POSITION,
        _at("published_at"),
        _at("closed_at"),
    ),
)
_LINK = Table(
    _WITH_CHILD,
    _in_order(
        _own_key(RecordType.LINK),
        _key_of("child", RecordType.OBJECTIVE, "t.child_id"),
        _text("parent", _LINKED),
        _text("kind"),
        _text("state"),
        _numeric("weight"),
        _text("title", "t.rationale"),
        _text("answer", "t.child_answer"),
        _text("parent_answer"),
        _at("at", "t.created_at"),
        Cell(
            "primary",
            "CASE WHEN t.state IN ('PROPOSED', 'ACCEPTED') AND t.kind <> 'RELATES' THEN t.is_primary END",
            bool,
        ),
        _address_of("owner", "t.proposed_by_id"),
        _address_of("decided_by", "t.decided_by_id"),
        _at("decided_at"),
        _text("decision_note"),
    ),
    only=f"t.organization_id = :organization AND {_IN_ROW_OF_CHILD} = 0",
    objective="t.child_id",
    inside="t.child_id",
)
_KEY_RESULT = Table(
    "key_result t",
    _in_order(
        _own_key(RecordType.KEY_RESULT),
        _key_of("parent", RecordType.OBJECTIVE, "t.objective_id"),
        _text("title"),
        _text("description"),
        _address_of("owner", "t.owner_id"),
        _text("metric", "t.metric_kind"),
        _text("unit"),
        _numeric("start", "t.start_value"),
        _numeric("target", "t.target_value"),
        _numeric("weight"),
        _at("at", "t.created_at"),
        _POSITION,
    ),
    objective="t.objective_id",
    inside="t.objective_id",
)
_CHECK_IN = Table(
    "check_in t JOIN key_result r ON r.id = t.key_result_id",
    _in_order(
        _own_key(RecordType.CHECK_IN),
        _key_of("parent", RecordType.KEY_RESULT, "t.key_result_id"),
        _address_of("owner", "t.author_id"),
        Cell("start", "t.as_of", _day),
        _numeric("current", "t.value"),
        _numeric("confidence"),
        _text("title", "t.note"),
        _at("at", "t.created_at"),
    ),
    objective="r.objective_id",
    inside="t.key_result_id",
)
_COMMENT = Table(
    "comment t",
    _in_order(
        _own_key(RecordType.COMMENT),
        _subject("parent"),
        _address_of("owner", "t.author_id"),
        _text("title", "t.body"),
        _text("kind"),
        _at("at", "t.created_at"),
        _key_of("reply_to", RecordType.COMMENT, "t.parent_comment_id"),
        _at("resolved_at"),
        _address_of("resolved_by", "t.resolved_by_id"),
        _at("edited_at"),
        _at("deleted_at"),
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
    RecordType.COMMENT: _COMMENT,
}


# What lists name: (id of the thing with the list, key of what it names, what decides its place or its form),
# in the order of the things by key.
_TEAM_KEY = _key(RecordType.TEAM, "t.id")
MEMBERSHIPS = (
    f"SELECT m.person_id, {_TEAM_KEY}, m.role FROM membership m JOIN team t ON t.id = m.team_id "
    "JOIN person p ON p.id = m.person_id WHERE t.organization_id = :organization AND m.left_at IS NULL "
    'ORDER BY p.email COLLATE "C", m.person_id'
)
CO_OWNERS = (
    f"SELECT c.objective_id, {_TEAM_KEY}, NULL FROM objective_team c JOIN team t ON t.id = c.team_id "
    f"WHERE t.organization_id = :organization ORDER BY {_place(RecordType.OBJECTIVE, 'c.objective_id')}"
)
PARENTS = (
    f"SELECT t.child_id, {_LINKED}, t.is_primary FROM {_WITH_CHILD} "
    f"WHERE t.organization_id = :organization AND {_IN_ROW_OF_CHILD} = 1 "
    f"ORDER BY {_place(RecordType.OBJECTIVE, 't.child_id')}"
)
