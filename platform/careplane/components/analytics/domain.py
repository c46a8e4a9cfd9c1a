"""The counting: what each patient's latest event says, and by how much the counters move when that changes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

import msgspec

from careplane.components.events import PatientEventBody

PATIENTS = "patients"
ARCHIVED = "archived"
GENDER = "gender"
BIRTH_YEAR = "birth_year"
POSTAL_AREA = "postal_area"
NOT_KNOWN = ""
"""The value under which a counter has those of whom the value is not known."""

Tally = tuple[str, str]

_INTEGER_MAX = 2**31 - 1
_TEXT_MAX = 500


class Fact(msgspec.Struct, frozen=True):
    """What is known of a patient as of a version."""

    patient_id: UUID
    version: int
    birth_year: int | None
    gender: str
    postal_area: str
    registered_on: date
    archived: bool


class Change(msgspec.Struct, frozen=True):
    """The facts that replace others, and by how much the counters move; a counter that stays is not named."""

    facts: tuple[Fact, ...]
    tallies: Mapping[Tally, int]
    days: Mapping[date, int]


def fact_of(body: PatientEventBody) -> Fact:
    """Return what an event says of its patient; raise ValueError where the tables could not hold that.

    It is the event alone that decides, so that whoever counts the log again sets the same events aside.
    """
    if not 0 < body.version <= _INTEGER_MAX or not 0 <= (body.birth_year or 0) <= _INTEGER_MAX:
        message = "a number is out of range"
        raise ValueError(message)
    if any(text and (len(text) > _TEXT_MAX or "\0" in text) for text in (body.gender, body.postal_area)):
        message = "a text cannot be kept"
        raise ValueError(message)
    return Fact(
        patient_id=body.patient_id,
        version=body.version,
        birth_year=body.birth_year,
        gender=body.gender or NOT_KNOWN,
        postal_area=body.postal_area or NOT_KNOWN,
        registered_on=body.registered_date,
        archived=body.archived,
    )


def fold(known: Mapping[UUID, Fact], news: Iterable[Fact]) -> Change:
    """Take news over what is known: only a higher version than the known one says anything new."""
    latest: dict[UUID, Fact] = {}
    for fact in news:
        before = latest.get(fact.patient_id) or known.get(fact.patient_id)
        if before is None or fact.version > before.version:
            latest[fact.patient_id] = fact
    tallies: Counter[Tally] = Counter()
    days: Counter[date] = Counter()
    for fact in latest.values():
        _count(tallies, days, fact, 1)
        if (before := known.get(fact.patient_id)) is not None:
            _count(tallies, days, before, -1)
    return Change(
        facts=tuple(latest.values()),
        tallies={key: change for key, change in tallies.items() if change},
        days={day: change for day, change in days.items() if change},
    )


def _count(tallies: Counter[Tally], days: Counter[date], fact: Fact, by: int) -> None:
    """Count a patient in or out; archiving does not undo that somebody registered, so the day counts all."""
    tallies[PATIENTS, ""] += by
    days[fact.registered_on] += by
    if fact.archived:
        tallies[ARCHIVED, ""] += by
        return
    tallies[GENDER, fact.gender] += by
    tallies[BIRTH_YEAR, NOT_KNOWN if fact.birth_year is None else str(fact.birth_year)] += by
    tallies[POSTAL_AREA, fact.postal_area] += by
