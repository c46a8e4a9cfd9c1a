"""Child processes: their words are passed on, they are started again when they die, and stopped when asked."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable

import pytest
from tests.end_to_end.program import until_true_async

from careplane.app.children import Child
from careplane.app.setup_error import SetupError

READY = "print('Careplane serves nothing', flush=True); "
SLEEPS = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); " + READY + "time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY + "time.sleep(60)"
LISTENS = "import sys; " + READY + "sys.stdin.read(); print('nobody is there any more', flush=True)"

MakeChild = Callable[..., Child]


@pytest.fixture
def said() -> list[str]:
    """Give what the children have said."""
    return []


@pytest.fixture
async def make_child(said: list[str]) -> AsyncIterator[MakeChild]:
    """Give a way to make children out of Python; they are stopped at the end."""
    made: list[Child] = []

    def make(code: str, **options: float) -> Child:
        made.append(Child("one", (sys.executable, "-c", code), os.environ, said.append, **options))
        return made[-1]

    yield make
    for child in made:
        await child.stop()


async def test_its_words_are_passed_on_until_it_is_stopped(make_child: MakeChild, said: list[str]) -> None:
    """Line by line, from both streams; it is ready when it says so."""
    child = make_child("import sys; sys.stderr.write('hello\\n'); " + SLEEPS)
    life = child.start()
    async with asyncio.timeout(20):
        await child.ready.wait()
        await child.stop()
        await life
    assert said == ["hello", "Careplane serves nothing", "stopped"]


async def test_one_that_dies_is_started_again(make_child: MakeChild, said: list[str]) -> None:
    """After a little while, and as often as it dies."""
    child = make_child(SLEEPS)
    child.start()
    async with asyncio.timeout(20):
        await child.ready.wait()
    first = child.process
    assert first is not None
    first.kill()
    await until_true_async(lambda: child.process is not first and said.count("Careplane serves nothing") == 2)
    assert "ended with -9 and is started again in 0.5 s" in said


async def test_one_that_never_became_ready_is_a_mistake_to_be_told(make_child: MakeChild, said: list[str]) -> None:
    """Starting it again would say the same for ever."""
    life = make_child("import sys; print('no database'); sys.exit(1)").start()
    with pytest.raises(SetupError, match="one could not be started"):
        async with asyncio.timeout(20):
            await life
    assert said == ["no database"]


async def test_one_that_will_not_stop_is_killed(make_child: MakeChild, said: list[str]) -> None:
    """It had its time, and that is said."""
    child = make_child(STUBBORN, stop_s=0.2)
    life = child.start()
    async with asyncio.timeout(20):
        await child.ready.wait()
        await child.stop()
        await life
    assert said[-2:] == ["did not stop within 0.2 s and is killed", "ended with -9"]


async def test_one_waiting_to_be_started_again_is_not(make_child: MakeChild, said: list[str]) -> None:
    """Stopping does not wait for the pause to end."""
    child = make_child("import sys; " + READY + "sys.exit(3)")
    life = child.start()
    await until_true_async(lambda: any("is started again" in line for line in said))
    async with asyncio.timeout(20):
        await child.stop()
        await life
    assert said == ["Careplane serves nothing", "ended with 3 and is started again in 0.5 s"]


async def test_one_hears_that_nobody_is_there_any_more(make_child: MakeChild, said: list[str]) -> None:
    """Its standard input ends with us."""
    child = make_child(LISTENS)
    child.start()
    async with asyncio.timeout(20):
        await child.ready.wait()
    assert child.process is not None
    assert child.process.stdin is not None
    child.process.stdin.close()
    await until_true_async(lambda: "nobody is there any more" in said)


async def test_a_line_too_long_is_left_out(make_child: MakeChild, said: list[str]) -> None:
    """What comes after it is not lost."""
    child = make_child("print('x' * 3_000_000); " + SLEEPS)
    child.start()
    async with asyncio.timeout(20):
        await child.ready.wait()
    assert said[0] == "(a line that was too long is left out)"
    assert said[-1] == "Careplane serves nothing"
