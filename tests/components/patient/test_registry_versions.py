"""Versions of a record, in every wiring: each change makes one, none is lost, and history keeps them."""

import asyncio
import json

import pytest
from tests.components.patient.registry import ann

from careplane.components.patient.api import (
    AmendPatient,
    ArchivePatient,
    GetHistory,
    GetPatient,
    GetVersion,
    Patients,
    ReplacePatient,
    RestorePatient,
)
from careplane.kernel.errors import (
    NotFound,
    StaleVersion,
)


async def test_changes_make_versions_and_history_keeps_them(patients: Patients) -> None:
    """Every change is a version without a gap, and each can be read again."""
    made = await patients.register(ann())
    amended = await patients.amend(AmendPatient(patient_id=made.id, patch='{"name": "Ann Smith"}'))
    replaced = await patients.replace(
        ReplacePatient(
            patient_id=made.id,
            name="Ann Jones",
            email="ann@example.org",
            address="2 Low Street",
            date_of_birth="1980-02-29",
        )
    )
    archived = await patients.archive(ArchivePatient(patient_id=made.id))
    restored = await patients.restore(RestorePatient(patient_id=made.id))
    assert [v.version for v in (amended, replaced, archived, restored)] == [2, 3, 4, 5]
    history = await patients.history(GetHistory(patient_id=made.id))
    changes = [(v.version, v.change, v.by) for v in history.versions]
    assert changes == [
        (5, "restored", "tester"),
        (4, "archived", "tester"),
        (3, "replaced", "tester"),
        (2, "amended", "tester"),
        (1, "registered", "tester"),
    ]
    assert (await patients.version(GetVersion(patient_id=made.id, version=1))).name == "Ann Østergård"
    assert (await patients.version(GetVersion(patient_id=made.id, version=5))) == restored
    with pytest.raises(NotFound):
        await patients.version(GetVersion(patient_id=made.id, version=6))


async def test_history_comes_in_pages(patients: Patients) -> None:
    """A page says where the next one begins."""
    made = await patients.register(ann())
    for i in range(4):
        await patients.amend(AmendPatient(patient_id=made.id, patch=json.dumps({"phone": f"555 010{i}"})))
    first = await patients.history(GetHistory(patient_id=made.id, limit=2))
    assert [v.version for v in first.versions] == [5, 4]
    second = await patients.history(GetHistory(patient_id=made.id, limit=10, before_version=first.next_before_version))
    assert [v.version for v in second.versions] == [3, 2, 1]
    assert second.next_before_version is None


async def test_a_change_on_a_stale_version_is_refused(patients: Patients) -> None:
    """Optimistic concurrency: only the present version can be changed."""
    made = await patients.register(ann())
    await patients.amend(AmendPatient(patient_id=made.id, patch='{"phone": "555 0100"}', expected_version=1))
    with pytest.raises(StaleVersion):
        await patients.amend(AmendPatient(patient_id=made.id, patch='{"phone": "555 0101"}', expected_version=1))
    assert (await patients.get(GetPatient(patient_id=made.id))).phone == "555 0100"


async def test_concurrent_changes_of_one_patient_all_count(patients: Patients) -> None:
    """Commands on one patient run one after another: none is lost."""
    made = await patients.register(ann())
    await asyncio.gather(
        *(
            patients.amend(AmendPatient(patient_id=made.id, patch=json.dumps({"phone": f"555 {i:04}"})))
            for i in range(10)
        )
    )
    assert (await patients.get(GetPatient(patient_id=made.id))).version == 11


async def test_a_change_that_changes_nothing_makes_no_version(patients: Patients) -> None:
    """The version stays, and so does the ETag."""
    made = await patients.register(ann())
    same = await patients.amend(AmendPatient(patient_id=made.id, patch='{"name": "Ann Østergård"}'))
    assert same == made
