"""A story for analytics to count: people come, change and go, and all of it has been counted."""

import asyncio
from typing import Any
from uuid import UUID

from tests.components.analytics.tables import rows
from tests.components.patient.registry import ann, until
from tests.components.patient_events import NOON, event_about
from uuid_utils.compat import uuid7

from careplane.app.host import Host
from careplane.components.analytics.api import ANALYTICS, Analytics
from careplane.components.events import PatientEventBody
from careplane.components.patient.api import PATIENT, AmendPatient, ArchivePatient, Patients
from careplane.kernel.events import Event
from careplane.kernel.invoke import proxy

_WAITING = """
SELECT count(*) FROM patient.outbox o
WHERE NOT EXISTS (SELECT FROM analytics.inbox i WHERE i.event_id = o.id)
    AND NOT EXISTS (SELECT FROM analytics.dead_letter d WHERE d.event_id = o.id)
"""


async def settled(url: str) -> None:
    """Return when every event of the log has been counted or set aside."""

    async def ask() -> bool | None:
        return (await rows(url, _WAITING))[0][0] == 0 or None

    await until(ask)


async def tell(patients: Patients, people: int = 12) -> None:
    """Make a story: people come, change, and some are archived."""

    async def life(number: int) -> None:
        first = await patients.register(ann(patient_id=uuid7(), email=f"{uuid7()}@example.org", gender="female"))
        if number % 2:
            await patients.amend(AmendPatient(patient_id=first.id, patch='{"gender": "male"}'))
        if number % 3 == 0:
            await patients.archive(ArchivePatient(patient_id=first.id))

    await asyncio.gather(*(life(number) for number in range(people)))


class World:
    """A platform with a story in it."""

    def __init__(self, host: Host, url: str) -> None:
        """Speak to its components."""
        self.analytics: Analytics = proxy(ANALYTICS, host.calls)
        self.patients: Patients = proxy(PATIENT, host.calls)
        self.host = host
        self.url = url


def event_of(patient: int, version: int, facts: dict[str, Any]) -> Event:
    """Make the event of one version of a patient."""
    return event_about(
        PatientEventBody(patient_id=UUID(int=patient), version=version, at=NOON, change="amended", **facts)
    )
