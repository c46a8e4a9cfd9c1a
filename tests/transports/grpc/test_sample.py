"""Clients of the Java/Spring sample: BillingService/CreateBillingAccount, as they know it, answers as they expect."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
import structlog
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from tests.transports.grpc.books import Books
from tests.transports.grpc.foreign import Refusal, foreign, refused
from tests.transports.grpc.plain_server import serving

from careplane.components.billing.api import BILLING, OpenAccounts
from careplane.kernel.context import current
from careplane.kernel.errors import Unavailable
from careplane.kernel.invoke import proxy
from careplane_transports.grpc.sample import Opened

PATH = "/BillingService/CreateBillingAccount"
PATIENT = UUID("0197a6c0-1111-7000-8000-000000000002")


def sample_message(name: str, *fields: str) -> Any:
    """Return a message class as the sample's own proto describes it, in a pool of its own: no package, camelCase."""
    file = FileDescriptorProto(name=f"{name}.proto", syntax="proto3")
    message = file.message_type.add(name=name)
    kind, label = FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.LABEL_OPTIONAL
    for number, field in enumerate(fields, 1):
        message.field.add(name=field, number=number, type=kind, label=label)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName(name))


Request = sample_message("BillingRequest", "patientId", "name", "email")
Response = sample_message("BillingResponse", "accountId", "status")


def asks(patient: str) -> bytes:
    """Return the bytes that the sample's patient service sends."""
    data: bytes = Request(patientId=patient, name="Jane Roe", email="jane@example.org").SerializeToString()
    return data


@asynccontextmanager
async def answering(books: Books) -> AsyncIterator[int]:
    """Answer the sample's clients from the books, as a process does whose setting asks for it."""
    billing = proxy(BILLING, books.door)

    async def open_account(patient: UUID) -> Opened:
        asked = OpenAccounts(batch_id=UUID(int=77), patient_ids=(patient,))
        (account,) = (await billing.open_accounts(asked)).accounts
        return Opened(account.account_id, account.status)

    async with serving(books, sample=open_account) as (port, _):
        yield port


async def test_an_account_is_opened_and_told() -> None:
    """Its id and its status; billing is asked as by a component of its own, with no more rights than it needs."""
    books = Books()
    async with answering(books) as port:
        reply = await foreign(port, PATH, asks(str(PATIENT)))
    assert isinstance(reply, bytes)
    said = Response.FromString(reply)
    assert (said.accountId, said.status) == (str(UUID(int=PATIENT.int + 1)), "OPEN")
    assert books.asked == [OpenAccounts(batch_id=UUID(int=77), patient_ids=(PATIENT,))]
    (context,) = books.contexts
    assert context.principal.id == "component:sample"
    assert context.principal.scopes == {"billing:open"}
    assert context.deadline is not None
    assert context.idempotency_key is None


@pytest.mark.parametrize("spelt", [str(PATIENT), str(PATIENT).upper()])
async def test_asking_again_is_the_same_patient(spelt: str) -> None:
    """However the id is spelt."""
    books = Books()
    async with answering(books) as port:
        assert isinstance(await foreign(port, PATH, asks(spelt)), bytes)
    asked = books.asked[0]
    assert isinstance(asked, OpenAccounts)
    assert asked.patient_ids == (PATIENT,)


BAD = {
    "none": asks(""),
    "no id": asks("Jane Roe"),
    "without dashes": asks(PATIENT.hex),
    "in braces": asks(f"{{{PATIENT}}}"),
    "a URN": asks(PATIENT.urn),
    "longer": asks(f"{PATIENT}0"),
    "no message": b"\xff\xff\xff",
}


@pytest.mark.parametrize("kind", BAD)
async def test_what_is_no_patient_is_refused(kind: str) -> None:
    """With the field's name, and never its value."""
    books = Books()
    async with answering(books) as port:
        refusal = await refused(port, PATH, BAD[kind])
    assert refusal.code == "INVALID_ARGUMENT"
    assert books.asked == []
    assert "Jane" not in repr(refusal)
    if kind != "no message":
        (violation,) = refusal.details["BadRequest"].field_violations
        assert violation.field == "patientId"


async def test_an_error_of_billing_is_told() -> None:
    """As gRPC tells it."""

    async def fail(*_: object) -> None:
        raise Unavailable(retry_after=2.0)

    async with answering(Books(fail)) as port:  # type: ignore[arg-type]
        refusal = await refused(port, PATH, asks(str(PATIENT)))
    assert (refusal.code, refusal.details["RetryInfo"].retry_delay.ToSeconds()) == ("UNAVAILABLE", 2)


async def test_without_the_setting_nobody_answers() -> None:
    """It is no open door that one forgets."""
    async with serving(Books()) as (port, _):
        assert (await refused(port, PATH, asks(str(PATIENT)))).code == "UNIMPLEMENTED"


async def test_names_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not even when something breaks in the middle of it."""

    async def fail(*_: object) -> None:
        raise RuntimeError(f"broken for {current().principal.id}")

    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as logged:
        async with answering(Books(fail)) as port:  # type: ignore[arg-type]
            answers = [await foreign(port, PATH, data) for data in (asks(str(PATIENT)), *BAD.values())]
    assert all(isinstance(answer, Refusal) for answer in answers)
    assert len(logged) == 1
    told = f"{logged} {caplog.text} {answers}"
    assert "Jane" not in told
    assert "jane@" not in told
