"""`careplane demo`: register synthetic people, the same ones for the same seed."""

import asyncio
import itertools
import time
from collections.abc import Iterator

from uuid_utils.compat import uuid7

from careplane.app.access import REGISTRY, platform_access
from careplane.app.people import Person, people
from careplane.app.settings import Settings
from careplane.app.terminal import progress, say
from careplane.components.patient.api import PATIENT, Patients, RegisterPatient
from careplane.kernel.errors import AlreadyExists, Overloaded
from careplane.kernel.invoke import proxy

AT_A_TIME = 128


async def run_demo(settings: Settings, count: int, seed: int) -> None:
    """Register `count` people; those of an earlier run with this seed are there already and stay as they are."""
    started = time.monotonic()
    registered = 0
    async with platform_access(settings, REGISTRY) as host:
        patients = proxy(PATIENT, host.calls)
        with progress("registering", count) as report:
            crowd = itertools.islice(people(seed), count)
            for done in range(0, count, AT_A_TIME):
                registered += await _register(patients, itertools.islice(crowd, AT_A_TIME))
                report(min(done + AT_A_TIME, count))
    seconds = time.monotonic() - started
    say(f"{registered} people registered in {seconds:.1f} s (seed {seed}); {count - registered} were there already.")


async def _register(patients: Patients, crowd: Iterator[Person]) -> int:
    return sum(await asyncio.gather(*(_register_one(patients, person) for person in crowd)))


async def _register_one(patients: Patients, person: Person) -> bool:
    request = RegisterPatient(patient_id=uuid7(), **person)
    while True:
        try:
            await patients.register(request)
        except AlreadyExists:
            return False
        except Overloaded as error:
            await asyncio.sleep(error.retry_after or 1.0)
        else:
            return True
