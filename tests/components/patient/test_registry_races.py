"""Two processes on one database, as with `careplane import` beside `careplane dev`: what each is told, what is kept."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import msgspec
import pytest
from tests.components.conftest import StartPlatform
from tests.components.patient.registry import ann, rows
from tests.storage.owner import Owner
from uuid_utils.compat import uuid7

from careplane.components.patient.api import (
    PATIENT,
    AmendPatient,
    ArchivePatient,
    GetHistory,
    GetPatient,
    Patients,
    PatientView,
)
from careplane.kernel.context import current, using
from careplane.kernel.errors import Aborted, AlreadyExists, StaleVersion
from careplane.kernel.invoke import proxy

_KNOWN = "SELECT EXISTS (SELECT FROM name_words WHERE word = $1)"


@pytest.fixture
async def processes(start_platform: StartPlatform) -> AsyncIterator[tuple[Patients, Patients]]:
    """Give the registries of two processes."""
    async with AsyncExitStack() as stack:
        hosts = [await stack.enter_async_context(start_platform()) for _ in range(2)]
        yield proxy(PATIENT, hosts[0].calls), proxy(PATIENT, hosts[1].calls)


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Owner]:
    """Stand in the way of both."""
    connection = await asyncpg.connect(database_url, timeout=10, server_settings={"search_path": "patient"})
    yield Owner(connection)
    await connection.close()


def phone(made: PatientView, number: str, expected: int | None = None) -> AmendPatient:
    """Make a change of the phone number."""
    return AmendPatient(patient_id=made.id, patch=json.dumps({"phone": number}), expected_version=expected)


async def test_the_same_addresses_in_opposite_orders(processes: tuple[Patients, Patients]) -> None:
    """Each address has one winner, its loser is told why, and nobody is sent away for the two batches' sake.

    Their names are new to the dictionary too, and come in either order.
    """
    one, other = processes
    for turn in range(3):
        people = [ann(email=f"a{turn}-{n}@example.org", name=f"Ann Name{turn}n{n}") for n in range(100)]
        again = [msgspec.structs.replace(person, patient_id=uuid7()) for person in reversed(people)]
        answers = await asyncio.gather(
            *(one.register(person) for person in people),
            *(other.register(person) for person in again),
            return_exceptions=True,
        )
        assert Counter(map(type, answers)) == {PatientView: 100, AlreadyExists: 100}


async def test_changes_of_one_patient_from_both_leave_no_gap(
    processes: tuple[Patients, Patients], database_url: str
) -> None:
    """Whoever is too late hears Aborted; each change that was acknowledged is a version, an event and an audit row."""
    made = await processes[0].register(ann())

    async def change(patients: Patients, name: int) -> int:
        done = 0
        for n in range(20):
            try:
                await patients.amend(phone(made, f"555 {name}{n:03}"))
            except Aborted:
                continue
            done += 1
        return done

    acknowledged = sum(await asyncio.gather(*(change(p, n) for n, p in enumerate(processes))))
    last = acknowledged + 1
    history = await processes[1].history(GetHistory(patient_id=made.id, limit=100))
    assert [version.version for version in history.versions] == list(range(last, 0, -1))
    told = await rows(database_url, "SELECT version FROM patient.outbox WHERE subject = $1 ORDER BY xid, seq", made.id)
    assert [row["version"] for row in told] == list(range(1, last + 1))
    noted = "SELECT count(*) FROM patient.audit WHERE subject = $1 AND action = 'patient/amend'"
    assert (await rows(database_url, noted, made.id))[0][0] == acknowledged


@pytest.mark.parametrize(("expected", "refused"), [(None, Aborted), (1, StaleVersion)])
async def test_a_change_that_waited_for_another_one_does_not_overwrite_it(
    processes: tuple[Patients, Patients], owner: Owner, expected: int | None, refused: type[Exception]
) -> None:
    """The other transaction has the row and commits: what waited for it looks at the row again, not at its snapshot."""
    made = await processes[0].register(ann())
    blocked = owner.transaction()
    await blocked.start()
    await owner.execute("UPDATE patients SET version = 2, updated_by = 'other' WHERE id = $1", made.id)
    waiting = asyncio.create_task(processes[0].amend(phone(made, "555 0100", expected)))
    await owner.until_waiting(1)
    await blocked.commit()
    with pytest.raises(refused):
        await waiting
    found = await processes[1].get(GetPatient(patient_id=made.id))
    assert (found.version, found.updated_by, found.phone) == (2, "other", None)
    assert await owner.count("patient_versions") == 0
    assert await owner.value("SELECT count(*) FROM outbox WHERE version > 1") == 0


async def test_an_address_claimed_by_a_change_that_commits_meanwhile(
    processes: tuple[Patients, Patients], owner: Owner
) -> None:
    """The claim is not to be seen yet when the other one looks: the index decides, and the reason is named.

    All is undone then, also what the dictionary was taught of the name, and so it is taught that the next time.
    """
    first, second = [await processes[0].register(ann(email=f"{n}@example.org")) for n in range(2)]
    blocked = owner.transaction()
    await blocked.start()
    await owner.execute("UPDATE patients SET email_claim = 'new@example.org' WHERE id = $1", first.id)
    patch = AmendPatient(patient_id=second.id, patch='{"name": "Ann Quist", "email": "new@example.org"}')
    waiting = asyncio.create_task(processes[1].amend(patch))
    await owner.until_waiting(1)
    await blocked.commit()
    with pytest.raises(AlreadyExists) as caught:
        await waiting
    assert [fault.field for fault in caught.value.fields] == ["email"]
    assert (await processes[0].get(GetPatient(patient_id=second.id))).version == 1
    assert await owner.value(_KNOWN, "quist") is False
    await processes[1].amend(AmendPatient(patient_id=second.id, patch='{"name": "Ann Quist"}'))
    assert await owner.value(_KNOWN, "quist") is True


async def test_one_key_and_one_version_in_both_processes(processes: tuple[Patients, Patients]) -> None:
    """A command that is sent to both at once, on the version before it, is done once; both get the same answer."""
    for turn in range(10):
        made = await processes[0].register(ann(email=f"{turn}@example.org"))
        with using(msgspec.structs.replace(current(), idempotency_key=f"change {turn}")):
            changed = await asyncio.gather(*(p.amend(phone(made, "555 0100", 1)) for p in processes))
        with using(msgspec.structs.replace(current(), idempotency_key=f"archive {turn}")):
            archived = await asyncio.gather(*(p.archive(ArchivePatient(patient_id=made.id)) for p in processes))
        assert changed[0] == changed[1]
        assert archived[0] == archived[1]
        assert archived[0].version == 3
