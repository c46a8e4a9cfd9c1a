"""The patients that a system has: through its database where it is Careplane, else through its API."""

import random
import sys
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import msgspec
from benchmarks.load.corpus import UNIQUE
from benchmarks.load.loading import closed_loop, none_failed
from benchmarks.population import Someone, people
from benchmarks.systems.running import Running

KEPT = 20_000
"""So many patients are asked for, one after the other, so that none is asked for again soon."""
_TOLD = 2_000
_PAGE = 200
_STREETS = ("High Street", "Station Road", "Church Lane", "Mill Lane", "Park Avenue", "Kings Road")
_CITIES = ("Springfield", "Riverside", "Northfield", "Lakeview", "Ashford")
_COUNT = {True: "SELECT count(*) FROM patient.patients", False: "SELECT count(*) FROM patients"}
_SOME = """
SELECT id::text AS id, version, document->'name'->0->>'text' AS name, email_key AS email, birth_date::text AS born, mrn
FROM patient.patients WHERE NOT archived AND birth_date IS NOT NULL AND email_key IS NOT NULL
    AND document->'name'->0->>'text' IS NOT NULL
ORDER BY hashtextextended(id::text, $1) LIMIT $2
"""


class Known(msgspec.Struct, frozen=True):
    """A patient that a system has, with all that it can be found by."""

    id: str
    version: int
    name: str
    email: str
    born: str
    mrn: str


def body_of(someone: Someone, mark: str = UNIQUE) -> dict[str, str]:
    """Return the five simple fields of a person, whose e-mail address nobody else has by the `mark` in it."""
    number = someone.number
    street, city = _STREETS[number % len(_STREETS)], _CITIES[number % len(_CITIES)]
    return {
        "name": someone.name,
        "email": f"p{mark}@example.org",
        "address": f"{number % 997 + 1} {street}, {city}",
        "dateOfBirth": someone.born,
        "registeredDate": f"2025-0{number % 9 + 1}-15",
    }


def known(system: Running, *, seed: int, count: int = KEPT) -> list[Known]:
    """Return at most so many patients of a system, drawn from all of them; those of its API's first pages otherwise."""
    if system.platform:
        found = [Known(**row) for row in system.sql(_SOME, seed, count)]
    else:
        found = list(islice(_listed(system) if system.process else _registered(system, seed), count))
    if not found:
        sys.exit(f"{system.name} has no patients to ask for: register some first.")
    random.Random(seed).shuffle(found)
    return found


def stocked(system: Running, corpus: Path, *, at_least: int) -> None:
    """Register until a system has so many patients, if it is one that keeps them."""
    while system.database and system.sql(_COUNT[system.platform])[0][0] < at_least:
        none_failed(closed_loop(system, corpus, clients=32, seconds=2), system.name)
        system.settle()


def client(system: Running) -> httpx.Client:
    """Return what asks a system now and then, where nothing is measured."""
    return httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {system.token}"}, timeout=30)


def _listed(system: Running) -> Iterator[Known]:
    with client(system) as asking:
        cursor: dict[str, str] = {}
        while True:
            page = _answer(system, asking.get("/api/patients", params={"limit": _PAGE, **cursor}))
            yield from map(_known, page["patients"])
            if not page["nextCursor"]:
                return
            cursor = {"cursor": page["nextCursor"]}


def _registered(system: Running, seed: int) -> Iterator[Known]:
    """Register patients with somebody else's server, and yield these: what else is there is not ours to read."""
    run = random.SystemRandom().randrange(10**6)
    with client(system) as asking:
        for someone in islice(people(seed), _TOLD):
            body = body_of(someone, f"{run:06}{someone.number:010}")
            yield _known(_answer(system, asking.post("/api/patients", json=body)))


def _answer(system: Running, answer: httpx.Response) -> Any:
    if answer.status_code not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        sys.exit(f"{system.name} answered {answer.status_code} to {answer.request.method} {answer.request.url.path}.")
    return answer.json()


def _known(patient: dict[str, Any]) -> Known:
    return Known(
        id=patient["id"],
        version=patient.get("version", 1),
        name=patient["name"],
        email=patient["email"],
        born=patient["dateOfBirth"],
        mrn=str(patient.get("medicalRecordNumber", "")),
    )
