import httpx
import pytest
from starlette.applications import Starlette

from okrgraph.web.metrics import metrics_routes

HERE = ("127.0.0.1", 50_000)


async def _get(
    token: str = "", *, peer: tuple[str, int] = HERE, host: str = "127.0.0.1:8000", **headers: str
) -> httpx.Response:
    app = Starlette(routes=metrics_routes(token))
    transport = httpx.ASGITransport(app, client=peer)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://okr") as client:
        return await client.get("/metrics", headers={"host": host, **named})


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("127.0.0.1", "127.0.0.1:8000"),
        ("127.0.0.1", "localhost"),
        ("127.0.0.1", "LOCALHOST:9000"),
        ("127.9.9.9", "127.0.0.1"),
        ("::1", "[::1]:8000"),
    ],
)
async def test_a_client_on_this_machine_may_read_metrics(peer: str, host: str) -> None:
    answer = await _get(peer=(peer, 50_000), host=host)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=1.0.0; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "# TYPE okrgraph_deliveries_total counter" in answer.text.splitlines()


@pytest.mark.parametrize(
    ("peer", "host", "headers"),
    [
        ("10.0.0.7", "127.0.0.1:8000", {}),
        ("192.168.1.7", "localhost", {}),
        ("203.0.113.7", "okr.example.org", {}),
        ("::ffff:203.0.113.7", "localhost", {}),
        ("127.0.0.1", "okr.example.org", {}),
        ("127.0.0.1", "localhost.example.org", {}),
        ("127.0.0.1", "user@okr.example.org", {}),
        ("127.0.0.1", "[", {}),
        ("127.0.0.1", "", {}),
        ("127.0.0.1", "localhost", {"x_forwarded_for": "127.0.0.1"}),
        ("127.0.0.1", "localhost", {"forwarded": "for=203.0.113.7"}),
        ("127.0.0.1", "localhost", {"x_real_ip": "203.0.113.7"}),
        ("127.0.0.1", "localhost", {"via": "1.1 proxy"}),
    ],
)
async def test_anybody_else_is_told_that_there_are_none(
    peer: str, host: str, headers: dict[str, str]
) -> None:
    answer = await _get(peer=(peer, 50_000), host=host, **headers)

    assert (answer.status_code, answer.text) == (404, "Not Found")


TOKEN = "correct horse battery".replace(" ", "-")


async def test_with_a_token_whoever_sends_it_may_read_metrics_from_anywhere() -> None:
    answer = await _get(
        TOKEN, peer=("203.0.113.7", 1), host="okr.example.org", authorization=f"Bearer {TOKEN}"
    )

    assert answer.status_code == 200
    assert "# TYPE okrgraph_deliveries_total counter" in answer.text.splitlines()


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer ", TOKEN, f"Bearer {TOKEN}x", f"Basic {TOKEN}"])
async def test_with_a_token_nobody_else_may_not_even_from_this_machine(sent: str) -> None:
    answer = await _get(TOKEN, authorization=sent)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.text == "Send OKRGRAPH_METRICS_TOKEN as a bearer token.\n"
