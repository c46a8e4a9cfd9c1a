"""The requests, replies and events of the billing component; import them from `api`."""

from datetime import datetime
from typing import Final
from uuid import UUID

from careplane.kernel.message import Message

MAX_BATCH: Final = 4096
MAX_STATEMENT: Final = 200
MAX_AMOUNT_MINOR: Final = 1_000_000_000_000
"""No single entry moves more: a slip of the keyboard, rather than a bill."""

ACCOUNT_OPENED: Final = "billing.account_opened"
"""The type of the event that tells of a new account; its body is an `AccountOpened`."""


class AccountOpened(Message, frozen=True, kw_only=True):
    """An account was opened for a patient, who is the event's subject."""

    account_id: UUID
    patient_id: UUID
    currency: str
    at: datetime


class OpenAccounts(Message, frozen=True, kw_only=True):
    """Open accounts for these patients, under a fresh batch id of the caller's making."""

    batch_id: UUID
    patient_ids: tuple[UUID, ...]


class AccountView(Message, frozen=True, kw_only=True):
    """An account; `balance_minor` is what the patient owes, in minor units (cents), negative when overpaid."""

    account_id: UUID
    patient_id: UUID
    status: str
    currency: str
    balance_minor: int
    opened_at: datetime


class OpenedAccounts(Message, frozen=True, kw_only=True):
    """One account for each patient asked for, in the order of asking."""

    accounts: tuple[AccountView, ...]


class GetAccount(Message, frozen=True, kw_only=True):
    """Ask for the account of a patient."""

    patient_id: UUID


class PostCharge(Message, frozen=True, kw_only=True):
    """Charge an amount under an entry id of the caller's making; `description` is a code such as CONSULTATION."""

    patient_id: UUID
    entry_id: UUID
    amount_minor: int
    currency: str
    description: str


class PostPayment(Message, frozen=True, kw_only=True):
    """Take a payment under an entry id of the caller's making; `description` is a code such as CARD."""

    patient_id: UUID
    entry_id: UUID
    amount_minor: int
    currency: str
    description: str


class ReverseEntry(Message, frozen=True, kw_only=True):
    """Undo the entry `reverses` by a new one, `entry_id`; `description` is a code that says why."""

    patient_id: UUID
    entry_id: UUID
    reverses: UUID
    description: str


class EntryView(Message, frozen=True, kw_only=True):
    """An entry as the account sees it: `amount_minor` is its effect on the balance.

    `kind` is charge, payment or reversal; `reverses` names the entry that a reversal undoes.
    """

    entry_id: UUID
    patient_id: UUID
    kind: str
    amount_minor: int
    currency: str
    description: str
    posted_at: datetime
    reverses: UUID | None = None


class GetStatement(Message, frozen=True, kw_only=True):
    """Ask for the latest `limit` entries, or for those older than `before`, a `next_before` given earlier."""

    patient_id: UUID
    limit: int = 50
    before: int | None = None


class Statement(Message, frozen=True, kw_only=True):
    """The account and its entries, newest first, all read at one moment; no `next_before` means that was all."""

    account: AccountView
    entries: tuple[EntryView, ...]
    next_before: int | None = None
