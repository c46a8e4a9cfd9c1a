"""The ledger: entries with their two postings and the balance they move, journaled, many in one statement."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from careplane.components.billing.domain import NewEntry
from careplane.components.billing.messages import EntryView
from careplane.components.billing.rows import entry_of
from careplane.kernel.errors import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    FieldError,
    InvalidArgument,
    NotFound,
    PlatformError,
)
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Entry, Journal

if TYPE_CHECKING:
    from uuid import UUID

    from careplane.storage.database import Connection

_BALANCE_BOUND = 2**53 - 1  # the table's own constraint says the same

# Accounts are locked in one order for all, so no two batches deadlock, and an account's entries commit as numbered.
_POST = """
wanted AS (
    SELECT w.* FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[],
                           $8::timestamptz[], $9::uuid[], $10::text[])
        AS w(n, entry_id, patient_id, kind, amount_minor, currency, description, posted_at, reverses, contra)
    JOIN fresh USING (n)
), locked AS (
    SELECT account_id, patient_id, currency, balance_minor FROM account
    WHERE patient_id IN (SELECT patient_id FROM wanted) AND status = 'ACTIVE'
    ORDER BY patient_id FOR NO KEY UPDATE
), allowed AS (
    SELECT DISTINCT ON (entry_id) w.*, account_id FROM wanted w JOIN locked USING (patient_id, currency)
    WHERE abs(balance_minor + amount_minor) <= 9007199254740991 ORDER BY entry_id, n
), entered AS (
    INSERT INTO ledger_entry (entry_id, account_id, kind, description, posted_at, reverses)
    SELECT entry_id, account_id, kind, description, posted_at, reverses FROM allowed ORDER BY n
    ON CONFLICT DO NOTHING RETURNING entry_id
), written AS (
    SELECT * FROM allowed JOIN entered USING (entry_id)
), posted AS (
    INSERT INTO posting (entry_id, ledger, amount_minor, currency)
    SELECT entry_id, 'receivable', amount_minor, currency FROM written
    UNION ALL SELECT entry_id, contra, -amount_minor, currency FROM written
), moved AS (
    UPDATE account a SET balance_minor = balance_minor + m.amount_minor
    FROM (SELECT account_id, sum(amount_minor)::bigint AS amount_minor FROM written GROUP BY account_id) AS m
    WHERE a.account_id = m.account_id
), applied AS (SELECT n FROM written)
"""
_ENTRY = """
SELECT patient_id, p.currency, entry_id, kind, amount_minor, description, posted_at, reverses
FROM ledger_entry JOIN posting p USING (entry_id) JOIN account USING (account_id)
WHERE entry_id = $1 AND patient_id = $2 AND ledger = 'receivable'
"""
_STATE = """
SELECT w.n, a.status, a.currency, a.balance_minor,
    EXISTS (SELECT FROM ledger_entry e WHERE e.entry_id = w.entry_id) AS entered,
    EXISTS (SELECT FROM ledger_entry e WHERE e.reverses = w.reverses) AS reversed
FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[]) AS w(n, patient_id, entry_id, reverses)
LEFT JOIN account a USING (patient_id) ORDER BY w.n
"""


class Posting(msgspec.Struct, frozen=True):
    """An entry on its way into the ledger."""

    new: NewEntry
    entry: Entry


class LedgerStore:
    """The ledger, which is only ever added to."""

    def __init__(self, database: Database) -> None:
        """Use the component's database."""
        self._database = database
        journal = Journal(database, _POST, _arrays, _refusals, width=10)
        self.postings: GroupCommit[Posting, Applied] = GroupCommit(journal.flush)

    async def post(self, posting: Posting) -> Applied:
        """Write an entry and move the balance; raise what stands against it."""
        return await self.postings.submit(posting)

    async def entry(self, patient_id: "UUID", entry_id: "UUID") -> EntryView | None:
        """Return an entry of the patient's account, which once written never changes."""
        row = await self._database.fetch_row(_ENTRY, entry_id, patient_id)
        return None if row is None else entry_of(row)


def _arrays(postings: Sequence[Posting]) -> Sequence[Sequence[object]]:
    views = [p.new.view for p in postings]
    return (
        range(len(views)),
        [v.entry_id for v in views],
        [v.patient_id for v in views],
        [v.kind for v in views],
        [v.amount_minor for v in views],
        [v.currency for v in views],
        [v.description for v in views],
        [v.posted_at for v in views],
        [v.reverses for v in views],
        [p.new.contra for p in postings],
    )


async def _refusals(connection: "Connection", postings: Sequence[Posting]) -> Sequence[PlatformError]:
    views = [p.new.view for p in postings]
    rows = await connection.fetch(
        _STATE,
        range(len(views)),
        [v.patient_id for v in views],
        [v.entry_id for v in views],
        [v.reverses for v in views],
    )
    return [_refusal(row, view) for row, view in zip(rows, views, strict=True)]


def _refusal(row: Any, view: EntryView) -> PlatformError:  # noqa: ANN401 - a record
    if row["entered"]:
        return AlreadyExists("There is another entry under this entryId. Make a new id for a new entry.")
    if row["status"] is None:
        return NotFound("This patient has no billing account. Check the patient's id; a new account takes a moment.")
    if row["status"] != "ACTIVE":
        return FailedPrecondition("This billing account is closed and takes no more entries. Check the patient's id.")
    return _refusal_on_account(row, view)


def _refusal_on_account(row: Any, view: EntryView) -> PlatformError:  # noqa: ANN401 - a record
    if row["currency"] != view.currency:
        message = f"must be the currency of the account, {row['currency']}"
        return InvalidArgument(fields=(FieldError(field="currency", message=message),))
    if row["reversed"]:
        return FailedPrecondition("This entry is reversed already. Read the statement to see by which one.")
    if abs(row["balance_minor"] + view.amount_minor) > _BALANCE_BOUND:
        return FailedPrecondition("The balance would become larger than can be kept. Settle the account first.")
    return Aborted()
