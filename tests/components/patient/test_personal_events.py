"""Names and e-mail addresses in events: only where a setting asks for them, and never those of restricted records."""

from typing import Any
from uuid import UUID

import msgspec
from tests.components.conftest import StartPlatform
from tests.components.patient.callers import ANA, restricted
from tests.components.patient.registry import ann, rows

from careplane.app.settings import Settings
from careplane.components.events import NamedPatientEventBody, PatientEventBody
from careplane.components.patient.api import PATIENT, AmendPatient, Patients
from careplane.components.patient.settings import PatientSettings
from careplane.kernel.invoke import proxy

_BODIES = "SELECT body FROM patient.outbox WHERE subject = $1 ORDER BY version"
NAMED = Settings(patients=PatientSettings(personal_data_in_events=True))


async def bodies(url: str, patient: UUID) -> list[bytes]:
    """Return the bodies of the events about a patient."""
    return [row["body"] for row in await rows(url, _BODIES, patient)]


def read(body: bytes, kind: type[Any] = NamedPatientEventBody) -> Any:
    """Read a body."""
    return msgspec.msgpack.decode(body, type=kind)


async def lived(patients: Patients) -> UUID:
    """Register a patient, and change the name."""
    made = await patients.register(ann(name="Zebedee Quux", email="zq@example.org"))
    await patients.amend(AmendPatient(patient_id=made.id, patch='{"name": "Zebedee Plugh"}'))
    return made.id


async def test_as_it_comes_nobody_is_named(patients: Patients, database_url: str) -> None:
    """In no wiring."""
    found = await bodies(database_url, await lived(patients))
    assert len(found) == 2
    assert not any(word in body for body in found for word in (b"Zebedee", b"zq@", b"email"))


async def test_where_it_is_asked_for_events_say_whom_they_are_about(
    start_platform: StartPlatform, database_url: str
) -> None:
    """As the record was in that version; who does not care for names reads the same body as before."""
    async with start_platform(settings=NAMED) as host:
        found = await bodies(database_url, await lived(proxy(PATIENT, host.calls)))
    assert [(read(one).name, read(one).email) for one in found] == [
        ("Zebedee Quux", "zq@example.org"),
        ("Zebedee Plugh", "zq@example.org"),
    ]
    assert [read(one, PatientEventBody).change for one in found] == ["registered", "amended"]


async def test_a_restricted_record_names_nobody(start_platform: StartPlatform, database_url: str) -> None:
    """Whoever reads a topic is in no care team."""
    async with start_platform(settings=NAMED) as host:
        patients = proxy(PATIENT, host.calls)
        made = await restricted(patients, await patients.register(ann(name="Zebedee Quux")), ANA)
        before, after = await bodies(database_url, made.id)
    assert b"Zebedee" in before
    assert b"Zebedee" not in after
