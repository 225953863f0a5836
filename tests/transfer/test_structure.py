async def test_a_cycle_with_published_objectives_becomes_no_backlog(sqlite_database):
    await load([*WHOLE, row("cycle", "idle", title="Idle", start="2026-10-05", target="2026-12-31")])
    assert await refusal_of([row("cycle", "q4", kind="BACKLOG")], organization="acme") == [
        "line 2, column kind: This cycle holds published objectives; a BACKLOG holds drafts only."
    ]
    assert (await load([row("cycle", "idle", kind="BACKLOG")], organization="acme")).changed == {"cycle": 1}
