"""Reading a record together with whether it is open to who asks: one statement, with the audit row, for all who wait.

What a record says and whether it is open are seen at the same moment; a reading that is denied is noted as denied.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from careplane.components.patient.access.access import DENIED, UNDER_GRANT, Reader
from careplane.components.patient.domain import Patient
from careplane.components.patient.rows import patient_of
from careplane.storage.database import Database
from careplane.storage.reads import AuditedReads, Judged
from careplane.storage.recordset import recordset

PATIENT = (
    "id, mrn, version, archived, restricted, care_team, document, registered_date, created_at, updated_at, updated_by, "
    "change"
)
"""The columns that a patient is made from."""


class Way(StrEnum):
    """How a record stood to who asked for it."""

    OPEN = "open"
    GRANT = "grant"
    CLOSED = "closed"


class Asked(msgspec.Struct, frozen=True):
    """A record that is asked for: by whom, and when."""

    patient_id: UUID
    reader: Reader
    now: datetime


class Found(msgspec.Struct, frozen=True):
    """A record, and whether it is open to who asked."""

    patient: Patient
    way: Way


_NOTED = {Way.CLOSED: msgspec.json.encode(DENIED).decode(), Way.GRANT: msgspec.json.encode(UNDER_GRANT).decode()}
# language=postgresql
_JUDGING = f"""
found AS (
    SELECT n, {PATIENT}, CASE
        WHEN NOT restricted OR opens_all OR member = ANY (care_team) THEN '{Way.OPEN}'
        WHEN breaks_glass AND EXISTS (SELECT FROM break_glass g WHERE g.user_id = reader AND g.patient_id = asked.id
            AND g.until > now AND g.version >= restricted_since)
        THEN '{Way.GRANT}' ELSE '{Way.CLOSED}' END AS way
    FROM json_to_recordset($1::json)
        AS asked(n int, id uuid, reader text, member uuid, opens_all bool, breaks_glass bool, now timestamptz)
        JOIN patients USING (id)
), judged AS (
    SELECT n, CASE way WHEN '{Way.GRANT}' THEN '{_NOTED[Way.GRANT]}' ELSE '{_NOTED[Way.CLOSED]}' END::jsonb AS detail
    FROM found WHERE way <> '{Way.OPEN}'
)
"""  # noqa: S608 - composed of constants
_FOUND = f"SELECT n, way, {PATIENT} FROM found"  # noqa: S608 - a constant


def guarded_reads(database: Database) -> AuditedReads[Asked, Found | None]:
    """Return the reads of single records."""
    return AuditedReads(database, Judged(_JUDGING, _FOUND), _arguments, _found, width=1)


class _Line(msgspec.Struct, frozen=True, gc=False):
    """What is asked for on its way into the statement; `n` is its place in the batch."""

    n: int
    id: UUID
    reader: str
    member: UUID | None
    opens_all: bool
    breaks_glass: bool
    now: datetime


def _arguments(asked: Sequence[Asked]) -> Sequence[object]:
    return (recordset([_line(n, one.patient_id, one.reader, one.now) for n, one in enumerate(asked)]),)


def _line(n: int, patient_id: UUID, reader: Reader, now: datetime) -> _Line:
    return _Line(n, patient_id, reader.id, reader.member, reader.opens_all, reader.breaks_glass, now)


def _found(rows: Sequence[Any]) -> Found | None:
    return Found(patient_of(rows[0]), Way(rows[0]["way"])) if rows else None
