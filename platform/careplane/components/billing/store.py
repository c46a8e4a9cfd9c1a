"""The accounts: opened in batches with their events and audit row in one statement, and read with an audit row each."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from careplane.components.billing.messages import ACCOUNT_OPENED, AccountOpened, AccountView, Statement
from careplane.components.billing.rows import account_of, first_account, statement_of
from careplane.storage.database import Database
from careplane.storage.journal import Entry
from careplane.storage.reads import AuditedReads
from careplane.storage.recordset import recordset

if TYPE_CHECKING:
    from uuid import UUID

_END = 2**63 - 1

# What another process opens at this very moment is neither inserted nor seen: the caller looks for it afterwards.
_OPEN = """
WITH wanted AS (
    SELECT * FROM json_to_recordset($1::json) AS w(account_id uuid, patient_id uuid, event_id uuid, body text)
), opened AS (
    INSERT INTO account (account_id, patient_id, currency, opened_at)
    SELECT account_id, patient_id, $3, $4 FROM wanted
    ON CONFLICT (patient_id) DO NOTHING
    RETURNING *
), announced AS (
    INSERT INTO outbox (id, type, subject, version, time, body)
    SELECT event_id, $5, opened.patient_id, 1, $4, decode(body, 'base64') FROM wanted JOIN opened USING (account_id)
), noted AS (
    INSERT INTO audit (caller, action, subject, request_id, trace_id, detail)
    SELECT $6, $7, $8, $9, $10,
        jsonb_build_object('asked', cardinality($2::uuid[]), 'opened', (SELECT count(*) FROM opened))
)
SELECT * FROM opened UNION ALL SELECT * FROM account WHERE patient_id = ANY($2)
"""
_ACCOUNTS = "SELECT * FROM account WHERE patient_id = ANY($1::uuid[])"
_ACCOUNT = """
SELECT asked.n, a.* FROM unnest($1::int[], $2::uuid[]) AS asked(n, patient_id) JOIN account a USING (patient_id)
"""
_STATEMENT = """
SELECT asked.n, asked.size, a.*, e.*
FROM unnest($1::int[], $2::uuid[], $3::bigint[], $4::int[]) AS asked(n, patient_id, before, size)
JOIN account a USING (patient_id) LEFT JOIN LATERAL (
    SELECT seq, entry_id, kind, amount_minor, description, posted_at, reverses
    FROM ledger_entry JOIN posting USING (entry_id)
    WHERE account_id = a.account_id AND seq < asked.before AND ledger = 'receivable'
    ORDER BY seq DESC LIMIT asked.size + 1
) AS e ON true
ORDER BY asked.n, e.seq DESC
"""

StatementKey = tuple["UUID", int | None, int]


class NewAccount(msgspec.Struct, frozen=True):
    """An account to be opened, and the id of the event that tells of it."""

    account_id: "UUID"
    patient_id: "UUID"
    event_id: "UUID"


class AccountStore:
    """The accounts."""

    def __init__(self, database: Database, committed: Callable[[], None]) -> None:
        """Use the component's database; `committed` is told when there may be new events."""
        self._database = database
        self._committed = committed
        self.accounts: AuditedReads[UUID, AccountView | None] = AuditedReads(
            database, _ACCOUNT, lambda keys: (range(len(keys)), keys), first_account, width=2
        )
        self.statements: AuditedReads[StatementKey, Statement | None] = AuditedReads(
            database, _STATEMENT, _statement_arrays, statement_of, width=4
        )

    async def open(
        self, wanted: Sequence[NewAccount], currency: str, now: datetime, entry: Entry
    ) -> dict["UUID", AccountView]:
        """Open the accounts whose patients have none, and return everyone's by patient."""
        patient_ids = [w.patient_id for w in wanted]
        rows = await self._database.fetch(
            _OPEN,
            recordset([_line(w, currency, now) for w in wanted]),
            patient_ids,
            currency,
            now,
            ACCOUNT_OPENED,
            entry.caller,
            entry.action,
            entry.subject,
            entry.request_id,
            entry.trace_id,
        )
        self._committed()
        if len(rows) < len(wanted):
            rows = await self._database.fetch(_ACCOUNTS, patient_ids)
        return {row["patient_id"]: account_of(row) for row in rows}


class _Line(msgspec.Struct, frozen=True, gc=False):
    """An account on its way into the statement, with the body of the event that tells of it."""

    account_id: "UUID"
    patient_id: "UUID"
    event_id: "UUID"
    body: bytes


def _line(new: NewAccount, currency: str, now: datetime) -> _Line:
    told = AccountOpened(account_id=new.account_id, patient_id=new.patient_id, currency=currency, at=now)
    return _Line(new.account_id, new.patient_id, new.event_id, msgspec.msgpack.encode(told))


def _statement_arrays(keys: Sequence[StatementKey]) -> Sequence[Sequence[object]]:
    return (
        range(len(keys)),
        [patient_id for patient_id, _, _ in keys],
        [_END if before is None else before for _, before, _ in keys],
        [limit for _, _, limit in keys],
    )
