"""One sentence about the objectives that an import publishes although the publish gate would not open."""

from collections import Counter
from uuid import UUID

from okrgraph.events.database import fetch_all
from okrgraph.okrs.progress import needs_target
from okrgraph.okrs.publishing import PublishFacts, publish_findings
from okrgraph.okrs.vocabulary import CycleState, MetricKind, ObjectiveLevel
from okrgraph.people.models import Organization
from okrgraph.transfer.spool import Spool, pieces

_AT_ONCE = 1_000
_TITLES_NAMED = 3

_FACTS = """
SELECT o.id, o.title, o.owner_id, o.cycle_id, c.state, o.level, o.why_now,
    (SELECT COUNT(*) FROM key_result k WHERE k.objective_id = o.id),
    (SELECT COUNT(*) FROM alignment_link l WHERE l.child_id = o.id AND l.state IN ('PROPOSED', 'ACCEPTED'))
FROM objective o JOIN cycle c ON c.id = o.cycle_id WHERE o.id = ANY(:ids)
"""
_WITHOUT_TARGET = """
SELECT objective_id, title, metric_kind FROM key_result
WHERE objective_id = ANY(:ids) AND target_value IS NULL ORDER BY id
"""
_COMPANY_OBJECTIVES = """
SELECT cycle_id, COUNT(*) FROM objective
WHERE organization_id = :organization AND level = 'COMPANY' AND state = 'PUBLISHED' GROUP BY cycle_id
"""


async def gate_warnings(spool: Spool, organization: Organization) -> list[str]:
    """The sentence, when there is something to say."""
    rows = await fetch_all(_COMPANY_OBJECTIVES, organization=organization.id)
    companies = Counter({str(row[0]): int(row[1]) for row in rows})
    titles: list[str] = []
    codes: Counter[str] = Counter()
    waived = 0
    for ids in pieces(spool.published(), _AT_ONCE):
        facts = await _facts(ids, companies)
        for key in ids:
            findings = publish_findings(facts[key], organization.company_objective_cap)
            codes.update(finding.code for finding in findings)
            waived += bool(findings)
            if findings and len(titles) < _TITLES_NAMED:
                titles.append(f'"{facts[key].title}"')
    return [_sentence(waived, titles, codes)] if waived else []


async def _facts(ids: list[UUID], companies: Counter[str]) -> dict[UUID, PublishFacts]:
    without_target: dict[str, list[str]] = {}
    for row in await fetch_all(_WITHOUT_TARGET, ids=ids):
        if needs_target(MetricKind(row[2])):
            without_target.setdefault(str(row[0]), []).append(row[1])
    return {
        UUID(str(row[0])): PublishFacts(
            title=row[1],
            has_owner=row[2] is not None,
            key_results=row[7],
            key_results_without_target=tuple(without_target.get(str(row[0]), ())),
            cycle_state=CycleState(row[4]),
            level=ObjectiveLevel(row[5]),
            live_links=row[8],
            has_why_now=row[6] is not None,
            other_purpose_acknowledged=False,
            company_objectives_published=companies[str(row[3])] - (row[5] == ObjectiveLevel.COMPANY),
        )
        for row in await fetch_all(_FACTS, ids=ids)
    }


def _sentence(count: int, titles: list[str], codes: Counter[str]) -> str:
    more = [f"{count - len(titles)} more"] if count > len(titles) else []
    reasons = ", ".join(f"{code} {number}" for code, number in sorted(codes.items()))
    subject = "1 objective is" if count == 1 else f"{count:,} objectives are"
    return (
        f"{subject} published although the publish gate would not open ({reasons}): "
        f"{', '.join([*titles, *more])}."
    )
