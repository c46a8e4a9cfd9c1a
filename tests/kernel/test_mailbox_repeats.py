"""The mailbox and repeats: one command at a time under a caller's idempotency key."""

from tests.kernel.counter import Counter
from tests.kernel.desk import LOOK
from tests.kernel.virtual_time import settled

from careplane.kernel.errors import (
    Overloaded,
    StillRunning,
)
from careplane.kernel.principal import Principal

NURSE = Principal(id="nurse")


async def test_a_repeat_under_the_same_key_is_refused_while_the_first_is_held() -> None:
    """Waiting or running, on whatever record: the same caller's same idempotency key runs once at a time."""
    counter = Counter()
    first = await counter.ask("1", principal=NURSE, idempotency_key="k")
    await counter.ask("2", principal=NURSE, idempotency_key="waits")
    for key, held in (("a", "k"), ("other", "k"), ("other", "waits")):
        again = await counter.ask("again", key=key, principal=NURSE, idempotency_key=held)
        assert isinstance(again.exception(), StillRunning)
    assert counter.mailbox.held == 2
    counter.clerk.finish("1")
    await first
    await counter.ask("3", key="other", principal=NURSE, idempotency_key="k")
    assert counter.clerk.started == ["1", "2", "3"]
    for text in "23":
        counter.clerk.finish(text)
    await settled()
    assert counter.at_rest()


async def test_other_callers_other_keys_and_queries_are_not_repeats() -> None:
    """The rule is about one caller's one key, and only about commands."""
    counter = Counter()
    await counter.ask("1", "1", principal=NURSE, idempotency_key="k")
    await counter.ask("2", "2", principal=Principal(id="doctor"), idempotency_key="k")
    await counter.ask("3", "3", principal=NURSE, idempotency_key="l")
    await counter.ask("4", "4", principal=NURSE)
    await counter.ask("5", "5", principal=NURSE)
    await counter.ask("6", "6", principal=NURSE, idempotency_key="k", method=LOOK)
    assert counter.clerk.started == list("123456")
    for text in "123456":
        counter.clerk.finish(text)


async def test_the_key_is_free_when_the_command_has_ended_not_when_its_caller_left() -> None:
    """A caller who gives up and asks again is told to wait until the outcome is known."""
    counter = Counter()
    call = await counter.ask("1", principal=NURSE, idempotency_key="k")
    call.cancel()
    await settled()
    again = await counter.ask("2", "b", principal=NURSE, idempotency_key="k")
    assert isinstance(again.exception(), StillRunning)
    counter.clerk.fail("1", ValueError())
    await settled()
    await counter.ask("3", principal=NURSE, idempotency_key="k")
    assert counter.clerk.started == ["1", "3"]
    counter.clerk.finish("3")


async def test_a_refused_call_does_not_hold_its_key() -> None:
    """Overloaded means nothing was started, so that the key can be used at once when there is room."""
    counter = Counter(bound=1)
    await counter.ask("1")
    refused = await counter.ask("2", principal=NURSE, idempotency_key="k")
    assert isinstance(refused.exception(), Overloaded)
    counter.clerk.finish("1")
    await settled()
    await counter.ask("3", principal=NURSE, idempotency_key="k")
    assert counter.clerk.started == ["1", "3"]
    counter.clerk.finish("3")
