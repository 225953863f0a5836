from okrgraph.web.pages import Readiness


async def test_a_server_that_can_serve_is_ready_until_it_stops() -> None:
    asked = 0

    async def can_serve() -> bool:
        nonlocal asked
        asked += 1
        return True

    readiness = Readiness(can_serve)
    before = await readiness.is_ready()
    readiness.is_stopping = True
    after = await readiness.is_ready()

    assert (before, after, asked) == (True, False, 1)


async def test_a_server_that_cannot_be_asked_is_not_ready() -> None:
    async def can_serve() -> bool:
        raise TimeoutError

    assert not await Readiness(can_serve).is_ready()


async def test_a_server_that_has_not_learned_its_epoch_is_not_ready() -> None:
    async def can_serve() -> bool:
        return False

    assert not await Readiness(can_serve).is_ready()
