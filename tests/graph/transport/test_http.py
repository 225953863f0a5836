import asyncio
from typing import Any

import httpx
import pytest

from tests.graph.transport.client import Serve, Served, code_of
from tests.graph.transport.toy import SECRET

RESPONSE_JSON = {"Accept": "application/graphql-response+json"}


async def test_a_query_by_post_is_answered(served: Served) -> None:
    response = await served.post("query Q($t: String!) { me echo(text: $t) }", variables={"t": "é"})

    assert response.status_code == 200
    assert response.json() == {"data": {"me": "ada", "echo": "é"}}


async def test_a_query_by_get_is_answered(served: Served) -> None:
    parameters = {
        "query": "query A { me } query B($t: String!) { echo(text: $t) }",
        "operationName": "B",
        "variables": '{"t":"x"}',
        "extensions": "",
    }
    response = await served.http.get("/graphql", params=parameters)

    assert response.status_code == 200
    assert response.json() == {"data": {"echo": "x"}}


async def test_a_mutation_runs_by_post_and_never_by_get(served: Served) -> None:
    by_get = await served.http.get("/graphql", params={"query": "mutation { add }"})

    assert (by_get.status_code, code_of(by_get)) == (405, "METHOD_NOT_ALLOWED")
    assert by_get.headers["allow"] == "POST"
    assert served.world.mutations == 0
    assert (await served.post("mutation { add }")).json() == {"data": {"add": 1}}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused_with_allow(served: Served, method: str) -> None:
    headers = {"X-HTTP-Method-Override": "POST"}
    response = await served.http.request(method, "/graphql", json={"query": "{ me }"}, headers=headers)

    assert (response.status_code, code_of(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("authorization", ["", "Bearer nobody", "Basic ada", "ada"])
async def test_a_missing_or_unknown_credential_is_refused_before_the_body_is_read(
    served: Served, authorization: str
) -> None:
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    response = await served.http.post("/graphql", content=b"not JSON", headers=headers)

    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == "Bearer"
    assert served.world.contexts == 0


async def test_a_token_in_the_url_is_no_credential(served: Served) -> None:
    response = await served.http.get(
        "/graphql", params={"query": "{ me }", "token": "ada"}, headers={"Authorization": ""}
    )

    assert response.status_code == 401


async def test_two_authorization_headers_are_refused(served: Served) -> None:
    headers = [("Authorization", "Bearer ada"), ("Authorization", "Bearer bob")]
    async with httpx.AsyncClient(base_url=served.http.base_url) as client:
        response = await client.post("/graphql", json={"query": "{ me }"}, headers=headers)

    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")


async def test_a_failing_credential_check_is_masked(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    response = await served.post("{ me }", {"Authorization": "Bearer broken"})

    assert (response.status_code, code_of(response)) == (500, "INTERNAL")
    assert SECRET not in response.text
    assert response.json()["errors"][0]["extensions"]["id"] in caplog.text


@pytest.mark.parametrize("path", ["/graphql", "/graphql?query=%7Bme%7D"])
async def test_every_answer_forbids_sniffing_and_storing_and_names_no_server(
    served: Served, path: str
) -> None:
    response = await served.http.get(path)

    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert "server" not in response.headers


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
    ],
)
async def test_the_answer_has_the_media_type_asked_for(served: Served, accept: str, media_type: str) -> None:
    response = await served.post("{ me }", {"Accept": accept})

    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert response.json() == {"data": {"me": "ada"}}


async def test_without_accept_the_answer_has_the_media_type_of_graphql(served: Served) -> None:
    request = served.http.build_request("POST", "/graphql", json={"query": "{ me }"})
    del request.headers["accept"]
    response = await served.http.send(request)

    assert response.headers["content-type"] == "application/graphql-response+json; charset=utf-8"


async def test_an_answer_nobody_accepts_is_refused(served: Served) -> None:
    response = await served.post("{ me }", {"Accept": "text/html"})

    assert (response.status_code, code_of(response)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query($t: String!) { echo(text: $t) }"}, "BAD_USER_INPUT"),
        ({"query": "query($c: Colour!) { paint(colour: $c) }", "variables": {"c": "RED"}}, "BAD_USER_INPUT"),
        ({"query": "query A { me } query B { me }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A { me }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "fragment F on Query { me }"}, "OPERATION_RESOLUTION_FAILURE"),
    ],
)
async def test_an_operation_that_cannot_run_is_400_for_the_new_media_type_and_200_for_the_old(
    served: Served, body: dict[str, Any], code: str
) -> None:
    new = await served.http.post("/graphql", json=body, headers=RESPONSE_JSON)
    old = await served.http.post("/graphql", json=body, headers={"Accept": "application/json"})

    assert (new.status_code, code_of(new)) == (400, code)
    assert (old.status_code, code_of(old)) == (200, code)


async def test_an_error_in_a_field_leaves_the_rest_of_the_answer(served: Served) -> None:
    response = await served.post("{ me deliberate }", RESPONSE_JSON)

    assert response.status_code == 200
    assert response.json() == {
        "data": {"me": "ada", "deliberate": None},
        "errors": [
            {
                "message": "No such thing.",
                "locations": [{"line": 1, "column": 6}],
                "path": ["deliberate"],
                "extensions": {"code": "NOT_FOUND"},
            }
        ],
    }


async def test_a_subscription_needs_a_stream(served: Served) -> None:
    response = await served.post("subscription { count(to: 1) }")

    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")


async def test_an_answer_that_cannot_be_encoded_is_masked(served: Served) -> None:
    response = await served.post("{ huge }")

    assert (response.status_code, code_of(response)) == (500, "INTERNAL")


@pytest.mark.parametrize(("headers", "status"), [({}, 200), (RESPONSE_JSON, 504)])
async def test_an_operation_that_takes_too_long_is_cancelled(
    serve: Serve, headers: dict[str, str], status: int
) -> None:
    served = await serve(operation_seconds=0.05)

    response = await served.post("{ slow also: slow }", headers)

    assert (response.status_code, code_of(response)) == (status, "TIMEOUT")
    assert served.world.cancelled.is_set()


async def test_an_operation_is_cancelled_when_its_client_leaves(served: Served) -> None:
    task = asyncio.create_task(served.post("{ slow }"))
    await served.world.started.wait()
    task.cancel()

    async with asyncio.timeout(1):
        await served.world.cancelled.wait()
    await served.settled()
