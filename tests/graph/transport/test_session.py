from okrgraph.graph.transport.execution import results
from okrgraph.graph.transport.payload import OperationRequest
from okrgraph.graph.transport.session import CALL, Admission, Call
from tests.graph.transport.client import Served
from tests.graph.transport.pushing import PUSHED, call_of
from tests.graph.transport.toy import ToyAdmit, ToySession, World, make_schema


async def test_an_admission_has_the_session_of_its_credential() -> None:
    world = World()
    admission = await Admission.of(ToyAdmit(world), "Bearer ada")

    assert admission is not None
    assert admission.session == ToySession(world, "ada")


async def test_a_refused_credential_gives_no_admission() -> None:
    assert await Admission.of(ToyAdmit(World()), None) is None


def test_an_admission_is_counted_by_the_session_that_it_began_with() -> None:
    world = World()
    admission = Admission(ToySession(world, "ada"))
    admission.session = ToySession(world, "bob")

    assert admission.key == "ada"


def test_refusing_what_is_not_open_does_nothing() -> None:
    Admission(ToySession(World(), "ada")).refuse()


async def test_a_call_has_the_executor_of_a_subscription_and_keeps_it_over_events(served: Served) -> None:
    async with served.socket() as client:
        await client.subscribe("1", PUSHED)
        call = await call_of(served)
        executor = call.executor
        assert executor is not None
        assert executor.operation.selection_set.selections[0].name.value == "pushed"  # type: ignore[attr-defined]
        served.world.changes.put_nowait("1")
        assert (await client.receive())["payload"] == {"data": {"pushed": "1"}}

        assert call.executor is executor


async def test_a_call_of_a_query_has_no_executor() -> None:
    world = World()
    admission = Admission(ToySession(world, "ada"))
    request = OperationRequest("{ me }", None, None, None)

    (result,) = [result async for result in results(make_schema(), request, admission, seconds=5)]

    assert result.data == {"me": "ada"}
    assert CALL.get() == Call(admission, 5)


async def test_a_call_says_what_a_socket_has(served: Served) -> None:
    async with served.socket() as client:
        await client.subscribe("1", PUSHED)
        call = await call_of(served)

        assert (call.last_event_id, call.seconds) == (None, 10.0)
        assert call.admission.session == ToySession(served.world, "ada")
