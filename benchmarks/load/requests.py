"""What is asked of a system: corpora of registrations, reads, lists, searches and updates, and these mixed."""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from benchmarks.load.corpus import JSON, MERGE_PATCH, UNIQUE, Request, write_corpus
from benchmarks.load.patients import KEPT, Known, body_of, known
from benchmarks.population import people
from benchmarks.population_slips import misspelt
from benchmarks.systems.running import Running

KINDS = ("name", "misspelt name", "date of birth", "e-mail", "identifier")
"""What patients are searched by."""
MIX = {"read": 70, "search": 20, "register": 8, "update": 2}
"""Of a hundred requests, how many are of which kind."""
PAGE = 20
_encode = msgspec.json.Encoder().encode


def registrations(file: Path, *, seed: int, count: int = KEPT) -> Path:
    """Write registrations of people of many countries, each with an e-mail address that nobody else has."""
    return write_corpus(file, islice(_registering(seed), count))


def reads(file: Path, system: Running, *, seed: int) -> Path:
    """Write reads by id, of patients drawn from all that the system has."""
    return write_corpus(file, map(_read, known(system, seed=seed)))


def lists(file: Path) -> Path:
    """Write what asks for the first page."""
    return write_corpus(file, [Request("GET", f"/api/patients?limit={PAGE}")])


def searches(file: Path, system: Running, kind: str, *, seed: int) -> Path:
    """Write searches of one of `KINDS` for patients that the system has."""
    return write_corpus(file, _searching(known(system, seed=seed), (kind,), random.Random(seed)))


def updates(file: Path, system: Running, *, seed: int, count: int) -> Path:
    """Write so many changes of an address, each with the ETag of the version that it finds, of many patients in turn.

    They fit the versions that there are now, and each must be sent once, in their order.
    """
    return write_corpus(file, islice(_updating(known(system, seed=seed)), count))


def mixed(file: Path, system: Running, *, seed: int, count: int, kinds: Sequence[str] = KINDS) -> Path:
    """Write so many requests of all kinds, mixed as `MIX` says; each must be sent once, for the sake of the updates."""
    chance = random.Random(seed)
    found = known(system, seed=seed)
    sources: Mapping[str, Iterator[Request]] = {
        "read": map(_read, cycle(found)),
        "search": cycle(list(_searching(found[:5000], kinds, chance))),
        "register": _registering(seed),
        "update": _updating(found),
    }
    drawn = chance.choices(list(MIX), list(MIX.values()), k=count)
    return write_corpus(file, (next(sources[kind]) for kind in drawn))


def _registering(seed: int) -> Iterator[Request]:
    return (Request("POST", "/api/patients", _encode(body_of(who)).decode(), JSON) for who in people(seed))


def _read(patient: Known) -> Request:
    return Request("GET", f"/api/patients/{patient.id}")


def _updating(patients: Sequence[Known]) -> Iterator[Request]:
    body = _encode({"address": f"{UNIQUE} Moved Street, Springfield"}).decode()
    later = 0
    while True:
        for one in patients:
            path, version = f"/api/patients/{one.id}", one.version + later
            yield Request("PATCH", path, body, MERGE_PATCH, if_match=f'"v{version}"')
        later += 1


def _searching(patients: Sequence[Known], kinds: Sequence[str], chance: random.Random) -> Iterator[Request]:
    for patient in patients:
        for kind in kinds:
            asked = condition(patient, kind, chance)
            if all(asked.values()):
                yield Request("GET", f"/api/patients?{urlencode({**asked, 'limit': PAGE})}")


def condition(patient: Known, kind: str, chance: random.Random) -> dict[str, str]:
    """Return the parameters that look for a patient; an empty one where it cannot be looked for so."""
    match kind:
        case "name":
            return {"name": patient.name}
        case "misspelt name":
            return {"name": misspelt(patient.name, chance) or ""}
        case "date of birth":
            return {"dateOfBirth": patient.born}
        case "e-mail":
            return {"email": patient.email}
        case _:
            return {"identifier": patient.mrn}
