from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrgraph.okrs.publishing import Finding, PublishFacts, publish_findings
from okrgraph.okrs.vocabulary import CycleState, ObjectiveLevel

never_timed = settings(deadline=None)
BELOW_COMPANY = (ObjectiveLevel.DEPARTMENT, ObjectiveLevel.TEAM, ObjectiveLevel.INDIVIDUAL)
READY = PublishFacts(
    title="Win back lost customers",
    has_owner=True,
    key_results=2,
    key_results_without_target=(),
    cycle_state=CycleState.ACTIVE,
    level=ObjectiveLevel.TEAM,
    live_links=1,
    has_why_now=False,
    other_purpose_acknowledged=False,
    company_objectives_published=0,
)
COMPANY = replace(READY, level=ObjectiveLevel.COMPANY, live_links=0)


@pytest.mark.parametrize("state", [CycleState.ALIGNING, CycleState.ACTIVE])
@pytest.mark.parametrize("level", BELOW_COMPANY)
def test_a_complete_draft_passes(state: CycleState, level: ObjectiveLevel) -> None:
    assert publish_findings(replace(READY, cycle_state=state, level=level)) == []


@pytest.mark.parametrize("title", ["", " ", "\n\t"])
def test_a_title_is_needed(title: str) -> None:
    found = publish_findings(replace(READY, title=title))
    assert found == [Finding("TITLE_MISSING", "Give the objective a title.")]


def test_an_accountable_owner_is_needed() -> None:
    found = publish_findings(replace(READY, has_owner=False))
    assert found == [Finding("OWNER_MISSING", "Name the one person who is accountable for the objective.")]


def test_a_key_result_is_needed() -> None:
    found = publish_findings(replace(READY, key_results=0))
    assert found == [Finding("KEY_RESULT_MISSING", "Add at least one key result.")]


@pytest.mark.parametrize(
    ("titles", "message"),
    [
        (("Churn",), 'Set a target for "Churn".'),
        (("Churn", "NPS"), 'Set a target for "Churn" and "NPS".'),
        (("Churn", "NPS", "ARR"), 'Set a target for "Churn", "NPS" and "ARR".'),
        (("Churn", "NPS", "ARR", "MAU", "DAU"), 'Set a target for "Churn", "NPS", "ARR" and 2 more.'),
    ],
)
def test_the_key_results_without_a_target_are_one_finding_that_names_them(
    titles: tuple[str, ...], message: str
) -> None:
    found = publish_findings(replace(READY, key_results=5, key_results_without_target=titles))
    assert found == [Finding("TARGET_MISSING", message)]


@pytest.mark.parametrize(
    "state", [CycleState.PLANNING, CycleState.REVIEW, CycleState.CLOSED, CycleState.ARCHIVED]
)
def test_the_cycle_must_be_aligning_or_active(state: CycleState) -> None:
    found = publish_findings(replace(READY, cycle_state=state))
    message = f"Publish in a cycle that is ALIGNING or ACTIVE; this one is {state.value}."
    assert found == [Finding("CYCLE_NOT_OPEN", message)]


@pytest.mark.parametrize("level", BELOW_COMPANY)
def test_below_company_level_some_alignment_is_needed(level: ObjectiveLevel) -> None:
    alone = replace(READY, level=level, live_links=0)
    message = (
        "Link the objective to what it supports, say why it matters now, or acknowledge another purpose."
    )
    assert publish_findings(alone) == [Finding("ALIGNMENT_MISSING", message)]
    assert publish_findings(replace(alone, live_links=1)) == []
    assert publish_findings(replace(alone, has_why_now=True)) == []
    assert publish_findings(replace(alone, other_purpose_acknowledged=True)) == []


def test_a_company_objective_needs_nothing_above_it() -> None:
    assert publish_findings(COMPANY) == []


def test_the_sixth_company_objective_is_refused() -> None:
    assert publish_findings(replace(COMPANY, company_objectives_published=4)) == []
    message = (
        "Close or merge a company objective first; the cycle already has 5 published and the limit is 5."
    )
    assert publish_findings(replace(COMPANY, company_objectives_published=5)) == [
        Finding("TOO_MANY_COMPANY_OBJECTIVES", message)
    ]


def test_the_cap_is_a_setting_of_company_objectives_only() -> None:
    found = publish_findings(replace(COMPANY, company_objectives_published=2), company_cap=2)
    assert [finding.code for finding in found] == ["TOO_MANY_COMPANY_OBJECTIVES"]
    assert publish_findings(replace(COMPANY, company_objectives_published=5), company_cap=6) == []
    assert publish_findings(replace(READY, company_objectives_published=9), company_cap=2) == []


def test_every_failed_check_is_reported_at_once_in_a_fixed_order() -> None:
    empty = PublishFacts(
        title="",
        has_owner=False,
        key_results=0,
        key_results_without_target=("Churn",),
        cycle_state=CycleState.PLANNING,
        level=ObjectiveLevel.TEAM,
        live_links=0,
        has_why_now=False,
        other_purpose_acknowledged=False,
        company_objectives_published=9,
    )
    shared = [
        "TITLE_MISSING",
        "OWNER_MISSING",
        "KEY_RESULT_MISSING",
        "TARGET_MISSING",
        "CYCLE_NOT_OPEN",
    ]
    assert [finding.code for finding in publish_findings(empty)] == [*shared, "ALIGNMENT_MISSING"]
    company = replace(empty, level=ObjectiveLevel.COMPANY)
    assert [finding.code for finding in publish_findings(company)] == [
        *shared,
        "TOO_MANY_COMPANY_OBJECTIVES",
    ]


@never_timed
@given(
    facts=st.builds(
        PublishFacts,
        key_results=st.integers(0, 3),
        live_links=st.integers(0, 2),
        company_objectives_published=st.integers(0, 9),
    )
)
def test_each_check_fails_once_at_most_and_says_so_in_one_sentence(facts: PublishFacts) -> None:
    found = publish_findings(facts)
    codes = [finding.code for finding in found]
    assert len(set(codes)) == len(codes)
    assert all(finding.message[0].isupper() and finding.message.endswith(".") for finding in found)
