"""Where dependencies, their check-ins and liaisons stand in the database: SQL that gives their cells."""

from okrgraph.transfer.export.cells import (
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
    text,
)
from okrgraph.transfer.formats.records import TEAM_SEPARATOR, RecordType


def _one_of(key_result: str, objective: str) -> str:
    """The key of a key result or of an objective, whichever is set."""
    return (
        f"CASE WHEN {key_result} IS NOT NULL THEN {key_sql(RecordType.KEY_RESULT, key_result)} "
        f"WHEN {objective} IS NOT NULL THEN {key_sql(RecordType.OBJECTIVE, objective)} END"
    )


def _two_teams(one: str, other: str) -> str:
    return f"{key_sql(RecordType.TEAM, one)} || '{TEAM_SEPARATOR}' || {key_sql(RecordType.TEAM, other)}"


DEPENDENCY = Table(
    "dependency t",
    in_order(
        own_key(RecordType.DEPENDENCY),
        text("parent", _one_of("t.key_result_id", "t.objective_id")),
        text("title", "t.need"),
        text("description", "t.acceptance_criteria"),
        text("team", _two_teams("t.consumer_team_id", "t.provider_team_id")),
        address_of("owner", "t.provider_owner_id"),
        text("kind", "t.criticality"),
        text("state"),
        Cell("needed_by", "t.needed_by", day),
        Cell("promised_by", "t.promised_by", day),
        text("health"),
        numeric("confidence"),
        numeric("consumer_confidence"),
        text("provider", _one_of("t.provider_key_result_id", "t.provider_objective_id")),
        text("offer", "t.offered_need"),
        address_of("risk_owner", "t.risk_owner_id"),
        text("mitigation"),
        text("decision_note", "t.note"),
        text("evidence_url"),
        address_of("created_by", "t.created_by_id"),
        address_of("asked_by", "t.asked_by_id"),
        at("at", "t.created_at"),
        at("asked_at"),
        at("requested_at"),
        at("accepted_at"),
        at("delivered_at"),
        at("confirmed_at"),
    ),
    objective="t.served_objective_id",
    inside="COALESCE(t.key_result_id, t.objective_id)",
)
DEPENDENCY_CHECK_IN = Table(
    "dependency_check_in t JOIN dependency d ON d.id = t.dependency_id",
    in_order(
        own_key(RecordType.DEPENDENCY_CHECK_IN),
        key_of("parent", RecordType.DEPENDENCY, "t.dependency_id"),
        address_of("owner", "t.author_id"),
        text("health"),
        numeric("confidence"),
        numeric("confidence_before"),
        Cell("promised_by", "t.promised_by", day),
        text("title", "t.note"),
        # FALSE is what a row that says nothing means.
        text("answer", "CASE WHEN t.answers_ask THEN 'TRUE' END"),
        at("at", "t.created_at"),
    ),
    objective="d.served_objective_id",
    inside="t.dependency_id",
)
# The pair has no direction, and which id is the smaller one changes with the database.
_PAIR = (
    f'CASE WHEN {key_sql(RecordType.TEAM, "t.team_a_id")} COLLATE "C" < {key_sql(RecordType.TEAM, "t.team_b_id")} '
    f"THEN {_two_teams('t.team_a_id', 't.team_b_id')} ELSE {_two_teams('t.team_b_id', 't.team_a_id')} END"
)
LIAISON = Table(
    "liaison t",
    in_order(
        own_key(RecordType.LIAISON),
        text("team", _PAIR),
        address_of("owner", "t.person_id"),
        key_of("cycle", RecordType.CYCLE, "t.cycle_id"),
        text("title", "t.purpose"),
        address_of("created_by", "t.created_by_id"),
        at("at", "t.created_at"),
        at("closed_at", "t.ended_at"),
    ),
)
