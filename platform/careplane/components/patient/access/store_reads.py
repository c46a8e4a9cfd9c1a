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
    FROM unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::bool[], $6::bool[], $7::timestamptz[])
        AS asked(n, id, reader, member, opens_all, breaks_glass, now) JOIN patients USING (id)
), judged AS (
    SELECT n, CASE way WHEN '{Way.GRANT}' THEN '{_NOTED[Way.GRANT]}' ELSE '{_NOTED[Way.CLOSED]}' END::jsonb AS detail
    FROM found WHERE way <> '{Way.OPEN}'
)
"""  # noqa: S608 - composed of constants
_FOUND = f"SELECT n, way, {PATIENT} FROM found"  # noqa: S608 - a constant


def guarded_reads(database: Database) -> AuditedReads[Asked, Found | None]:
    """Return the reads of single records."""
    return AuditedReads(database, Judged(_JUDGING, _FOUND), _arrays, _found, width=7)


def _arrays(asked: Sequence[Asked]) -> Sequence[Sequence[object]]:
    readers = [one.reader for one in asked]
    return (
        range(len(asked)),
        [one.patient_id for one in asked],
        [reader.id for reader in readers],
        [reader.member for reader in readers],
        [reader.opens_all for reader in readers],
        [reader.breaks_glass for reader in readers],
        [one.now for one in asked],
    )


def _found(rows: Sequence[Any]) -> Found | None:
    return Found(patient_of(rows[0]), Way(rows[0]["way"])) if rows else None
