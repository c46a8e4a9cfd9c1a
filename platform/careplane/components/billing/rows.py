"""From the rows of the tables to what the interface shows."""

from collections.abc import Sequence
from typing import Any

from careplane.components.billing.messages import AccountView, EntryView, Statement


def account_of(row: Any) -> AccountView:  # noqa: ANN401 - a record
    """Return the account of a row with its columns."""
    return AccountView(
        account_id=row["account_id"],
        patient_id=row["patient_id"],
        status=row["status"],
        currency=row["currency"],
        balance_minor=row["balance_minor"],
        opened_at=row["opened_at"],
    )


def entry_of(row: Any) -> EntryView:  # noqa: ANN401 - a record
    """Return the entry of a row with its columns and the patient and currency of its account."""
    return EntryView(
        entry_id=row["entry_id"],
        patient_id=row["patient_id"],
        kind=row["kind"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        description=row["description"],
        posted_at=row["posted_at"],
        reverses=row["reverses"],
    )


def first_account(rows: Sequence[Any]) -> AccountView | None:
    """Return the account of the only row, if there is one."""
    return account_of(rows[0]) if rows else None


def statement_of(rows: Sequence[Any]) -> Statement | None:
    """Return the statement of its rows, of which there is one more than asked for where older entries remain."""
    if not rows:
        return None
    limit = rows[0]["size"]
    shown = [row for row in rows[:limit] if row["entry_id"] is not None]
    return Statement(
        account=account_of(rows[0]),
        entries=tuple(entry_of(row) for row in shown),
        next_before=shown[-1]["seq"] if len(rows) > limit else None,
    )
