"""The ledger: charges, payments and reversals move the balance, once each, and the statement tells how."""

from uuid import UUID, uuid4

import msgspec
import pytest

from careplane.components.billing.api import (
    MAX_AMOUNT_MINOR,
    AccountView,
    Billing,
    EntryView,
    GetAccount,
    GetStatement,
    PostCharge,
    PostPayment,
    ReverseEntry,
)
from careplane.kernel.context import current, using
from careplane.kernel.errors import (
    AlreadyExists,
    FailedPrecondition,
    IdempotencyMismatch,
    InvalidArgument,
    NotFound,
)
from careplane.storage.database import Database


def charge(patient: UUID, amount: int) -> PostCharge:
    """Make a charge."""
    return PostCharge(
        patient_id=patient, entry_id=uuid4(), amount_minor=amount, currency="USD", description="CONSULTATION"
    )


def payment(patient: UUID, amount: int) -> PostPayment:
    """Make a payment."""
    return PostPayment(patient_id=patient, entry_id=uuid4(), amount_minor=amount, currency="USD", description="CARD")


def reverse(entry: EntryView, **other: object) -> ReverseEntry:
    """Make a reversal of an entry."""
    plain = ReverseEntry(
        patient_id=entry.patient_id, entry_id=uuid4(), reverses=entry.entry_id, description="TYPING-ERROR"
    )
    return msgspec.structs.replace(plain, **other)


async def balance_of(billing: Billing, patient: UUID) -> int:
    """Return what the patient owes."""
    return (await billing.account(GetAccount(patient_id=patient))).balance_minor


async def test_charges_and_payments_move_the_balance(billing: Billing, account: AccountView) -> None:
    """The balance is what was charged less what was paid, and below zero when too much was paid."""
    patient = account.patient_id
    await billing.post_charge(charge(patient, 12_050))
    assert await balance_of(billing, patient) == 12_050
    await billing.post_payment(payment(patient, 2_050))
    assert await balance_of(billing, patient) == 10_000
    await billing.post_payment(payment(patient, 10_001))
    assert await balance_of(billing, patient) == -1


async def test_a_reversal_undoes_an_entry_once(billing: Billing, account: AccountView) -> None:
    """It takes the amount back, both stay in the statement, and there is no second one."""
    patient = account.patient_id
    posted = await billing.post_charge(charge(patient, 700))
    undone = await billing.reverse_entry(reverse(posted))
    assert (undone.kind, undone.amount_minor, undone.reverses) == ("reversal", -700, posted.entry_id)
    assert await balance_of(billing, patient) == 0
    with pytest.raises(FailedPrecondition, match="reversed already"):
        await billing.reverse_entry(reverse(posted))
    with pytest.raises(FailedPrecondition, match="cannot be reversed"):
        await billing.reverse_entry(reverse(undone))
    statement = await billing.statement(GetStatement(patient_id=patient))
    assert statement.entries == (undone, posted)
    assert statement.account.balance_minor == 0


async def test_an_entry_of_another_patient_cannot_be_reversed(billing: Billing, account: AccountView) -> None:
    """It is as if it were not there."""
    posted = await billing.post_charge(charge(account.patient_id, 700))
    with pytest.raises(NotFound):
        await billing.reverse_entry(reverse(posted, patient_id=uuid4()))


async def test_the_same_entry_again_is_answered_as_before(billing: Billing, account: AccountView) -> None:
    """The entry id makes asking again safe even without an idempotency key; another entry under it is refused."""
    request = charge(account.patient_id, 500)
    first = await billing.post_charge(request)
    assert await billing.post_charge(request) == first
    assert await balance_of(billing, account.patient_id) == 500
    with pytest.raises(AlreadyExists):
        await billing.post_charge(msgspec.structs.replace(request, amount_minor=501))
    assert await balance_of(billing, account.patient_id) == 500


async def test_an_idempotency_key_answers_for_its_request_only(billing: Billing, account: AccountView) -> None:
    """Under one key the same request is done once, and another request is refused."""
    with using(msgspec.structs.replace(current(), idempotency_key="a key")):
        request = charge(account.patient_id, 500)
        assert await billing.post_charge(request) == await billing.post_charge(request)
        with pytest.raises(IdempotencyMismatch):
            await billing.post_charge(charge(account.patient_id, 500))
    assert await balance_of(billing, account.patient_id) == 500


WRONG_POSTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("amountMinor", {"amount_minor": 0}),
    ("amountMinor", {"amount_minor": -5}),
    ("amountMinor", {"amount_minor": MAX_AMOUNT_MINOR + 1}),
    ("amountMinor", {"amount_minor": 2**63}),
    ("currency", {"currency": "usd"}),
    ("currency", {"currency": "EUR"}),
    ("currency", {"currency": "US\x00"}),
    ("description", {"description": ""}),
    ("description", {"description": "Mrs Jones, room 12"}),
    ("description", {"description": "A" * 41}),
)


async def test_what_cannot_be_posted_is_named(billing: Billing, account: AccountView) -> None:
    """The field at fault is named and nothing is written."""
    for field, wrong in WRONG_POSTS:
        with pytest.raises(InvalidArgument) as refused:
            await billing.post_charge(msgspec.structs.replace(charge(account.patient_id, 5), **wrong))
        assert [f.field for f in refused.value.fields] == [field], wrong
    assert (await billing.statement(GetStatement(patient_id=account.patient_id))).entries == ()


async def test_without_an_account_nothing_is_posted(billing: Billing, patient: UUID) -> None:
    """A patient whom billing does not know has no ledger and no statement."""
    with pytest.raises(NotFound):
        await billing.post_charge(charge(patient, 5))
    with pytest.raises(NotFound):
        await billing.statement(GetStatement(patient_id=patient))


async def test_a_closed_account_takes_nothing_more(billing: Billing, account: AccountView, database: Database) -> None:
    """It can be read all the same."""
    await database.execute("UPDATE account SET status = 'CLOSED'")
    with pytest.raises(FailedPrecondition, match="closed"):
        await billing.post_charge(charge(account.patient_id, 5))
    assert (await billing.account(GetAccount(patient_id=account.patient_id))).status == "CLOSED"


async def test_the_balance_has_a_bound(billing: Billing, account: AccountView, database: Database) -> None:
    """A balance that JSON's readers could not hold exactly is refused, up to the last cent."""
    await database.execute("UPDATE account SET balance_minor = 9007199254740991 - 100")
    with pytest.raises(FailedPrecondition, match="larger"):
        await billing.post_charge(charge(account.patient_id, 101))
    await billing.post_charge(charge(account.patient_id, 100))
    assert await balance_of(billing, account.patient_id) == 2**53 - 1


async def test_a_statement_is_read_page_by_page(billing: Billing, account: AccountView) -> None:
    """The newest come first, each once, and the last page says that it is the last."""
    patient = account.patient_id
    posted = [await billing.post_charge(charge(patient, number)) for number in range(1, 8)]
    read: list[EntryView] = []
    before = None
    sizes = []
    while True:
        page = await billing.statement(GetStatement(patient_id=patient, limit=3, before=before))
        read.extend(page.entries)
        sizes.append(len(page.entries))
        before = page.next_before
        if before is None:
            break
    assert read == posted[::-1]
    assert sizes == [3, 3, 1]


async def test_a_statement_has_bounds(billing: Billing, patient: UUID) -> None:
    """A page that cannot be is refused by name."""
    for field, value in (("limit", 0), ("limit", 201), ("before", 0), ("before", 2**63)):
        with pytest.raises(InvalidArgument) as refused:
            await billing.statement(msgspec.structs.replace(GetStatement(patient_id=patient), **{field: value}))
        assert [f.field for f in refused.value.fields] == [field], value


async def test_every_entry_is_on_record(billing: Billing, account: AccountView, database: Database) -> None:
    """The audit row names caller, method, patient and entry."""
    posted = await billing.post_charge(charge(account.patient_id, 5))
    rows = await database.fetch(
        "SELECT caller, subject, detail->>'entry' FROM audit WHERE action = $1 AND NOT detail ? 'outcome'",
        "billing/post_charge",
    )
    assert [tuple(row) for row in rows] == [("tester", account.patient_id, str(posted.entry_id))]
