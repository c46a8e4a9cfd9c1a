"""The laws of the ledger: whatever is done, every entry balances and the balance is the sum of its postings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from careplane.components.billing.actor import BillingActor
from careplane.components.billing.api import OpenAccounts, PostCharge, PostPayment, ReverseEntry
from careplane.components.billing.settings import BillingSettings
from careplane.components.billing.store import AccountStore
from careplane.components.billing.store_ledger import LedgerStore
from careplane.kernel.clock import FixedClock
from careplane.kernel.errors import FailedPrecondition, PlatformError
from careplane.storage.database import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_SUMS = """
SELECT a.patient_id, a.balance_minor AS kept, coalesce(sum(p.amount_minor), 0)::bigint AS summed FROM account a
LEFT JOIN ledger_entry e USING (account_id) LEFT JOIN posting p ON p.entry_id = e.entry_id AND ledger = 'receivable'
WHERE patient_id = ANY($1::uuid[]) GROUP BY a.patient_id, a.balance_minor
"""
_UNBALANCED = """
SELECT entry_id FROM ledger_entry LEFT JOIN posting USING (entry_id) GROUP BY entry_id
HAVING count(*) < 2 OR sum(amount_minor) <> 0 OR min(currency) <> max(currency)
"""


@asynccontextmanager
async def billing_at(url: str) -> AsyncIterator[tuple[BillingActor, Database]]:
    """Give an actor on a pool of its own, as another process would have it."""
    database = await Database.open(url, "billing", size=2)
    stores = AccountStore(database, lambda: None), LedgerStore(database)
    try:
        yield BillingActor(*stores, FixedClock(NOW), uuid7, BillingSettings()), database
    finally:
        await database.close()


def post(patient: UUID, amount: int) -> PostCharge | PostPayment:
    """Make a charge of a positive amount, a payment of a negative one."""
    kind, code = (PostCharge, "VISIT") if amount > 0 else (PostPayment, "CASH")
    return kind(patient_id=patient, entry_id=uuid4(), amount_minor=abs(amount), currency="USD", description=code)


async def carry_out(actor: BillingActor, patients: list[UUID], steps: list[tuple[int, int]]) -> dict[UUID, int]:
    """Post each step's amount for its patient, and reverse the latest entry for an amount of 0; return the balances."""
    balances = dict.fromkeys(patients, 0)
    posted: dict[UUID, list[tuple[UUID, int]]] = {patient: [] for patient in patients}
    for who, amount in steps:
        patient = patients[who]
        if amount:
            request = post(patient, amount)
            act = actor.post_charge if isinstance(request, PostCharge) else actor.post_payment
            await act(request)  # type: ignore[arg-type]
            posted[patient].append((request.entry_id, amount))
            balances[patient] += amount
        elif posted[patient]:
            entry_id, amount_back = posted[patient].pop()
            await actor.reverse_entry(
                ReverseEntry(patient_id=patient, entry_id=uuid4(), reverses=entry_id, description="UNDO")
            )
            balances[patient] -= amount_back
    return balances


@given(steps=st.lists(st.tuples(st.integers(0, 2), st.integers(-10_000, 10_000) | st.just(0)), max_size=12))
@settings(max_examples=30, deadline=None)
def test_the_balance_is_always_the_sum_of_the_postings(module_database_url: str, steps: list[tuple[int, int]]) -> None:
    """Charges, payments and reversals in any order leave balances that a model and the postings agree on."""

    async def scenario() -> None:
        async with billing_at(module_database_url) as (actor, database):
            patients = [uuid4() for _ in range(3)]
            await actor.open_accounts(OpenAccounts(batch_id=uuid4(), patient_ids=tuple(patients)))
            expected = await carry_out(actor, patients, steps)
            rows = await database.fetch(_SUMS, patients)
            assert {row["patient_id"]: row["kept"] for row in rows} == expected
            assert all(row["kept"] == row["summed"] for row in rows)
            assert await database.fetch(_UNBALANCED) == []

    asyncio.run(scenario())


async def test_one_account_per_patient_whoever_opens_them(database_url: str) -> None:
    """Two processes that open overlapping batches at once end with the same single account for everyone."""
    async with billing_at(database_url) as (one, database), billing_at(database_url) as (other, _):
        patients = [uuid4() for _ in range(60)]

        def batch(first: int) -> OpenAccounts:
            return OpenAccounts(batch_id=uuid4(), patient_ids=tuple(reversed(patients[first : first + 40])))

        replies = await asyncio.gather(
            *(actor.open_accounts(batch(first)) for first in (0, 10, 20) for actor in (one, other) for _ in range(5))
        )
        answers = {(a.patient_id, a.account_id) for reply in replies for a in reply.accounts}
        assert len(answers) == 60
        counts = await database.fetch_row(
            "SELECT (SELECT count(*) FROM account), (SELECT count(DISTINCT subject) FROM outbox) AS told, "
            "(SELECT count(*) FROM outbox) AS events, (SELECT count(*) FROM audit) AS audited"
        )
        assert tuple(counts) == (60, 60, 60, 30)


async def test_two_processes_lose_no_posting(database_url: str) -> None:
    """What both post on the same accounts at once adds up."""
    async with billing_at(database_url) as (one, database), billing_at(database_url) as (other, _):
        patients = [uuid4() for _ in range(4)]
        await one.open_accounts(OpenAccounts(batch_id=uuid4(), patient_ids=tuple(patients)))
        charges = [PostCharge(**_fields(patient, 3)) for patient in patients for _ in range(25)]
        await asyncio.gather(
            *(actor.post_charge(c) for c, actor in zip(charges, [one, other] * 50, strict=True)),
        )
        rows = await database.fetch(_SUMS, patients)
        assert [(row["kept"], row["summed"]) for row in rows] == [(75, 75)] * 4


async def test_an_entry_is_reversed_by_one_of_two_processes(database_url: str) -> None:
    """Of reversals that race, exactly one stands."""
    async with billing_at(database_url) as (one, database), billing_at(database_url) as (other, _):
        patient = uuid4()
        await one.open_accounts(OpenAccounts(batch_id=uuid4(), patient_ids=(patient,)))
        entry = await one.post_charge(PostCharge(**_fields(patient, 40)))

        def undo() -> ReverseEntry:
            return ReverseEntry(patient_id=patient, entry_id=uuid4(), reverses=entry.entry_id, description="UNDO")

        answers = await asyncio.gather(
            *(actor.reverse_entry(undo()) for actor in (one, other) for _ in range(4)), return_exceptions=True
        )
        assert sum(not isinstance(answer, PlatformError) for answer in answers) == 1
        assert sum(isinstance(answer, FailedPrecondition) for answer in answers) == 7
        rows = await database.fetch(_SUMS, [patient])
        assert [(row["kept"], row["summed"]) for row in rows] == [(0, 0)]


async def test_the_same_entry_posted_side_by_side_counts_once(database_url: str) -> None:
    """Copies of one request in one batch and from another process all get the same answer."""
    async with billing_at(database_url) as (one, database), billing_at(database_url) as (other, _):
        patient = uuid4()
        await one.open_accounts(OpenAccounts(batch_id=uuid4(), patient_ids=(patient,)))
        request = PostCharge(**_fields(patient, 40))
        answers = await asyncio.gather(*(actor.post_charge(request) for actor in (one, other) for _ in range(4)))
        assert len(set(answers)) == 1
        rows = await database.fetch(_SUMS, [patient])
        assert [(row["kept"], row["summed"]) for row in rows] == [(40, 40)]


@pytest.mark.parametrize(
    "postings",
    [
        [],
        [("receivable", 100, "USD")],
        [("receivable", 100, "USD"), ("revenue", -99, "USD")],
        [("receivable", 100, "USD"), ("revenue", -100, "EUR")],
    ],
    ids=["none", "one-sided", "unequal", "two currencies"],
)
async def test_the_database_refuses_an_unbalanced_entry(
    database_url: str, postings: list[tuple[str, int, str]]
) -> None:
    """Even code that is wrong cannot commit an entry that does not sum to zero in each currency."""
    async with billing_at(database_url) as (actor, database):
        opened = await actor.open_accounts(OpenAccounts(batch_id=uuid4(), patient_ids=(uuid4(),)))
        with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
            await _write_raw(database, opened.accounts[0].account_id, postings)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE posting SET amount_minor = 1",
        "DELETE FROM posting",
        "UPDATE ledger_entry SET description = 'X'",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry CASCADE",
        "DELETE FROM account",
        "UPDATE audit SET caller = 'nobody'",
    ],
)
async def test_the_ledger_is_only_ever_added_to(module_database_url: str, statement: str) -> None:
    """The component's own role may not change or take away what was written."""
    async with billing_at(module_database_url) as (_, database):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.execute(statement)


def _fields(patient: UUID, amount: int) -> dict[str, Any]:
    return {
        "patient_id": patient,
        "entry_id": uuid4(),
        "amount_minor": amount,
        "currency": "USD",
        "description": "VISIT",
    }


async def _write_raw(database: Database, account_id: UUID, postings: list[tuple[str, int, str]]) -> None:
    entry_id = uuid4()
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO ledger_entry (entry_id, account_id, kind, description, posted_at) "
            "VALUES ($1, $2, 'charge', 'X', now())",
            entry_id,
            account_id,
        )
        for posting in postings:
            await connection.execute("INSERT INTO posting VALUES ($1, $2, $3, $4)", entry_id, *posting)
