"""The context travels unseen with a call, and each task sees its own."""

import asyncio

import pytest

from careplane.kernel.context import Context, Trace, current, current_or_none, using
from careplane.kernel.principal import ANONYMOUS, Principal, component_principal


def test_outside_of_a_call_the_caller_is_anonymous() -> None:
    """There is always a context, and by default it may do nothing and has no limit."""
    assert current().principal == ANONYMOUS
    assert current().deadline is None
    assert current_or_none() is None
    with using(Context()):
        assert current_or_none() == Context()


def test_a_context_holds_for_the_body_only() -> None:
    """Contexts nest, and an error inside puts the outer one back all the same."""
    outer, inner = Context(request_id="outer"), Context(request_id="inner")

    def fail() -> None:
        with using(inner):
            assert current() is inner
            raise ZeroDivisionError

    with using(outer):
        with pytest.raises(ZeroDivisionError):
            fail()
        assert current() is outer
    assert current_or_none() is None


async def test_tasks_do_not_see_each_others_context() -> None:
    """Calls that run side by side keep their own callers, however they interleave."""
    seen: list[tuple[str, str]] = []

    async def call(name: str) -> None:
        with using(Context(request_id=name)):
            for _ in range(3):
                await asyncio.sleep(0)
                seen.append((name, current().request_id))

    await asyncio.gather(*(call(str(n)) for n in range(5)))
    assert len(seen) == 15
    assert all(expected == found for expected, found in seen)


def test_the_chain_grows_inside_a_component_and_nothing_else_changes() -> None:
    """What a component calls on behalf of a call carries the same caller, deadline and key."""
    context = Context(principal=Principal(id="u"), deadline=3.0, idempotency_key="k", request_id="r", chain=("a",))
    inside = context.inside("b")
    assert inside.chain == ("a", "b")
    assert context.chain == ("a",)
    assert (inside.principal, inside.deadline, inside.idempotency_key) == (context.principal, 3.0, "k")


def test_a_trace_writes_itself_as_w3c_says() -> None:
    """`traceparent` is version, trace id, span id and flags in hex."""
    trace = Trace(trace_id="ab" * 16, span_id="cd" * 8, flags=1)
    assert trace.traceparent == f"00-{'ab' * 16}-{'cd' * 8}-01"


def test_who_may_what() -> None:
    """A principal may do what its scopes name, and what is public; there are no wildcards or prefixes."""
    clerk = Principal(id="u", scopes=frozenset({"patients:read"}))
    assert clerk.may("patients:read")
    assert clerk.may("public")
    assert not clerk.may("patients:write")
    assert not clerk.may("patients")
    assert component_principal("patient", "billing:open").may("billing:open")
    assert not ANONYMOUS.may("patients:read")
