"""An organisation made by the actions, and what its export says."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from okrgraph.discussion.comments import NewComment, create_comment
from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.kit import clock
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.links import NewLink, accept_link, propose_link
from okrgraph.okrs.models import KeyResult, Objective
from okrgraph.okrs.vocabulary import LinkTestAnswer, MetricKind
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole, PersonStatus
from okrgraph.transfer.export.exporting import export
from okrgraph.transfer.formats.file_format import FileFormat
from okrgraph.transfer.models import ImportKey
from tests.building import GivenOrganization, add_person, make_organization

MONDAY = datetime(2026, 10, 5, 8, 30, tzinfo=UTC)
TUESDAY = datetime(2026, 10, 6, 9, 0, 0, 250_000, tzinfo=UTC)


async def exported(slug: str = "acme", file_format: FileFormat = FileFormat.CSV) -> str:
    parts: list[str] = []
    await export(slug, file_format, parts.append)
    return "".join(parts)


async def rows_of(kind: str, slug: str = "acme") -> dict[str, dict[str, str]]:
    """The rows of one type in an export, by key; columns with something in them, but for type and key."""
    rows = csv.DictReader(io.StringIO(await exported(slug), newline=""), strict=True)
    return {
        row["key"]: {name: cell for name, cell in row.items() if cell and name not in ("type", "key")}
        for row in rows
        if row["type"] == kind
    }


async def give_key(org: GivenOrganization, kind: str, key: str, entity_id: UUID) -> None:
    """Let an import have named something."""
    await ImportKey.create(organization_id=org.id, entity_type=kind, entity_key=key, entity_id=entity_id)


@dataclass(frozen=True, slots=True)
class Acme:
    org: GivenOrganization
    growth: Team
    ada: Viewer
    bo: Viewer
    win: Objective
    deals: KeyResult
    grow: Objective


async def make_acme() -> Acme:
    """On Monday: everything once, with keys, and with text that a spreadsheet would run."""
    with clock.held_at(MONDAY):
        org = await make_organization("acme", name="=Acme", time_zone="Europe/Oslo")
        growth = await org.team("'+Growth")
        ada = await org.person("Ada", {org.company: MemberRole.LEAD}, admin=True)
        bo = await org.person(
            "Bo",
            {growth: MemberRole.MEMBER, org.company: MemberRole.VIEWER},
            manager_id=ada.person_id,
            time_zone="Asia/Tokyo",
        )
        await add_person(org.operator, {}, name="Cy", email="cy@acme.example", status=PersonStatus.SUSPENDED)
        days = {"starts_on": date(2026, 10, 5), "ends_on": date(2027, 1, 3)}
        cycle = await org.cycle(name="Q4 2026", **days)
        win = await org.objective(
            ada, title="Win, at last", owner_id=ada.person_id, reviewer_id=bo.person_id, published=True
        )
        deals = await org.key_result(
            win, ada, title="Deals", metric_kind=MetricKind.CURRENCY, unit="€", target_value=12.5, weight=2.0
        )
        grow = await org.objective(bo, team=growth, co_owners=(org.company,), why_now='It is "now"\nor not')
        named: dict[str, Any] = {"company": org.company, "growth:eu": growth}
        for key, team in named.items():
            await give_key(org, "team", key, team.id)
        await give_key(org, "cycle", "q4", cycle.id)
        await give_key(org, "objective", "win", win.id)
        await give_key(org, "objective", "@grow", grow.id)
        await give_key(org, "key_result", "deals", deals.id)
    acme = Acme(org, growth, ada, bo, win, deals, grow)
    with clock.held_at(TUESDAY):
        await _discuss(acme)
    return acme


async def _discuss(acme: Acme) -> None:
    link = NewLink(acme.deals.id, rationale="-1 + 2", weight=0.5, answer=LinkTestAnswer.MAYBE)
    link_id = (await propose_link(acme.bo, acme.grow.id, link)).entity_id
    await accept_link(acme.ada, link_id, LinkTestAnswer.YES, "Good")
    await give_key(acme.org, "link", "grow-deals", link_id)
    day = NewCheckIn(acme.deals.id, confidence=4, value=-3.0, note="Slow\r\nstart")
    check_in_id = (await check_in(acme.ada, day)).entity_id
    await give_key(acme.org, "check_in", "first", check_in_id)
    comment = NewComment(SubjectType.CHECK_IN, check_in_id, "Why?", CommentKind.QUESTION)
    comment_id = (await create_comment(acme.bo, comment)).entity_id
    await give_key(acme.org, "comment", "why", comment_id)
