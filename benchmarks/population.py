"""People of many countries with names as registries have them: few common ones, and a long tail of rare ones.

A seed makes the same people again. Common names are mimesis's, with weights as by Zipf; rare ones are put together
of halves of the known names of their language, so that they look and are spelt like it. At a million people there are
a few hundred thousand different words.
"""

import csv
import random
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from benchmarks.population_names import MEN, WOMEN, Language, drawing
from benchmarks.population_words import COUNTRIES

SYSTEM = "urn:example:hospital"
"""Whose record numbers the people come with."""
CSV_COLUMNS = ("name", "email", "address", "dateOfBirth", "gender", "phone", "medicalRecordNumber")
_MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
_OLDEST = date(1925, 1, 1).toordinal()
_DAYS = date(2025, 12, 31).toordinal() - _OLDEST
_STREETS = ("High Street", "Hauptstraße", "Rue de l'Église", "Calle Mayor", "Via Roma", "ul. Polna", "Kerkstraat")
_CITIES = ("Northfield", "Neustadt", "Saint-Martin", "Santa Cruz", "San Marco", "Nowa Wieś", "Nieuwkerk", "Las Vegas")


class Someone(NamedTuple):
    """One person; `name` is given and family name in the order in which their language says them."""

    number: int
    name: str
    given: str
    family: str
    gender: str
    born: str
    country: str

    @property
    def email(self) -> str:
        """An address that nobody else has, in a domain that cannot exist; one in ten has none."""
        return "" if self.number % 10 == 0 else f"{self.country.lower()}.{self.number:07d}@example.invalid"

    @property
    def record_number(self) -> str:
        """The number that the person has in the registry that they come from."""
        return f"H{self.number:09d}"

    @property
    def phone(self) -> str:
        """A number that is nobody's."""
        return f"+1-555-{self.number * 7919 % 10_000_000:07d}"


def people(seed: int = 1) -> Iterator[Someone]:
    """Yield people without end, numbered from 1."""
    chance = random.Random(seed)
    languages = [Language(country, chance) for country in COUNTRIES]
    whose = drawing(languages, [country.people for country in COUNTRIES], chance)
    born = drawing([date.fromordinal(_OLDEST + day).isoformat() for day in range(_DAYS)], [1] * _DAYS, chance)
    number = 0
    while True:
        number += 1
        language = whose()
        which = MEN if number & 1 else WOMEN
        given, family, joint = language.given(which), language.family(which), language.country.joint
        name = f"{given}{joint}{family}" if joint == " " else f"{family}{joint}{given}"
        yield Someone(number, name, given, family, "male" if number & 1 else "female", born(), language.country.code)


def write_ndjson(file: Path, count: int, seed: int = 1) -> Path:
    """Write so many people as FHIR R4 Patients, one a line."""
    with file.open("wb") as lines:
        for someone in islice(people(seed), count):
            lines.write(msgspec.json.encode(_resource(someone)) + b"\n")
    return file


def write_csv(file: Path, count: int, seed: int = 1) -> Path:
    """Write so many people as rows of the simple fields."""
    with file.open("w", encoding="utf-8", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(CSV_COLUMNS)
        rows.writerows(map(_row, islice(people(seed), count)))
    return file


def _resource(someone: Someone) -> dict[str, object]:
    telecom = [{"system": "phone", "value": someone.phone, "use": "mobile"}]
    if someone.email:
        telecom.append({"system": "email", "value": someone.email})
    street, city, code = _place(someone.number)
    return {
        "resourceType": "Patient",
        "identifier": [{"type": _MR, "system": SYSTEM, "value": someone.record_number}],
        "active": True,
        "name": [{"use": "official", "text": someone.name, "family": someone.family, "given": someone.given.split()}],
        "telecom": telecom,
        "gender": someone.gender,
        "birthDate": someone.born,
        "address": [{"use": "home", "line": [street], "city": city, "postalCode": code, "country": someone.country}],
    }


def _row(someone: Someone) -> tuple[str, ...]:
    street, city, code = _place(someone.number)
    where = f"{street}, {code} {city}, {someone.country}"
    return (someone.name, someone.email, where, someone.born, someone.gender, someone.phone, someone.record_number)


def _place(number: int) -> tuple[str, str, str]:
    street = _STREETS[number % len(_STREETS)]
    return f"{number % 199 + 1} {street}", _CITIES[number % len(_CITIES)], f"{number * 7 % 90_000 + 10_000}"
