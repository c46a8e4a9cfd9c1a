"""The parts of the stream by themselves: packing, errors as they travel, names of peers, and the budget of tries."""

import asyncio
import random

import msgspec
import pytest

from careplane.components.billing.api import BILLING
from careplane.kernel.context import Context
from careplane.kernel.contract import Kind
from careplane.kernel.errors import (
    Aborted,
    FailedPrecondition,
    FieldError,
    Gone,
    Internal,
    InvalidArgument,
    NotFound,
    PlatformError,
    Unavailable,
)
from careplane_pb.calls.v1.calls_pb2 import Error, ReplyBatch
from careplane_transports.grpc.breaker import Breaker
from careplane_transports.grpc.call import Outbound, Packing, Sent
from careplane_transports.grpc.errors import read, written
from careplane_transports.grpc.names import Endpoint, parsed, resolved
from careplane_transports.grpc.outgoing import Outgoing
from careplane_transports.grpc.replies import Answer
from careplane_transports.grpc.replies import Packing as ReplyPacking
from careplane_transports.grpc.retries import AT_LEAST, RetryBudget, is_repeatable, pause
from careplane_transports.grpc.settings import GrpcSettings

MESSAGE_BYTES = 65_536


@pytest.mark.parametrize("seed", [random.randrange(1 << 32) for _ in range(5)], ids=range(5))
async def test_calls_of_any_size_are_packed_whole_and_within_the_limit(seed: int) -> None:
    """Each arrives once, in order of its pieces; no message is too large, and no token is said twice in one."""
    chance = random.Random(seed)
    sizes = [chance.choice((0, 1, chance.randrange(2000), chance.randrange(200_000))) for _ in range(60)]
    requests = {number: chance.randbytes(size) for number, size in enumerate(sizes, start=1)}
    waiting: Outgoing[Sent] = Outgoing()
    loop = asyncio.get_running_loop()
    for number, request in requests.items():
        who = f"token {chance.randrange(3)} {'x' * 3000}"
        waiting.add(
            Sent(number, Outbound("billing/account", request, Context(deadline=5.0), who), loop.create_future())
        )
    found: dict[int, bytes] = {}
    done = set()
    packing = Packing(MESSAGE_BYTES, 1 << 20)
    while (batch := packing.batch(waiting, 3.0)).calls:
        assert batch.ByteSize() <= MESSAGE_BYTES
        assert len(set(batch.tokens)) == len(batch.tokens)
        for call in batch.calls:
            assert call.id not in done
            assert (call.path == "billing/account") == (call.id not in found)
            found[call.id] = found.get(call.id, b"") + call.request
            if call.path:
                assert batch.tokens[call.circumstances.token].startswith("token")
                assert call.timeout_us == 2_000_000
            if not call.more:
                done.add(call.id)
    assert found == requests
    assert done == set(requests)


async def test_calls_that_nobody_waits_for_are_not_sent() -> None:
    """They have been cancelled, or their time was over before they went out."""
    waiting: Outgoing[Sent] = Outgoing()
    answers = [asyncio.get_running_loop().create_future() for _ in range(3)]
    for number, answer in enumerate(answers):
        waiting.add(Sent(number, Outbound("billing/account", b"", Context(), "t"), answer))
    answers[0].cancel()
    answers[2].cancel()
    batch = Packing(MESSAGE_BYTES, 1 << 20).batch(waiting, 0.0)
    assert [call.id for call in batch.calls] == [1]
    assert not batch.calls[0].HasField("timeout_us")
    assert not waiting.items


@pytest.mark.parametrize("seed", [random.randrange(1 << 32) for _ in range(5)], ids=range(5))
async def test_replies_of_any_size_are_packed_whole_and_within_the_limit(seed: int) -> None:
    """As the calls are; errors go with them."""
    chance = random.Random(seed)
    replies = {number: chance.randbytes(chance.choice((0, 100, 150_000))) for number in range(40)}
    waiting: Outgoing[Answer] = Outgoing()
    for number, reply in replies.items():
        waiting.add(Answer(number, reply))
    waiting.add(Answer(99, b"", written(Gone())))
    found: dict[int, bytes] = {}
    failed = []
    while waiting.items:
        batch = ReplyBatch()
        ReplyPacking(MESSAGE_BYTES).fill(batch, waiting)
        assert batch.ByteSize() <= MESSAGE_BYTES
        for said in batch.replies:
            if said.HasField("error"):
                failed.append(said.id)
            else:
                found[said.id] = found.get(said.id, b"") + said.reply
    assert (found, failed) == (replies, [99])


def test_an_error_of_a_kind_that_is_not_known_here_is_one_of_its_code() -> None:
    """What a newer version raises, an older one takes for what it most resembles."""
    cases: list[tuple[Error, type[PlatformError]]] = [
        (Error(code="NOT_FOUND", kind="Gone"), Gone),
        (Error(code="NOT_FOUND", kind="Mislaid"), NotFound),
        (Error(code="FAILED_PRECONDITION", kind="Gone"), FailedPrecondition),
        (Error(code="UNAVAILABLE", kind=""), Unavailable),
        (Error(code="ABORTED", kind="PlatformError"), Aborted),
        (Error(code="NO_SUCH_CODE", kind="Mislaid"), Internal),
        (Error(), Internal),
    ]
    for error, kind in cases:
        assert type(read(error)) is kind
    assert read(Error(code="UNAVAILABLE", retry_after=float("nan"))).retry_after is None
    assert read(Error(code="UNAVAILABLE", retry_after=0.0)).retry_after == 0.0


def test_what_is_private_stays() -> None:
    """`meta` and the message of a cause are not in what goes out."""
    error = Internal(meta={"who": "Ada"})
    error.__cause__ = ValueError("Ada")
    assert b"Ada" not in written(error).SerializeToString()


def test_an_error_is_never_too_large_to_be_sent() -> None:
    """Of very many faults the first ones are told, and of a very long text its beginning; replies behind it go on."""
    many = tuple(FieldError(field=f"people[{number}].email", message="must be an address") for number in range(9_000))
    waiting: Outgoing[Answer] = Outgoing()
    waiting.add(Answer(1, b"", written(InvalidArgument("\ud800" + "x" * 500_000, fields=many))))
    waiting.add(Answer(2, b"reply"))
    batch = ReplyBatch()
    ReplyPacking(MESSAGE_BYTES).fill(batch, waiting)
    assert [reply.id for reply in batch.replies] == [1, 2]
    assert batch.ByteSize() <= MESSAGE_BYTES
    told = read(batch.replies[0].error)
    assert told.detail.startswith("?xxx")
    assert told.fields == many[: len(told.fields)]
    assert len(told.fields) > 100


def test_names_of_peers() -> None:
    """Names, numbers, several of them."""
    assert parsed("billing:50051") == (Endpoint("billing", 50051),)
    assert parsed(" 10.0.0.1:1 , [::1]:2,a-b.c_d:65535") == (
        Endpoint("10.0.0.1", 1),
        Endpoint("::1", 2),
        Endpoint("a-b.c_d", 65535),
    )


@pytest.mark.parametrize(
    "wrong", ["", "billing", "billing:", ":1", "http://billing:1", "a:1,", "a:1;b:2", "a:123456", "a:65536", "a:0"]
)
def test_names_that_are_none_are_refused(wrong: str) -> None:
    """When the settings are read, not when somebody calls."""
    with pytest.raises(msgspec.ValidationError, match="peers"):
        msgspec.convert({"peers": {"billing": wrong}}, GrpcSettings)


async def test_addresses_of_names() -> None:
    """Numbers are what they are; a name is looked up; what cannot be is not nobody."""
    for number in ("127.0.0.1", "::1"):
        assert await resolved(Endpoint(number, 1), 5) == {(number, 1)}
    local = await resolved(Endpoint("localhost", 3), 5)
    assert local is not None
    assert local & {("127.0.0.1", 3), ("::1", 3)}
    assert await resolved(Endpoint("no.such.name.invalid", 2), 5) is None


def test_what_may_be_asked_again() -> None:
    """Queries, and whatever carries a key."""
    methods = BILLING.methods.values()
    for method in methods:
        assert is_repeatable(method, Context(idempotency_key="k"))
        assert is_repeatable(method, Context()) == (method.kind is Kind.QUERY)


async def test_the_budget_is_a_share_of_the_calls_and_a_few() -> None:
    """It cannot be saved up without end."""
    budget = RetryBudget(0.5)
    assert sum(budget.take() for _ in range(50)) == AT_LEAST
    for _ in range(10):
        budget.called()
    assert sum(budget.take() for _ in range(50)) == 5
    for _ in range(10_000):
        budget.called()
    assert sum(budget.take() for _ in range(10_000)) == 100


def test_pauses_grow_and_differ() -> None:
    """So that those who failed together do not come back together."""
    assert max(pause(0) for _ in range(100)) < min(pause(2) for _ in range(100))
    assert len({pause(1) for _ in range(10)}) > 1


async def test_a_breaker_lets_one_at_a_time_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open, half open, open again because that one failed, half open, closed; whatever somebody sets the clock to."""
    now = [1000.0]
    monkeypatch.setattr("purgatory.domain.model.time.time", lambda: 1e9 - now[0])
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])
    breaker = Breaker("billing", failures=2, open_s=1.0)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.is_closed
    breaker.failed()
    assert (breaker.is_closed, breaker.admits()) == (False, False)
    now[0] += 1.1
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    breaker.failed()
    assert not breaker.admits()
    now[0] += 1.1
    assert [breaker.admits() for _ in range(2)] == [True, False]
    breaker.succeeded()
    assert breaker.is_closed
    assert breaker.admits()
