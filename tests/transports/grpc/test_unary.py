"""Unary calls: each method of a component answers whoever has a call token, in whatever language they ask."""

import asyncio
from datetime import UTC
from typing import Any
from uuid import UUID

import grpc
import pytest
from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from tests.kernel.kinds import kinds
from tests.transports.grpc.books import (
    ACCOUNT,
    ASK,
    CLERK,
    OPEN,
    OPENED,
    PATIENT_ID,
    TOKENS,
    Books,
    account,
    circumstances,
    signed,
)
from tests.transports.grpc.foreign import Metadata, foreign, refused
from tests.transports.grpc.plain_server import serving

from careplane.components.analytics.api import ANALYTICS
from careplane.components.billing.api import BILLING
from careplane.components.identity.api import IDENTITY
from careplane.components.patient.api import PATIENT
from careplane.kernel.context import Trace
from careplane.kernel.contract import Component, Method
from careplane.kernel.errors import FieldError, InvalidArgument, PlatformError
from careplane.kernel.message import Message
from careplane.kernel.principal import component_principal
from careplane_pb.analytics.v1 import analytics_grpc
from careplane_pb.billing.v1 import billing_grpc
from careplane_pb.billing.v1.billing_pb2 import AccountView, GetAccount, OpenAccounts
from careplane_pb.calls.v1.unary_pb2 import UnaryCircumstances
from careplane_pb.identity.v1 import identity_grpc
from careplane_pb.patient.v1 import patient_grpc
from careplane_transports.grpc.beside import Beside
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.grpc.unary import DEADLINE_SECONDS

BASES: dict[Component[Any], type[Any]] = {
    ANALYTICS: analytics_grpc.AnalyticsBase,
    BILLING: billing_grpc.BillingBase,
    IDENTITY: identity_grpc.IdentityBase,
    PATIENT: patient_grpc.PatientsBase,
}


@pytest.mark.parametrize("component", BASES, ids=lambda component: component.name)
async def test_every_method_answers(component: Component[Any]) -> None:
    """Under the paths and with the cardinality that generated code expects."""
    beside = Beside(GrpcSettings(), {component: Books().door}, TOKENS, lambda _, error: pytest.fail(str(error)))
    base = BASES[component]
    expected = type("Whole", (base,), dict.fromkeys(base.__abstractmethods__))().__mapping__()
    made = beside.served[0].__mapping__()
    assert {path: handler.cardinality for path, handler in made.items()} == {
        path: handler.cardinality for path, handler in expected.items()
    }
    assert len(made) == len(component.methods)


async def test_generated_code_is_answered() -> None:
    """By grpclib's own stubs: a query and a command, with all that an account holds."""
    books = Books()
    async with serving(books) as (port, _), Channel("127.0.0.1", port) as channel:
        stub = billing_grpc.BillingStub(channel)
        found = await stub.Account(GetAccount(patient_id=str(PATIENT_ID)), metadata=dict(signed()), timeout=10)
        assert found.patient_id == str(PATIENT_ID)
        assert found.balance_minor == -1250
        assert found.opened_at.ToDatetime(UTC) == OPENED
        batch = OpenAccounts(batch_id=str(UUID(int=1)), patient_ids=[str(PATIENT_ID), str(UUID(int=9))])
        patient = signed(principal=component_principal("patient", "billing:open"), issuer="patient")
        opened = await stub.OpenAccounts(batch, metadata=dict(patient), timeout=10)
        assert [each.patient_id for each in opened.accounts] == list(batch.patient_ids)
    assert [type(message).__name__ for message in books.asked] == ["GetAccount", "OpenAccounts"]


async def test_another_implementation_is_answered() -> None:
    """Google's own client reads the same account."""
    async with serving(Books()) as (port, _):
        reply = await foreign(port, ACCOUNT, ASK, signed())
        assert isinstance(reply, bytes)
        assert AccountView.FromString(reply).account_id == str(account(PATIENT_ID).account_id)


async def test_the_circumstances_arrive() -> None:
    """Who asks, how long they wait, in which trace, as a repeat of what, through whom."""
    books = Books()
    said = UnaryCircumstances(
        token=TOKENS.sign(CLERK, "patient", "billing"), request_id="r-7", idempotency_key="k-7", chain=["patient"]
    )
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with serving(books) as (port, _):
        metadata: Metadata = [("careplane-bin", said.SerializeToString()), ("traceparent", parent)]
        before = asyncio.get_running_loop().time()
        await foreign(port, ACCOUNT, ASK, metadata, timeout=7)
        after = asyncio.get_running_loop().time()
        await foreign(port, ACCOUNT, ASK, [*signed(), ("traceparent", "00-nonsense")], timeout=None)
    full, bare = books.contexts
    assert (full.principal, full.request_id, full.idempotency_key) == (CLERK, "r-7", "k-7")
    assert full.chain == ("patient",)
    assert full.trace == Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1)
    assert full.deadline is not None
    assert before + 6 < full.deadline <= after + 7
    assert (bare.idempotency_key, bare.chain, bare.trace) == (None, (), Trace())
    assert bare.deadline is not None
    assert bare.deadline <= asyncio.get_running_loop().time() + DEADLINE_SECONDS


NO_TOKENS: dict[str, Any] = {
    "nothing": list,
    "empty": lambda: [("careplane-bin", b"")],
    "no message": lambda: [("careplane-bin", b"\xff\xff\xff")],
    "two of them": lambda: [*signed(), *signed()],
    "no call token": lambda: [("careplane-bin", UnaryCircumstances(request_id="r").SerializeToString())],
    "a forged one": lambda: [("careplane-bin", UnaryCircumstances(token="a.b.c").SerializeToString())],
    "one for another component": lambda: [("careplane-bin", circumstances(audience="patient"))],
    "text": lambda: [("careplane", "token")],
}


@pytest.mark.parametrize("kind", NO_TOKENS)
async def test_without_a_call_token_nobody_gets_in(kind: str) -> None:
    """The component is not even asked."""
    books = Books()
    async with serving(books) as (port, _):
        refusal = await refused(port, ACCOUNT, ASK, NO_TOKENS[kind]())
    assert (refusal.code, refusal.reason, books.asked) == ("UNAUTHENTICATED", "Unauthenticated", [])


async def test_the_component_itself_says_who_may() -> None:
    """A token alone is no right: the scope is the method's."""
    async with serving(Books()) as (port, _):
        refusal = await refused(port, OPEN, OpenAccounts(batch_id=str(UUID(int=1))).SerializeToString(), signed())
    assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "PermissionDenied")
    assert "billing:open" in refusal.message


KINDS = sorted(kind.__name__ for kind in kinds())


@pytest.mark.parametrize("kind", KINDS)
async def test_every_error_is_told_as_grpc_does(kind: str) -> None:
    """Its code as the status, its class as the reason, its detail for people; what is private stays."""

    async def fail(_method: Method, _request: Message) -> Message:
        raise PlatformError.kinds[kind](meta={"private": "secret"})

    async with serving(Books(fail)) as (port, _):
        refusal = await refused(port, ACCOUNT, ASK, signed())
    assert refusal.code == PlatformError.kinds[kind].code
    assert refusal.reason == kind
    assert refusal.message == PlatformError.kinds[kind].default_detail
    assert "secret" not in repr(refusal)


async def test_faults_and_waiting_times_are_told() -> None:
    """As BadRequest and RetryInfo, which other libraries know; in every script."""

    async def fail(_method: Method, _request: Message) -> Message:
        fields = (FieldError(field="patientId", message="muß „größer“ sein – 患者"),)
        raise InvalidArgument("Ungültig – 無効.", fields=fields, retry_after=1.5)

    async with serving(Books(fail)) as (port, _):
        refusal = await refused(port, ACCOUNT, ASK, signed())
    assert refusal.message == "Ungültig – 無効."
    (violation,) = refusal.details["BadRequest"].field_violations
    assert (violation.field, violation.description) == ("patientId", "muß „größer“ sein – 患者")
    assert refusal.details["RetryInfo"].retry_delay.ToMilliseconds() == 1500


async def test_very_many_faults_do_not_hide_the_error() -> None:
    """They travel as a header, of which clients take little: the first ones are told, and the status arrives."""

    async def fail(_method: Method, _request: Message) -> Message:
        raise InvalidArgument(fields=tuple(FieldError(field=f"f{n}", message="is wrong") for n in range(5000)))

    async with serving(Books(fail)) as (port, _):
        refusal = await refused(port, ACCOUNT, ASK, signed())
    assert refusal.code == "INVALID_ARGUMENT"
    told = [violation.field for violation in refusal.details["BadRequest"].field_violations]
    assert told == [f"f{n}" for n in range(len(told))]
    assert len(told) > 100


async def test_a_fault_of_ours_says_nothing_else() -> None:
    """Whatever was raised is in the log, not in the answer."""

    async def fail(_method: Method, _request: Message) -> Message:
        raise ValueError("Jane Roe, jane@example.org")

    async with serving(Books(fail)) as (port, desk):
        refusal = await refused(port, ACCOUNT, ASK, signed())
    assert (refusal.code, refusal.reason) == ("INTERNAL", "Internal")
    assert "Jane" not in repr(refusal)
    assert [type(fault) for fault in desk.faults] == [ValueError]


async def test_a_call_that_comes_round_is_refused() -> None:
    """The chain arrives, so that a circle is seen in whatever process it closes."""
    said = UnaryCircumstances(token=TOKENS.sign(CLERK, "patient", "billing"), chain=["billing", "patient"])
    async with serving(Books()) as (port, _):
        refusal = await refused(port, ACCOUNT, ASK, [("careplane-bin", said.SerializeToString())])
    assert refusal.reason == "ReentrantCall"


@pytest.mark.parametrize(
    ("request_", "field"), [(b"\xff\xff", None), (GetAccount(patient_id="x").SerializeToString(), "patientId")]
)
async def test_a_request_that_cannot_be_read_is_refused(request_: bytes, field: str | None) -> None:
    """The field is named, its value is not."""
    async with serving(Books()) as (port, _):
        refusal = await refused(port, ACCOUNT, request_, signed())
    assert refusal.code == "INVALID_ARGUMENT"
    if field is not None:
        assert [violation.field for violation in refusal.details["BadRequest"].field_violations] == [field]


async def test_compression_is_refused_in_words() -> None:
    """Nobody has to guess why nothing answers."""
    async with serving(Books()) as (port, _):
        long = GetAccount(patient_id="x" * 4000).SerializeToString()
        refusal = await refused(port, ACCOUNT, long, signed(), compression=grpc.Compression.Gzip)
    assert refusal.code == "UNIMPLEMENTED"


async def test_a_call_without_a_request_is_refused() -> None:
    """A stream that ends where its request should begin."""
    async with serving(Books()) as (port, _), Channel("127.0.0.1", port) as channel:
        with pytest.raises(GRPCError) as caught:
            await ask_nothing(channel)
    assert caught.value.status is Status.INVALID_ARGUMENT


async def ask_nothing(channel: Channel) -> None:
    """Open a call, and end it where its request should be."""
    method = billing_grpc.BillingStub(channel).Account
    async with method.open(metadata=dict(signed()), timeout=10) as stream:
        await stream.send_request()
        await stream._stream.end()
        stream._end_done = True
        await stream.recv_message()


async def test_an_unknown_method_is_unimplemented() -> None:
    """As gRPC wants it."""
    async with serving(Books()) as (port, _):
        refusal = await refused(port, "/careplane_pb.billing.v1.Billing/Nothing", b"", signed())
    assert refusal.code == "UNIMPLEMENTED"


@pytest.mark.parametrize("value", ["A", "AAAAA", "####"])
async def test_metadata_that_is_not_base64_is_refused(value: str) -> None:
    """And answered, instead of leaving the caller to wait."""
    books = Books()
    async with serving(books) as (port, _), Channel("127.0.0.1", port) as channel:
        with pytest.raises(GRPCError) as caught:
            await ask_spoilt(channel, value)
    assert caught.value.status in {Status.UNAUTHENTICATED, Status.INVALID_ARGUMENT}
    assert books.asked == []


async def ask_spoilt(channel: Channel, value: str) -> None:
    """Ask with a header that grpclib would not send itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("grpclib.client.encode_metadata", lambda _: [("careplane-bin", value)])
        await billing_grpc.BillingStub(channel).Account(GetAccount(patient_id=str(PATIENT_ID)), timeout=3)
