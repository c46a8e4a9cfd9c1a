"""The pump: steps while there is work, waits when there is none, backs off when it fails, and drains at the end."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from tests.kernel.virtual_time import in_virtual_time, settled

from careplane.kernel.errors import Unavailable
from careplane.kernel.resting import LONGEST_REST_SECONDS
from careplane.storage.pump import LONGEST_BACKOFF_SECONDS, Pump

Script = Callable[[], Awaitable[bool]]


class Bench:
    """A pump over a pile of work."""

    def __init__(self, *, idle: float = 1.0, rest: float = 0.0) -> None:
        self.pile = 0
        self.steps: list[float] = []
        self.reported: list[Exception] = []
        self.errors: list[Exception] = []
        self.takes = 0.0
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.pump = Pump("pump", self.step, lambda _name, error: self.reported.append(error), idle=idle, rest=rest)

    async def step(self) -> bool:
        """Do one piece of work."""
        self.steps.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes)
        await self.hangs.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.pile = max(0, self.pile - 1)
        return self.pile > 0

    def gaps(self) -> list[float]:
        """Tell how much time lay between the steps."""
        return [after - before for before, after in pairwise(self.steps)]


def test_it_works_as_long_as_there_is_work_and_then_waits() -> None:
    """Steps follow each other until nothing is left; after that it looks again only now and then."""

    async def run() -> None:
        bench = Bench(idle=60.0)
        bench.pile = 5
        assert bench.steps == []
        bench.pump.start()
        await asyncio.sleep(1)
        assert (len(bench.steps), bench.pile) == (5, 0)
        await asyncio.sleep(100)
        assert len(bench.steps) == 6
        await bench.pump.stop()

    in_virtual_time(run())


def test_a_wake_is_never_missed() -> None:
    """Woken while it waits it works at once; woken in the middle of a step it works once more."""

    async def run() -> None:
        bench = Bench(idle=1000.0)
        bench.pump.start()
        await asyncio.sleep(1)
        assert len(bench.steps) == 1
        bench.pump.wake()
        await asyncio.sleep(1)
        assert len(bench.steps) == 2
        bench.hangs.clear()
        bench.pump.wake()
        await asyncio.sleep(1)
        bench.pump.wake()  # the third step is running and may have looked already
        bench.hangs.set()
        await asyncio.sleep(1)
        assert len(bench.steps) == 4
        await bench.pump.stop()

    in_virtual_time(run())


def test_it_rests_between_steps() -> None:
    """However often it is woken, there is a rest in which work gathers."""

    async def run() -> None:
        bench = Bench(rest=0.5)
        bench.pile = 4
        bench.pump.start()
        await asyncio.sleep(1.9)
        assert bench.gaps() == pytest.approx([0.5] * 3)
        await bench.pump.stop()

    in_virtual_time(run())


@pytest.mark.parametrize(("takes", "rests"), [(0.01, 0.04), (1.0, LONGEST_REST_SECONDS)])
def test_it_rests_longer_after_a_longer_step(takes: float, rests: float) -> None:
    """Under load each step finds the more to do, but nobody waits for long."""

    async def run() -> None:
        bench = Bench()
        bench.takes, bench.pile = takes, 4
        bench.pump.start()
        await asyncio.sleep(4 * (takes + rests))
        assert bench.gaps()[:3] == pytest.approx([takes + rests] * 3)
        await bench.pump.stop()

    in_virtual_time(run())


def test_it_backs_off_and_comes_back() -> None:
    """Failures are tried again ever more slowly, up to a limit; the first success ends that."""

    async def run() -> None:
        bench = Bench(idle=0.01)
        bench.errors = [Unavailable() for _ in range(12)]
        bench.pump.start()
        await asyncio.sleep(12 * LONGEST_BACKOFF_SECONDS)
        failed = bench.gaps()[:12]
        assert failed[0] < 0.2
        assert LONGEST_BACKOFF_SECONDS / 2 <= failed[-1] <= LONGEST_BACKOFF_SECONDS + 0.1
        assert all(later > earlier / 2 for earlier, later in pairwise(failed))
        assert bench.pump.failures == 0
        await bench.pump.stop()

    in_virtual_time(run())


def test_what_is_reported() -> None:
    """An outage once, however long it lasts, and again if it comes again; a fault every time."""

    async def run() -> None:
        bench = Bench(idle=0.01)
        faults = [ValueError(), ValueError()]
        bench.errors = [Unavailable(), Unavailable(), Unavailable(), *faults]
        bench.pump.start()
        await asyncio.sleep(60)
        assert [type(error) for error in bench.reported] == [Unavailable, ValueError, ValueError]
        bench.errors = [Unavailable()]
        await asyncio.sleep(60)
        assert [type(error) for error in bench.reported[3:]] == [Unavailable]
        await bench.pump.stop()

    in_virtual_time(run())


def test_a_cancellation_from_within_does_not_end_it() -> None:
    """Where something that a step waited for was cancelled, it is a failure like any other."""

    async def run() -> None:
        bench = Bench(idle=0.01)
        stray = asyncio.get_running_loop().create_future()
        stray.cancel()
        steps: list[int] = []

        async def step() -> bool:
            steps.append(1)
            if len(steps) == 1:
                await stray
            return False

        pump = Pump("pump", step, lambda _name, error: bench.reported.append(error))
        pump.start()
        await asyncio.sleep(10)
        assert len(steps) > 1
        assert len(bench.reported) == 1
        await pump.stop()

    in_virtual_time(run())


def test_stop_drains() -> None:
    """What is there when it is stopped is done before it returns, without a wait; nothing runs afterwards."""

    async def run() -> None:
        bench = Bench(idle=1000.0, rest=1000.0)
        bench.pump.start()
        await asyncio.sleep(1)
        bench.pile = 30
        before = asyncio.get_running_loop().time()
        await bench.pump.stop()
        assert bench.pile == 0
        assert asyncio.get_running_loop().time() == before
        steps = len(bench.steps)
        bench.pump.wake()
        await asyncio.sleep(3000)
        assert len(bench.steps) == steps

    in_virtual_time(run())


def test_stop_does_not_wait_out_a_failure() -> None:
    """Where the work cannot be done, stopping means one more try and no back-off."""

    async def run() -> None:
        bench = Bench(idle=0.01)
        bench.errors = [Unavailable() for _ in range(100)]
        bench.pump.start()
        await asyncio.sleep(30)
        before = asyncio.get_running_loop().time()
        await bench.pump.stop(within=4.0)
        assert asyncio.get_running_loop().time() == before

    in_virtual_time(run())


def test_stop_ends_a_step_that_hangs() -> None:
    """After the time allowed the step is cancelled; what it worked on is there at the next start."""

    async def run() -> None:
        bench = Bench()
        bench.hangs.clear()
        bench.pump.start()
        await settled()
        before = asyncio.get_running_loop().time()
        await bench.pump.stop(within=4.0)
        assert asyncio.get_running_loop().time() - before == pytest.approx(4.0)

    in_virtual_time(run())


async def test_stop_without_start() -> None:
    """There is nothing to stop."""
    await Bench().pump.stop()
