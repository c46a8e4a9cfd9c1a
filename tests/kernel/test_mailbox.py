"""The mailbox: order within a key, keys side by side, its bound, failures and a clean end."""

import asyncio

import pytest
from tests.kernel.counter import Counter
from tests.kernel.desk import DO, GREET, LOOK, Ask, Said
from tests.kernel.virtual_time import settled

from careplane.kernel.context import Context, current, using
from careplane.kernel.contract import Method
from careplane.kernel.errors import (
    Internal,
    NotFound,
    Overloaded,
    Unavailable,
)
from careplane.kernel.mailbox import Mailbox
from careplane.kernel.message import Message


async def test_commands_of_one_key_run_in_order_one_at_a_time() -> None:
    """The second starts when the first has ended, and each gets its own answer."""
    counter = Counter()
    calls = [await counter.ask(text) for text in "123"]
    for n, text in enumerate("123"):
        assert counter.clerk.started == list("123")[: n + 1]
        counter.clerk.finish(text)
        assert await calls[n] == Said(text=text)
        await settled()
    assert counter.at_rest()


async def test_different_keys_run_side_by_side() -> None:
    """A hundred keys with a command each all run at once."""
    counter = Counter()
    calls = [await counter.ask(str(n), key=str(n)) for n in range(100)]
    assert len(counter.clerk.started) == 100
    for n in range(100):
        counter.clerk.finish(str(n))
    await asyncio.gather(*calls)
    await settled()
    assert counter.at_rest()


async def test_queries_do_not_wait_for_commands() -> None:
    """Queries of a key run while a command of that key runs, any number of them."""
    counter = Counter()
    command = await counter.ask("command")
    queries = [await counter.ask(f"query {n}", method=LOOK) for n in range(3)]
    assert len(counter.clerk.started) == 4
    for n in range(3):
        counter.clerk.finish(f"query {n}")
    assert await asyncio.gather(*queries) == [Said(text=f"query {n}") for n in range(3)]
    assert not command.done()
    counter.clerk.finish("command")
    await command


async def test_one_too_many_is_refused_at_once() -> None:
    """Waiting and running commands and queries all count, and an answer makes room for one."""
    counter = Counter(bound=3)
    first = await counter.ask("1")
    await counter.ask("2")
    await counter.ask("3", method=LOOK)
    for method in (DO, LOOK):
        refused = await counter.ask("4", key="other", method=method)
        assert isinstance(refused.exception(), Overloaded)
        assert "4" not in counter.clerk.started
    counter.clerk.finish("1")
    await first
    await counter.ask("5", key="other")
    assert counter.clerk.started == ["1", "3", "2", "5"]
    for text in "235":
        counter.clerk.finish(text)


async def test_strangers_leave_room_for_those_who_are_none() -> None:
    """What anybody may call fills a quarter of the places at most; the others take what they are given."""
    counter = Counter(bound=8)
    greeted = [await counter.ask(text, method=GREET) for text in "12"]
    refused = await counter.ask("3", method=GREET)
    assert isinstance(refused.exception(), Overloaded)
    rest = [await counter.ask(text, method=LOOK) for text in "456789"]
    assert counter.clerk.started == [*"12", *"456789"]
    counter.clerk.finish("1")
    await greeted[0]
    greeted.append(await counter.ask("0", method=GREET))
    for text in "0245678" + "9":
        counter.clerk.finish(text)
    assert await asyncio.gather(*greeted, *rest) == [Said(text=text) for text in "120456789"]


async def test_a_failure_is_its_callers_alone() -> None:
    """Whatever one command raises, those behind it run, and so do other keys."""
    counter = Counter()
    calls = [await counter.ask(text) for text in "1234"]
    counter.clerk.fail("1", NotFound())
    await settled()
    counter.clerk.fail("2", RuntimeError("unexpected"))
    await settled()
    counter.clerk.stray("3")
    await settled()
    counter.clerk.finish("4")
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [NotFound, RuntimeError, Internal, Said]
    await settled()
    assert counter.at_rest()


async def test_a_key_that_cannot_be_looked_up_takes_no_room() -> None:
    """A request that cannot be queued at all fails by itself and is not held."""
    counter = Counter()
    with pytest.raises(TypeError):
        await counter.mailbox(DO, Ask(key=[]))  # type: ignore[arg-type]
    assert counter.at_rest()


async def test_close_refuses_what_comes_and_drains_what_is_there() -> None:
    """It returns when the last answer is given, and commands that waited have run."""
    counter = Counter()
    calls = [await counter.ask(text) for text in "12"] + [await counter.ask("3", method=LOOK)]
    closing = asyncio.create_task(counter.mailbox.close())
    await settled()
    for method in (DO, LOOK):
        refused = await counter.ask("4", method=method)
        assert type(refused.exception()) is Unavailable
    for text in "123":
        assert not closing.done()
        counter.clerk.finish(text)
        await settled()
    await closing
    assert all(call.result() for call in calls)
    assert counter.at_rest()


async def test_close_of_an_idle_mailbox_returns_at_once() -> None:
    """Closing twice is as good as once."""
    counter = Counter()
    async with asyncio.timeout(1):
        await counter.mailbox.close()
        await counter.mailbox.close()


async def test_every_command_runs_in_its_own_callers_context() -> None:
    """The lane's worker lends each command the context of whoever sent it, not of whoever woke the lane."""
    seen: list[tuple[str, str, tuple[str, ...]]] = []

    async def actor(_method: Method, request: Message, /) -> Message:
        await asyncio.sleep(0)
        assert isinstance(request, Ask)
        seen.append((request.text, current().request_id, current().chain))
        return Said(text="")

    mailbox = Mailbox(actor, bound=9)

    async def ask(name: str) -> None:
        with using(Context(request_id=name)):
            await mailbox(DO, Ask(text=name))

    await asyncio.gather(*(ask(name) for name in "abc"))
    assert seen == [(name, name, ("desk",)) for name in "abc"]
