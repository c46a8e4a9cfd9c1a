"""The registry's decisions without its storage: a registration of somebody, and the record that it becomes."""

from datetime import UTC, datetime, timedelta

from benchmarks.load.patients import body_of
from benchmarks.population import Someone
from uuid_utils.compat import uuid7

from careplane.components.patient import domain
from careplane.components.patient.api import RegisterPatient
from careplane.components.patient.domain import Patient, Stamp
from careplane.components.patient.record.mrn import medical_record_number


def registration_of(someone: Someone, number: int) -> RegisterPatient:
    """Return the command that registers a person, as the gateway makes it; the number tells the e-mail apart."""
    body = body_of(someone, f"{number:016}")
    return RegisterPatient(
        patient_id=uuid7(),
        name=body["name"],
        email=body["email"],
        address=body["address"],
        date_of_birth=body["dateOfBirth"],
        registered_date=body["registeredDate"],
    )


def registered(request: RegisterPatient, number: int, by: str) -> Patient:
    """Return the record that a registration becomes, as the actor decides it."""
    return domain.register(request, mrn=medical_record_number(number), stamp=stamp_of(by))


def stamp_of(by: str) -> Stamp:
    """Return when and by whom something is done now."""
    now = datetime.now(UTC)
    return Stamp(now=now, today=(now + timedelta(hours=14)).date(), by=by)
