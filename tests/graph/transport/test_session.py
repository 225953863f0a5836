import asyncio

import pytest

from okrgraph.graph.transport.session import Admission, CredentialRefused, Session
from tests.graph.transport.toy import ToySession, World


async def test_an_admission_remembers_its_credential_and_keeps_the_latest_session() -> None:
    world = World()
    asked: list[str | None] = []
    answers = iter([ToySession(world, "first"), ToySession(world, "second"), None])

    async def admit(authorization: str | None) -> Session | None:
        asked.append(authorization)
        return next(answers)

    admission = await Admission.of(admit, "Bearer x")
    assert admission is not None
    assert admission.session == ToySession(world, "first")
    with pytest.raises(CredentialRefused):
        await admission.until_refused(0)

    assert admission.session == ToySession(world, "second")
    assert asked == ["Bearer x"] * 3


async def test_a_refused_credential_gives_no_admission() -> None:
    assert await Admission.of(World().admit, None) is None


async def test_a_check_that_fails_keeps_the_session_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    session = ToySession(world, "ada")
    answers = iter([ConnectionError("away"), ConnectionError("away"), None])

    async def admit(authorization: str | None) -> Session | None:
        answer = next(answers)
        if answer:
            raise answer
        return answer

    admission = Admission(admit, "Bearer x", session)
    with pytest.raises(CredentialRefused):
        async with asyncio.timeout(1):
            await admission.until_refused(0)

    assert admission.session is session
    assert len(caplog.records) == 2
