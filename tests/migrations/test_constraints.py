"""Every CHECK and UNIQUE that the migrations name is in the catalogue of both databases, and holds."""

import importlib
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from okrgraph.dependencies.models import Dependency, DependencyCheckIn, Liaison
from okrgraph.discussion.models import Comment
from okrgraph.events.database import execute, fetch_all, is_sqlite
from okrgraph.events.transactions import transaction
from okrgraph.kit.ids import new_key
from okrgraph.okrs.models import AlignmentLink, CheckIn, Cycle, KeyResult, Objective, ObjectiveTeam
from okrgraph.people.models import ApiToken, Membership, Organization, Person, Team
from okrgraph.transfer.models import ImportKey
from tests.processes import ROOT

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DATES = {"created_at": NOW, "updated_at": NOW}
ORGANIZATION, COMPANY, GROWTH, ADA, BEN, CYCLE, ABOVE, BELOW, NUMBER, COMMENT, NEEDED = (
    new_key() for _ in range(11)
)
OF = {"organization_id": ORGANIZATION}
# One row of each table that breaks nothing; each violation below is one of these with something changed.
ROWS: Mapping[type[Model], Mapping[str, Any]] = {
    Organization: {"slug": "acme", "name": "Acme", **DATES},
    Team: {**OF, "parent_id": COMPANY, "kind": "TEAM", "name": "Sales", **DATES},
    Person: {**OF, "name": "Cleo", "email": "cleo@acme.example", **DATES},
    Membership: {**OF, "person_id": ADA, "team_id": GROWTH, "role": "MEMBER", "joined_at": NOW},
    ApiToken: {**OF, "person_id": ADA, "token_hash": "1" * 64, "scope": "read", "created_at": NOW},
    Cycle: {**OF, "name": "Q2", "starts_on": date(2026, 4, 1), "ends_on": date(2026, 6, 30), **DATES},
    Objective: {
        **OF,
        "cycle_id": CYCLE,
        "team_id": GROWTH,
        "level": "TEAM",
        "alignment_basis": "UNALIGNED",
        "title": "Grow",
        **DATES,
    },
    ObjectiveTeam: {"objective_id": BELOW, "team_id": COMPANY},
    KeyResult: {**OF, "objective_id": BELOW, "title": "Customers", **DATES},
    CheckIn: {
        **OF,
        "key_result_id": NUMBER,
        "author_id": ADA,
        "confidence": 4,
        "as_of": NOW.date(),
        "created_at": NOW,
    },
    AlignmentLink: {**OF, "child_id": BELOW, "parent_objective_id": ABOVE, **DATES},
    Comment: {
        **OF,
        "subject_type": "Objective",
        "subject_id": BELOW,
        "objective_id": BELOW,
        "author_id": ADA,
        "body": "Why now?",
        **DATES,
    },
    Dependency: {
        **OF,
        "need": "An API",
        "consumer_team_id": GROWTH,
        "provider_team_id": COMPANY,
        "objective_id": BELOW,
        "served_objective_id": BELOW,
        "needed_by": NOW.date(),
        **DATES,
    },
    DependencyCheckIn: {
        **OF,
        "dependency_id": NEEDED,
        "author_id": ADA,
        "health": "ON_TRACK",
        "confidence": 4,
        "created_at": NOW,
    },
    Liaison: {**OF, "person_id": ADA, "team_a_id": COMPANY, "team_b_id": GROWTH, **DATES},
    ImportKey: {**OF, "entity_type": "Team", "entity_key": "growth", "entity_id": GROWTH},
}
REQUESTED = {"state": "REQUESTED", "requested_at": NOW}
ACCEPTED = {**REQUESTED, "state": "ACCEPTED", "accepted_at": NOW}
DELIVERED = {**ACCEPTED, "state": "DELIVERED", "delivered_at": NOW}
CONFIRMED = {**DELIVERED, "state": "CONFIRMED", "confirmed_at": NOW}
ITSELF = object()  # stands for the row's own id


@dataclass(frozen=True)
class Violation:
    """What is changed in a valid row; `beside`: what is changed in a valid row that is written before it."""

    model: type[Model]
    changed: Mapping[str, Any]
    beside: Mapping[str, Any] | None = None


CHECKS: Mapping[str, list[Violation]] = {
    "organization_slug_shape": [Violation(Organization, {"slug": ""})],
    "organization_version_positive": [Violation(Organization, {"version": 0})],
    "organization_cadence_positive": [
        Violation(Organization, {"cadence_days": 0}),
        Violation(Organization, {"grace_days": -1}),
        Violation(Organization, {"company_objective_cap": 0}),
    ],
    "cycle_version_positive": [Violation(Cycle, {"version": 0})],
    "cycle_dates_in_order": [Violation(Cycle, {"ends_on": date(2026, 3, 31)})],
    "cycle_dates_with_kind": [
        Violation(Cycle, {"kind": "BACKLOG"}),
        Violation(Cycle, {"starts_on": None}),
        Violation(Cycle, {"ends_on": None}),
    ],
    "cycle_not_own_parent": [Violation(Cycle, {"parent_id": ITSELF})],
    "person_version_positive": [Violation(Person, {"version": 0})],
    "person_email_lower": [Violation(Person, {"email": "Cleo@acme.example"})],
    "person_not_own_manager": [Violation(Person, {"manager_id": ITSELF})],
    "api_token_in_order": [Violation(ApiToken, {"expires_at": NOW})],
    "team_version_positive": [Violation(Team, {"version": 0})],
    "team_not_own_parent": [Violation(Team, {"parent_id": ITSELF})],
    "team_root_is_company": [Violation(Team, {"kind": "COMPANY"}), Violation(Team, {"parent_id": None})],
    "membership_in_order": [Violation(Membership, {"left_at": NOW - timedelta(seconds=1)})],
    "objective_versions": [
        Violation(Objective, {"version": 0}),
        Violation(Objective, {"edited_version": 0}),
        Violation(Objective, {"edited_version": 2}),
    ],
    "objective_title_given": [Violation(Objective, {"title": ""})],
    "objective_progress_range": [
        Violation(Objective, {"progress": -0.1}),
        Violation(Objective, {"progress": 1.1}),
    ],
    "objective_score_range": [Violation(Objective, {"score": -0.1}), Violation(Objective, {"score": 1.1})],
    "objective_counts_positive": [
        Violation(Objective, {name: -1})
        for name in ("rated_1", "rated_2", "rated_3", "rated_4", "rated_5", "unrated", "declining")
    ],
    "comment_version_positive": [Violation(Comment, {"version": 0})],
    "comment_body_with_life": [Violation(Comment, {"body": ""}), Violation(Comment, {"deleted_at": NOW})],
    "comment_not_own_parent": [Violation(Comment, {"parent_comment_id": ITSELF})],
    "key_result_versions": [
        Violation(KeyResult, {"version": 0}),
        Violation(KeyResult, {"edited_version": 0}),
        Violation(KeyResult, {"edited_version": 2}),
    ],
    "key_result_title_given": [Violation(KeyResult, {"title": ""})],
    "key_result_weight_range": [Violation(KeyResult, {"weight": -1.0})],
    "key_result_progress_range": [
        Violation(KeyResult, {"progress": -0.1}),
        Violation(KeyResult, {"progress": 1.1}),
    ],
    "key_result_confidence_range": [
        Violation(KeyResult, {"confidence": 0}),
        Violation(KeyResult, {"confidence": 6}),
    ],
    "alignment_link_version_positive": [Violation(AlignmentLink, {"version": 0})],
    "alignment_link_one_parent": [
        Violation(AlignmentLink, {"parent_objective_id": None}),
        Violation(AlignmentLink, {"parent_key_result_id": NUMBER}),
    ],
    "alignment_link_not_to_itself": [Violation(AlignmentLink, {"parent_objective_id": BELOW})],
    "alignment_link_relates_not_primary": [Violation(AlignmentLink, {"is_primary": True, "kind": "RELATES"})],
    "alignment_link_weight_range": [Violation(AlignmentLink, {"weight": -1.0})],
    "check_in_confidence_range": [
        Violation(CheckIn, {"confidence": 0}),
        Violation(CheckIn, {"confidence": 6}),
        Violation(CheckIn, {"confidence_before": 0}),
        Violation(CheckIn, {"confidence_before": 6}),
    ],
    "check_in_progress_range": [
        Violation(CheckIn, {"progress": -0.1}),
        Violation(CheckIn, {"progress": 1.1}),
    ],
    "dependency_version_positive": [Violation(Dependency, {"version": 0})],
    "dependency_need_given": [
        Violation(Dependency, {"need": ""}),
        Violation(Dependency, {**REQUESTED, "state": "COUNTERED", "offered_need": ""}),
    ],
    "dependency_one_consumer": [
        Violation(Dependency, {"objective_id": None}),
        Violation(Dependency, {"key_result_id": NUMBER}),
    ],
    "dependency_served_is_consumer": [Violation(Dependency, {"served_objective_id": ABOVE})],
    "dependency_one_provider": [
        Violation(Dependency, {"provider_objective_id": ABOVE, "provider_key_result_id": NUMBER})
    ],
    "dependency_two_teams": [Violation(Dependency, {"provider_team_id": GROWTH})],
    "dependency_confidence_range": [
        Violation(Dependency, {name: value})
        for name in ("confidence", "consumer_confidence")
        for value in (0, 6)
    ],
    "dependency_requested_with_state": [
        Violation(Dependency, {"requested_at": NOW}),
        Violation(Dependency, {"state": "REQUESTED"}),
    ],
    "dependency_accepted_with_state": [
        Violation(Dependency, {**each, "accepted_at": None})
        for each in (ACCEPTED, {**ACCEPTED, "state": "IN_PROGRESS"}, DELIVERED, CONFIRMED)
    ],
    "dependency_delivered_with_state": [
        Violation(Dependency, {**DELIVERED, "delivered_at": None}),
        Violation(Dependency, {**CONFIRMED, "delivered_at": None}),
        Violation(Dependency, {**ACCEPTED, "delivered_at": NOW}),
    ],
    "dependency_confirmed_with_state": [
        Violation(Dependency, {**CONFIRMED, "confirmed_at": None}),
        Violation(Dependency, {**DELIVERED, "confirmed_at": NOW}),
    ],
    "dependency_asked_with_state": [
        Violation(Dependency, {**REQUESTED, "asked_at": NOW}),
        Violation(Dependency, {**ACCEPTED, "asked_by_id": ADA}),
    ],
    "dependency_offer_with_state": [Violation(Dependency, {**REQUESTED, "offered_need": "Less"})],
    "dependency_check_in_confidence_range": [
        Violation(DependencyCheckIn, {name: value})
        for name in ("confidence", "confidence_before")
        for value in (0, 6)
    ],
    "liaison_version_positive": [Violation(Liaison, {"version": 0})],
    "liaison_teams_in_order": [
        Violation(Liaison, {"team_a_id": GROWTH, "team_b_id": COMPANY}),
        Violation(Liaison, {"team_b_id": COMPANY}),
    ],
    "liaison_ends_after_it_began": [Violation(Liaison, {"ended_at": NOW - timedelta(seconds=1)})],
}
PRIMARY_TO_KEY_RESULT = {"parent_objective_id": None, "parent_key_result_id": NUMBER, "is_primary": True}
UNIQUES: Mapping[str, list[Violation]] = {
    "slug": [Violation(Organization, {"name": "Other"}, beside={})],
    "token_hash": [Violation(ApiToken, {"scope": "write"}, beside={})],
    "team_one_company": [Violation(Team, {"parent_id": None, "kind": "COMPANY"})],
    "person_email_once": [Violation(Person, {"name": "Other"}, beside={})],
    "membership_open_once": [Violation(Membership, {"role": "LEAD"}, beside={})],
    "objective_team_once": [Violation(ObjectiveTeam, {}, beside={})],
    "alignment_link_live_objective_once": [
        Violation(AlignmentLink, {"state": "ACCEPTED"}, beside={"state": "PROPOSED"})
    ],
    "alignment_link_live_key_result_once": [
        Violation(AlignmentLink, {**PRIMARY_TO_KEY_RESULT, "is_primary": False}, beside=PRIMARY_TO_KEY_RESULT)
    ],
    "alignment_link_one_primary": [
        Violation(AlignmentLink, {"is_primary": True}, beside=PRIMARY_TO_KEY_RESULT)
    ],
    "liaison_open_once": [Violation(Liaison, {"cycle_id": CYCLE}, beside={"cycle_id": CYCLE})],
    "liaison_open_once_for_all_cycles": [Violation(Liaison, {}, beside={})],
    "import_key_once": [Violation(ImportKey, {"entity_id": COMPANY}, beside={})],
    "import_key_entity_once": [Violation(ImportKey, {"entity_key": "other"}, beside={})],
}
# What the uniques leave room for.
ALLOWED = [
    Violation(Membership, {"left_at": NOW}, beside={}),
    Violation(AlignmentLink, {}, beside={"state": "WITHDRAWN"}),
    Violation(AlignmentLink, {"is_primary": True}, beside={"is_primary": True, "state": "DECLINED"}),
    Violation(Comment, {"body": "", "deleted_at": NOW}, beside={}),
    *(Violation(Dependency, each) for each in (REQUESTED, ACCEPTED, DELIVERED, CONFIRMED)),
    Violation(Dependency, {"state": "CANCELED"}),
    Violation(Dependency, {**REQUESTED, "state": "CANCELED"}),
    Violation(Dependency, {**ACCEPTED, "asked_at": NOW, "asked_by_id": ADA}),
    Violation(Liaison, {}, beside={"ended_at": NOW}),
    Violation(Liaison, {"cycle_id": CYCLE}, beside={}),
    Violation(Cycle, {"kind": "BACKLOG", "starts_on": None, "ends_on": None}, beside={}),
]
# What only SQL can write: the ORM knows its words.
WORD_CHECKS: Mapping[str, list[str]] = {
    "dependency_state_known": ["UPDATE dependency SET state = 'LOST', requested_at = created_at"],
    "dependency_words_known": [
        "UPDATE dependency SET criticality = 'SOME'",
        "UPDATE dependency SET health = 'FINE'",
    ],
    "dependency_check_in_health_known": ["UPDATE dependency_check_in SET health = 'FINE'"],
}
SPINE_CHECKS: Mapping[str, str] = {
    "log_head_in_order": "UPDATE log_head SET floor = pos + 1",
    "change_log_pos_positive": "UPDATE change_log SET pos = 0",
    "mutation_receipt_id_length": "UPDATE mutation_receipt SET mutation_id = ''",
}


def named_by_migrations() -> Iterator[tuple[str, str]]:
    """(kind, name) of each constraint that a migration names."""
    for path in sorted((ROOT / "okrgraph" / "migrations").glob("[0-9]*.py")):
        module = importlib.import_module(f"okrgraph.migrations.{path.stem}")
        for operation in module.Migration.operations:
            yield from (("CHECK", name) for name in getattr(operation, "checks", {}))
        text = path.read_text()
        yield from (("UNIQUE", name) for name in re.findall(r"CREATE UNIQUE INDEX (\w+)", text))
        yield from (("CHECK", name) for name in re.findall(r"CONSTRAINT (\w+) CHECK", text))


async def in_catalogue() -> set[tuple[str, str]]:
    if is_sqlite():
        statements = [
            row[0] for row in await fetch_all("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        ]
        checks = [re.findall(r'CONSTRAINT "?(\w+)"? CHECK', text) for text in statements]
        uniques = [re.findall(r'CREATE UNIQUE INDEX "?(\w+)"?', text) for text in statements]
        found = {("CHECK", name) for names in checks for name in names}
        return found | {("UNIQUE", name) for names in uniques for name in names}
    checks = await fetch_all("SELECT conname FROM pg_constraint WHERE contype = 'c'")
    uniques = await fetch_all("SELECT indexname FROM pg_indexes WHERE indexdef LIKE 'CREATE UNIQUE %'")
    return {("CHECK", row[0]) for row in checks} | {("UNIQUE", row[0]) for row in uniques}


async def write_valid_rows() -> None:
    valid = {model: dict(row) for model, row in ROWS.items()}
    await Organization.create(**valid[Organization] | {"id": ORGANIZATION, "slug": "first"})
    company = {"id": COMPANY, "parent_id": None, "kind": "COMPANY"}
    await Team.create(**valid[Team] | company)
    await Team.create(**valid[Team] | {"id": GROWTH})
    await Person.create(**valid[Person] | {"id": ADA, "email": "ada@acme.example"})
    await Cycle.create(**valid[Cycle] | {"id": CYCLE})
    await Objective.create(**valid[Objective] | {"id": ABOVE})
    await Objective.create(**valid[Objective] | {"id": BELOW})
    await KeyResult.create(**valid[KeyResult] | {"id": NUMBER, "objective_id": ABOVE})
    await Dependency.create(**valid[Dependency] | {"id": NEEDED})
    await DependencyCheckIn.create(**valid[DependencyCheckIn] | {"id": new_key()})
    await execute("INSERT INTO log_head (organization_id) VALUES (:id)", id=ORGANIZATION)
    await execute(
        "INSERT INTO change_log VALUES "
        "(:id, 1, :end, 'Bulk', 'Organization', :id, 1, '[]', '[]', '[]', NULL, NULL, NULL, '{}', :at)",
        id=ORGANIZATION,
        end=True,
        at=NOW,
    )
    await execute(
        "INSERT INTO mutation_receipt VALUES (:id, :actor, 'once', 'm', 'h', NULL, NULL, :at)",
        id=ORGANIZATION,
        actor=ADA,
        at=NOW,
    )


def changed_row(model: type[Model], changed: Mapping[str, Any]) -> Model:
    key: UUID = new_key()
    values = {name: key if value is ITSELF else value for name, value in changed.items()}
    return model(**{**ROWS[model], "id": key, **values})


class _Undone(Exception):
    pass


async def refusal_of(violation: Violation) -> str | None:
    """Say how the database refuses the row, None when it takes it; either way nothing stays."""
    refusal = None
    with suppress(_Undone):
        async with transaction():
            if violation.beside is not None:
                await changed_row(violation.model, violation.beside).save()
            try:
                async with transaction():
                    await changed_row(violation.model, violation.changed).save()
            except IntegrityError as error:
                refusal = str(error)
            raise _Undone
    return refusal


async def refusal_of_statement(statement: str) -> str | None:
    try:
        async with transaction():
            await execute(statement)
    except (asyncpg.CheckViolationError, sqlite3.IntegrityError) as error:
        return str(error)
    return None


@pytest.fixture
async def valid_rows(database):
    """The rows that others point at; written directly, so the audit takes them as given."""
    await write_valid_rows()
    await database.take_rows_as_given()


async def test_every_constraint_of_the_migrations_is_in_the_catalogue(database):
    named = set(named_by_migrations())

    assert len(named) > 40
    assert named - await in_catalogue() == set()


def test_every_constraint_of_the_migrations_has_a_violation_here():
    inline = {("UNIQUE", "slug"), ("UNIQUE", "token_hash")}
    violated = {("CHECK", name) for name in [*CHECKS, *WORD_CHECKS, *SPINE_CHECKS]} | {
        ("UNIQUE", name) for name in UNIQUES
    }

    assert violated - inline == set(named_by_migrations())


@pytest.mark.usefixtures("valid_rows")
async def test_every_check_refuses_what_breaks_it():
    for name, violations in CHECKS.items():
        for violation in violations:
            refusal = await refusal_of(violation)
            assert refusal is not None, f"{name} lets {violation} pass"
            assert name in refusal


@pytest.mark.usefixtures("valid_rows")
async def test_every_unique_refuses_a_second_row():
    for name, violations in UNIQUES.items():
        for violation in violations:
            refusal = await refusal_of(violation)
            assert refusal is not None, f"{name} lets {violation} pass"
            assert "unique" in refusal.lower()


@pytest.mark.usefixtures("valid_rows")
async def test_the_spine_refuses_what_breaks_it():
    for name, statement in SPINE_CHECKS.items():
        refusal = await refusal_of_statement(statement)
        assert refusal is not None, f"{name} lets {statement} pass"
        assert name in refusal
    assert await refusal_of_statement("UPDATE log_epoch SET one = 2") is not None


@pytest.mark.usefixtures("valid_rows")
async def test_every_list_of_words_refuses_another_word():
    for name, statements in WORD_CHECKS.items():
        for statement in statements:
            refusal = await refusal_of_statement(statement)
            assert refusal is not None, f"{name} lets {statement} pass"
            assert name in refusal


@pytest.mark.usefixtures("valid_rows")
async def test_rows_that_break_nothing_are_taken():
    for model in ROWS:
        assert await refusal_of(Violation(model, {})) is None
    for allowed in ALLOWED:
        assert await refusal_of(allowed) is None
