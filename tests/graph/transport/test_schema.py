import asyncio

from tests.graph.transport.client import Serve, Served
from tests.graph.transport.toy import ToyContext, World, make_schema


async def test_each_request_sees_a_context_of_its_own(served: Served) -> None:
    numbers = [(await served.post("{ context }")).json()["data"]["context"] for _ in range(3)]

    assert numbers == [1, 2, 3]


async def test_all_fields_of_one_operation_see_the_same_context(served: Served) -> None:
    response = await served.post("{ context again: context }")

    assert response.json() == {"data": {"context": 1, "again": 1}}


async def test_two_operations_on_one_socket_see_different_contexts(served: Served) -> None:
    async with served.socket() as client:
        one = await client.execute("1", "{ context }")
        two = await client.execute("1", "{ context }")

    assert (one, two) == ({"data": {"context": 1}}, {"data": {"context": 2}})


async def test_each_event_of_a_subscription_sees_a_context_of_its_own(served: Served) -> None:
    async with served.socket() as client:
        await client.subscribe("1", "subscription { changes { context again: context } }")
        seen = []
        for _ in range(3):
            served.world.changes.put_nowait("x")
            seen.append((await client.receive())["payload"]["data"]["changes"])

    # The first context is that of the generator.
    assert seen == [{"context": number, "again": number} for number in (2, 3, 4)]


async def test_events_see_the_session_of_the_latest_recheck(serve: Serve) -> None:
    served = await serve(recheck_seconds=0.02)

    async with served.socket() as client:
        await client.subscribe("1", "subscription { changes { name } }")
        served.world.tokens["Bearer ada"] = "ada, promoted"
        async with asyncio.timeout(2):
            name = ""
            while name != "ada, promoted":
                served.world.changes.put_nowait("x")
                name = (await client.receive())["payload"]["data"]["changes"]["name"]


async def test_outside_of_a_call_there_is_neither_deadline_nor_renewed_context() -> None:
    schema = make_schema()
    context = ToyContext(World(), "ada", 7)
    context.world.changes.put_nowait("x")

    query = await schema.execute("{ context }", context_value=context)
    stream = await schema.subscribe("subscription { changes { context } }", context_value=context)
    event = await anext(stream)
    await stream.aclose()

    assert query.data == {"context": 7}
    assert event.data == {"changes": {"context": 7}}


def test_the_schema_also_runs_synchronously() -> None:
    result = make_schema().execute_sync("{ context }", context_value=ToyContext(World(), "ada", 7))

    assert (result.data, result.errors) == ({"context": 7}, None)
