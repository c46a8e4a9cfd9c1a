"""The rules of billing: what may be posted, which two ledgers an entry moves, and what undoes it."""

import re
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from careplane.components.billing.messages import (
    MAX_AMOUNT_MINOR,
    MAX_BATCH,
    MAX_STATEMENT,
    EntryView,
    GetStatement,
    OpenAccounts,
    PostCharge,
    PostPayment,
    ReverseEntry,
)
from careplane.kernel.errors import FailedPrecondition, FieldError, InvalidArgument

CHARGE: Final = "charge"
PAYMENT: Final = "payment"
REVERSAL: Final = "reversal"
REVENUE: Final = "revenue"
CASH: Final = "cash"

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}", re.ASCII)


class NewEntry(msgspec.Struct, frozen=True):
    """An entry to be written: `amount_minor` goes on receivable, and its opposite on the ledger `contra`."""

    view: EntryView
    contra: str


def charge(request: PostCharge, now: datetime) -> NewEntry:
    """Return the entry of a charge: the patient owes more, and that much was earned."""
    _check_post(request)
    return _posted(request, CHARGE, request.amount_minor, REVENUE, now)


def payment(request: PostPayment, now: datetime) -> NewEntry:
    """Return the entry of a payment: the patient owes less, and that much was received."""
    _check_post(request)
    return _posted(request, PAYMENT, -request.amount_minor, CASH, now)


def reversal(request: ReverseEntry, entry: EntryView, now: datetime) -> NewEntry:
    """Return the entry that undoes `entry`, on the same two ledgers."""
    _refuse(_code_fault(request.description))
    if entry.kind == REVERSAL:
        raise FailedPrecondition("A reversal cannot be reversed. Post the charge or payment again as a new entry.")
    view = EntryView(
        entry_id=request.entry_id,
        patient_id=request.patient_id,
        kind=REVERSAL,
        amount_minor=-entry.amount_minor,
        currency=entry.currency,
        description=request.description,
        posted_at=now,
        reverses=request.reverses,
    )
    return NewEntry(view, REVENUE if entry.kind == CHARGE else CASH)


def same(entry: EntryView, other: EntryView) -> bool:
    """Tell whether two entries say the same, whenever they were posted."""
    return msgspec.structs.replace(entry, posted_at=other.posted_at) == other


def patients_of(request: OpenAccounts) -> tuple[UUID, ...]:
    """Return the patients to open accounts for, each once and in one order for all, so that no two batches deadlock."""
    if len(request.patient_ids) > MAX_BATCH:
        raise _invalid("patientIds", f"must be at most {MAX_BATCH} patients: send the rest in another batch")
    return tuple(sorted(set(request.patient_ids)))


def check_statement(request: GetStatement) -> None:
    """Raise InvalidArgument where a statement cannot be given."""
    if not 1 <= request.limit <= MAX_STATEMENT:
        raise _invalid("limit", f"must be from 1 to {MAX_STATEMENT}")
    if request.before is not None and not 0 < request.before < 2**63:
        raise _invalid("before", "must be the nextBefore of an earlier statement")


def _posted(request: PostCharge | PostPayment, kind: str, amount: int, contra: str, now: datetime) -> NewEntry:
    view = EntryView(
        entry_id=request.entry_id,
        patient_id=request.patient_id,
        kind=kind,
        amount_minor=amount,
        currency=request.currency,
        description=request.description,
        posted_at=now,
    )
    return NewEntry(view, contra)


def _check_post(request: PostCharge | PostPayment) -> None:
    faults = []
    if not 1 <= request.amount_minor <= MAX_AMOUNT_MINOR:
        message = f"must be a whole number of minor units (cents) from 1 to {MAX_AMOUNT_MINOR}"
        faults.append(FieldError(field="amountMinor", message=message))
    if not _CURRENCY.fullmatch(request.currency):
        faults.append(FieldError(field="currency", message="must be an ISO 4217 code, such as USD"))
    _refuse([*faults, *_code_fault(request.description)])


def _code_fault(description: str) -> list[FieldError]:
    if _CODE.fullmatch(description):
        return []
    message = "must be a code of at most 40 letters A-Z, digits, dots, dashes and underscores, such as CONSULTATION"
    return [FieldError(field="description", message=message)]


def _refuse(faults: list[FieldError]) -> None:
    if faults:
        raise InvalidArgument(fields=tuple(faults))


def _invalid(field: str, message: str) -> InvalidArgument:
    return InvalidArgument(fields=(FieldError(field=field, message=message),))
