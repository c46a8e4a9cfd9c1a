"""Accounts: one per patient, opened in batches that may be asked for again, and read under the eyes of the audit."""

from uuid import UUID, uuid4

import msgspec
import pytest

from careplane.app.host import Host
from careplane.components.billing.api import (
    ACCOUNT_OPENED,
    MAX_BATCH,
    AccountOpened,
    AccountView,
    Billing,
    GetAccount,
    GetStatement,
    OpenAccounts,
)
from careplane.kernel.context import Context, using
from careplane.kernel.errors import InvalidArgument, NotFound, PermissionDenied
from careplane.kernel.principal import Principal
from careplane.storage.database import Database


async def opened(billing: Billing, *patients: UUID) -> tuple[AccountView, ...]:
    """Open accounts in one batch."""
    reply = await billing.open_accounts(OpenAccounts(batch_id=uuid4(), patient_ids=patients))
    return reply.accounts


async def test_everyone_gets_an_account_in_the_order_of_asking(billing: Billing) -> None:
    """New accounts are active, empty and in the configured currency, each for its patient, and read back alike."""
    patients = tuple(uuid4() for _ in range(20))
    accounts = await opened(billing, *patients)
    assert [a.patient_id for a in accounts] == list(patients)
    assert len({a.account_id for a in accounts}) == 20
    assert {(a.status, a.currency, a.balance_minor) for a in accounts} == {("ACTIVE", "USD", 0)}
    assert await billing.account(GetAccount(patient_id=patients[7])) == accounts[7]


async def test_asking_again_changes_nothing(billing: Billing, database: Database) -> None:
    """Patients who have an account keep it, whoever else is in the batch, and it is announced once."""
    first, second, third = (uuid4() for _ in range(3))
    before = await opened(billing, first, second)
    after = await opened(billing, second, third, first, second)
    assert (after[2], after[0]) == before
    assert after[3] == after[0]
    events = await database.fetch("SELECT type, subject, version, body FROM outbox ORDER BY xid, seq")
    assert {e["subject"] for e in events} == {first, second, third}
    assert len(events) == 3
    told = msgspec.msgpack.decode(events[-1]["body"], type=AccountOpened)
    assert (events[-1]["type"], events[-1]["version"]) == (ACCOUNT_OPENED, 1)
    assert (told.patient_id, told.account_id, told.currency) == (third, after[1].account_id, "USD")


async def test_a_batch_leaves_one_audit_row(billing: Billing, database: Database) -> None:
    """The row says who asked for how many accounts and how many were opened."""
    patients = tuple(uuid4() for _ in range(3))
    batch = uuid4()
    await billing.open_accounts(OpenAccounts(batch_id=batch, patient_ids=patients))
    rows = await database.fetch("SELECT caller, subject, (detail->>'opened')::int AS opened FROM audit ORDER BY id")
    assert tuple(rows[0]) == ("tester", batch, 3)
    assert sum(row["opened"] for row in rows) == 3


async def test_an_empty_batch_opens_nothing(billing: Billing) -> None:
    """Nobody asked for, nobody answered."""
    assert await opened(billing) == ()


async def test_a_batch_too_large_is_refused(billing: Billing) -> None:
    """The caller is told how many fit."""
    with pytest.raises(InvalidArgument) as refused:
        await opened(billing, *(uuid4() for _ in range(MAX_BATCH + 1)))
    assert refused.value.fields[0].field == "patientIds"


async def test_who_read_an_account_is_on_record(billing: Billing, account: AccountView, database: Database) -> None:
    """Every read of the account and of the statement leaves an audit row about the patient, found or not."""
    stranger = uuid4()
    await billing.account(GetAccount(patient_id=account.patient_id))
    await billing.statement(GetStatement(patient_id=account.patient_id))
    with pytest.raises(NotFound):
        await billing.account(GetAccount(patient_id=stranger))
    rows = await database.fetch(
        "SELECT caller, action, subject, request_id FROM audit WHERE action <> 'billing/open_accounts' ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        ("tester", "billing/account", account.patient_id, "test"),
        ("tester", "billing/statement", account.patient_id, "test"),
        ("tester", "billing/account", stranger, "test"),
    ]


async def test_each_method_wants_its_scope(billing: Billing, patient: UUID) -> None:
    """Who may read accounts may not open them, and the other way round."""
    with using(Context(principal=Principal(id="reader", scopes=frozenset({"billing:read"})))):
        with pytest.raises(PermissionDenied):
            await opened(billing, patient)
        with pytest.raises(NotFound):
            await billing.account(GetAccount(patient_id=patient))
    with (
        using(Context(principal=Principal(id="opener", scopes=frozenset({"billing:open"})))),
        pytest.raises(PermissionDenied),
    ):
        await billing.account(GetAccount(patient_id=patient))


async def test_its_outbox_is_carried_on(platform: Host, billing: Billing, account: AccountView) -> None:
    """The relay has handed the event on by the time the platform has stopped."""
    database = platform.hosted["billing"].database
    pump = platform.hosted["billing"].assembly.pumps[0]
    await pump.stop()
    position = await database.fetch_row("SELECT xid, seq FROM outbox_position WHERE reader = 'events'")
    newest = await database.fetch_row("SELECT xid, seq FROM outbox ORDER BY xid DESC, seq DESC LIMIT 1")
    assert position == newest
