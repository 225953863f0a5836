"""What only the whole can show: one company, no circles, cycles that fit together."""

from tests.transfer.files import changed, load, okrs, organization, refusal_of, row

WHOLE = [*organization(), *okrs()]


async def test_a_new_organisation_needs_a_company(sqlite_database):
    assert await refusal_of([row("organization", "acme", title="Acme")]) == [
        "line 2, column parent: The company is missing: one row of type team without a parent."
    ]


async def test_the_company_stays_the_company(sqlite_database):
    await load(WHOLE)
    assert await refusal_of([row("team", "x", title="X")], organization="acme") == [
        "line 2, column parent: The company is 'Acme' already; name the team above this one."
    ]
    assert await refusal_of([row("team", "company", parent="growth")], organization="acme") == [
        "line 2, column parent: This team is the company, which has none above it."
    ]


async def test_teams_and_cycles_run_in_no_circle_with_what_the_database_holds(sqlite_database):
    year = {"start": "2026-01-01", "target": "2027-12-31", "kind": "CUSTOM"}
    more = [
        row("team", "sales", title="Sales", parent="growth"),
        row("cycle", "a", title="A", **year),
        row("cycle", "b", title="B", parent="a", **year),
    ]
    await load([*WHOLE, *more])
    rows = [row("team", "growth", parent="sales"), row("cycle", "a", parent="b")]
    assert await refusal_of(rows, organization="acme") == [
        "line 2, column parent: This closes a circle: 'growth' under 'sales' under 'growth'.",
        "line 3, column parent: This closes a circle: 'a' under 'b' under 'a'.",
    ]


async def test_links_close_no_circle_with_what_the_database_holds(sqlite_database):
    below = row("objective", "care", title="Care", team="growth", cycle="q4", parent="leads")
    await load([*WHOLE, below, row("key_result", "nps", title="NPS", parent="care")])
    names = "'win' under 'nps' under 'care' under 'leads' under 'grow' under 'deals' under 'win'"
    assert await refusal_of([row("objective", "win", parent="nps")], organization="acme") == [
        f"line 2, column parent: This closes a circle: {names}."
    ]


async def test_every_circle_is_reported(sqlite_database):
    rows = [
        row("objective", key, title=key, cycle="q4", team="growth", parent=parent)
        for key, parent in (("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"))
    ]
    found = await refusal_of([*organization(), *rows])
    assert len(found) == 2
    assert all("This closes a circle" in problem for problem in found)


async def test_horizontal_and_ended_links_may_run_in_circles(database):
    rows = [
        row("link", "r", child="win", parent="leads", kind="RELATES"),
        row("link", "w", child="win", parent="calls", state="WITHDRAWN"),
    ]
    assert (await load([*WHOLE, *rows])).created["link"] == 3


async def test_objectives_are_linked_across_cycles_that_overlap(sqlite_database):
    rows = changed([*WHOLE, row("cycle", "q1", title="Q1", start="2027-01-04", target="2027-03-28")], "grow")
    refused = "The cycles of an objective and of what it supports must overlap; these two do not."
    assert await refusal_of(changed(rows, "grow", cycle="q1")) == [f"line 11, column parent: {refused}"]
    await load(rows)
    assert await refusal_of([row("objective", "win", cycle="q1")], organization="acme") == [
        f"line 2, column cycle: {refused}"
    ]
    assert await refusal_of([row("objective", "grow", cycle="q1")], organization="acme") == [
        f"line 2, column cycle: {refused}"
    ]
    assert (await load([row("cycle", "q1", start="2027-01-03")], organization="acme")).changed == {"cycle": 1}
    moved = await load([row("objective", "grow", cycle="q1")], organization="acme")
    assert moved.changed == {"objective": 1}
    assert await refusal_of([row("cycle", "q1", start="2027-01-04")], organization="acme") == [
        f"line 2, column start: {refused}"
    ]


async def test_quarters_of_one_year_do_not_overlap(sqlite_database):
    rows = [
        row("cycle", "y", title="2027", start="2027-01-01", target="2027-12-31", kind="ANNUAL"),
        row("cycle", "a", title="A", start="2027-01-01", target="2027-03-31", parent="y"),
        row("cycle", "b", title="B", start="2027-03-31", target="2027-06-30", parent="y"),
    ]
    assert await refusal_of([*WHOLE, *rows]) == ["line 16, column start: The quarters 'A' and 'B' overlap."]


async def test_a_backlog_holds_drafts(sqlite_database):
    backlog = row("cycle", "later", title="Later", kind="BACKLOG")
    idea = row("objective", "x", title="X", cycle="later", team="growth")
    assert await refusal_of([*WHOLE, backlog, {**idea, "state": "PUBLISHED"}]) == [
        "line 15, column state: A BACKLOG holds drafts only; publish in a cycle with dates."
    ]
    assert (await load([*WHOLE, backlog, idea])).created["objective"] == 3
    assert await refusal_of([row("objective", "grow", cycle="later")], organization="acme") == [
        "line 2, column cycle: A BACKLOG holds drafts only; publish in a cycle with dates."
    ]


async def test_a_cycle_with_published_objectives_becomes_no_backlog(sqlite_database):
    await load([*WHOLE, row("cycle", "idle", title="Idle", start="2026-10-05", target="2026-12-31")])
    assert await refusal_of([row("cycle", "q4", kind="BACKLOG")], organization="acme") == [
        "line 2, column kind: This cycle holds published objectives; a BACKLOG holds drafts only."
    ]
    assert (await load([row("cycle", "idle", kind="BACKLOG")], organization="acme")).changed == {"cycle": 1}
