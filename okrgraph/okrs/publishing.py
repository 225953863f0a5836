"""The publish gate: what a draft still lacks before others see it; pure, facts in and findings out."""

from dataclasses import dataclass

from okrgraph.okrs.vocabulary import CycleState, ObjectiveLevel

_PUBLISHING_STATES = frozenset({CycleState.ALIGNING, CycleState.ACTIVE})
# More titles than this make the sentence unreadable.
_TITLES_NAMED = 3


@dataclass(frozen=True, slots=True)
class PublishFacts:
    """What the gate looks at.

    key_results_without_target: titles of those whose kind needs a target and that have none.
    live_links: own links to something above, PROPOSED or ACCEPTED.
    company_objectives_published: company objectives of the same cycle already published, without this one.
    """

    title: str
    has_owner: bool
    key_results: int
    key_results_without_target: tuple[str, ...]
    cycle_state: CycleState
    level: ObjectiveLevel
    live_links: int
    has_why_now: bool
    other_purpose_acknowledged: bool
    company_objectives_published: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One failed check: a stable code for programs and a sentence that says what to do."""

    code: str
    message: str


def publish_findings(facts: PublishFacts, company_cap: int = 5) -> list[Finding]:
    """List what stands in the way of publishing, in a fixed order; empty when the gate is open.

    Source: domain.md, section 4.
    """
    findings = _completeness(facts)
    if facts.cycle_state not in _PUBLISHING_STATES:
        message = f"Publish in a cycle that is ALIGNING or ACTIVE; this one is {facts.cycle_state}."
        findings.append(Finding("CYCLE_NOT_OPEN", message))
    if facts.level == ObjectiveLevel.COMPANY:
        if facts.company_objectives_published >= company_cap:
            message = (
                f"Close or merge a company objective first; the cycle already has "
                f"{facts.company_objectives_published} published and the limit is {company_cap}."
            )
            findings.append(Finding("TOO_MANY_COMPANY_OBJECTIVES", message))
    elif not (facts.live_links > 0 or facts.has_why_now or facts.other_purpose_acknowledged):
        message = (
            "Link the objective to what it supports, say why it matters now, or acknowledge another purpose."
        )
        findings.append(Finding("ALIGNMENT_MISSING", message))
    return findings


def _completeness(facts: PublishFacts) -> list[Finding]:
    findings = []
    if not facts.title.strip():
        findings.append(Finding("TITLE_MISSING", "Give the objective a title."))
    if not facts.has_owner:
        findings.append(Finding("OWNER_MISSING", "Name the one person who is accountable for the objective."))
    if facts.key_results < 1:
        findings.append(Finding("KEY_RESULT_MISSING", "Add at least one key result."))
    if facts.key_results_without_target:
        message = f"Set a target for {_listed(facts.key_results_without_target)}."
        findings.append(Finding("TARGET_MISSING", message))
    return findings


def _listed(titles: tuple[str, ...]) -> str:
    named = [f'"{title}"' for title in titles[:_TITLES_NAMED]]
    if len(titles) > _TITLES_NAMED:
        named.append(f"{len(titles) - _TITLES_NAMED} more")
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
