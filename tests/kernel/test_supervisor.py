"""The supervisor: a fault costs one answer and a restart, and too many of them end it."""

import asyncio

import pytest
from tests.kernel.desk import DO, Ask, Said
from tests.kernel.virtual_time import VirtualLoop, in_virtual_time, settled

from careplane.kernel.contract import Method
from careplane.kernel.errors import Internal, NotFound
from careplane.kernel.supervisor import Supervisor


class _Actor:
    """Does what the request's text says."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()

    async def do(self, request: Ask, /) -> Said:
        if request.text == "fault":
            raise KeyError(request.text)
        if request.text == "refuse":
            raise NotFound
        if request.text == "stray":
            waits = asyncio.get_running_loop().create_future()
            waits.cancel()
            await waits
        if request.text in ("late fault", "wait"):
            await self.gate.wait()
        if request.text == "late fault":
            raise ValueError(request.text)
        return Said(text=request.text)


class _Room:
    """A supervisor, the actors it made and the faults it reported."""

    def __init__(self) -> None:
        self.actors: list[_Actor] = []
        self.reported: list[Exception] = []
        self.supervisor = Supervisor(self._make, lambda _method, error: self.reported.append(error))

    def _make(self) -> _Actor:
        self.actors.append(_Actor())
        return self.actors[-1]

    async def fault(self, text: str = "fault") -> None:
        """Make the actor fail once."""
        with pytest.raises(Internal):
            await self.supervisor(DO, Ask(text=text))


async def test_a_fault_answers_internal_and_makes_a_new_actor() -> None:
    """The caller is told nothing of the fault, the report is told all, and the next call meets a new actor."""
    room = _Room()
    with pytest.raises(Internal) as answered:
        await room.supervisor(DO, Ask(text="fault"))
    assert "fault" not in answered.value.detail
    assert answered.value.meta == {"fault": "KeyError"}
    assert [type(error) for error in room.reported] == [KeyError]
    assert len(room.actors) == 2
    assert await room.supervisor(DO, Ask(text="fine")) == Said(text="fine")
    assert not room.supervisor.given_up.is_set()


async def test_an_error_on_purpose_restarts_nothing() -> None:
    """A PlatformError is an answer like any other."""
    room = _Room()
    for _ in range(20):
        with pytest.raises(NotFound):
            await room.supervisor(DO, Ask(text="refuse"))
    assert len(room.actors) == 1
    assert not room.reported
    assert not room.supervisor.given_up.is_set()


async def test_a_cancellation_from_within_is_a_fault() -> None:
    """Where something that the actor waited for was cancelled, the caller gets an answer and is not cancelled."""
    room = _Room()
    await room.fault("stray")
    assert len(room.actors) == 2
    assert len(room.reported) == 1


async def test_a_cancellation_from_outside_is_none() -> None:
    """A caller who goes away cancels the call, and the actor stays."""
    room = _Room()
    call = asyncio.create_task(room.supervisor(DO, Ask(text="wait")))
    await settled()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(room.actors) == 1
    assert not room.reported


async def test_late_faults_of_one_actor_count_once() -> None:
    """Calls that began together and fail one after another cost one restart: the new actor had no part in it."""
    room = _Room()
    calls = [asyncio.create_task(room.supervisor(DO, Ask(text="late fault"))) for _ in range(15)]
    await settled()
    room.actors[0].gate.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, Internal) for answer in answers)
    assert len(room.reported) == 15
    assert len(room.actors) == 2
    assert not room.supervisor.given_up.is_set()


@pytest.mark.parametrize(("faults", "apart_s", "gives_up"), [(9, 0.0, False), (10, 1.0, True), (60, 1.2, False)])
def test_ten_restarts_in_ten_seconds_are_too_many(faults: int, apart_s: float, gives_up: bool) -> None:
    """Ten within the window give up; fewer, or as many over a longer time, do not."""

    async def run() -> bool:
        room = _Room()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        for _ in range(faults):
            await room.fault()
            loop.now += apart_s
        return room.supervisor.given_up.is_set()

    assert in_virtual_time(run()) is gives_up


async def test_an_actor_that_cannot_be_made_again_ends_it() -> None:
    """The caller still gets Internal, both faults are reported, and whoever runs the process is told to end it."""
    made: list[_Actor] = []
    reported: list[Exception] = []

    def make() -> _Actor:
        if made:
            raise OSError
        made.append(_Actor())
        return made[0]

    def report(_method: Method, error: Exception) -> None:
        reported.append(error)

    supervisor = Supervisor(make, report)
    with pytest.raises(Internal):
        await supervisor(DO, Ask(text="fault"))
    assert [type(error) for error in reported] == [KeyError, OSError]
    assert supervisor.given_up.is_set()
