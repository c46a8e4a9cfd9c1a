"""Events about patients, made as the registry makes them."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from careplane.components.events import PATIENT_CHANGED, PATIENT_STREAM, PatientEventBody
from careplane.kernel.events import Event

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def event_about(body: PatientEventBody) -> Event:
    """Return the event, new by its id, that says so."""
    return Event(
        id=uuid4(),
        type=PATIENT_CHANGED,
        source=PATIENT_STREAM,
        subject=body.patient_id,
        version=body.version,
        time=NOON,
        body=msgspec.msgpack.encode(body),
    )
