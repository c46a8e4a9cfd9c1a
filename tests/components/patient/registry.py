"""What the registry's tests say again and again: somebody to register, and waiting until something has happened."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import asyncpg
import msgspec
from uuid_utils.compat import uuid7

from careplane.components.patient.api import (
    GetPatient,
    PatientAccount,
    Patients,
    RegisterPatient,
)

T = TypeVar("T")


def ann(**changes: object) -> RegisterPatient:
    """Make a registration."""
    request = RegisterPatient(
        patient_id=uuid7(),
        name="Ann Østergård",
        email="ann@example.org",
        address="1 High Street",
        date_of_birth="1980-02-29",
    )
    return msgspec.structs.replace(request, **changes)


async def until(ask: Callable[[], Awaitable[T | None]]) -> T:
    """Ask until there is an answer, for ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            answer = await ask()
            if answer is not None:
                return answer
            await asyncio.sleep(0.005)


async def account_of(patients: Patients, patient_id: UUID) -> PatientAccount:
    """Wait until the patient's account is open."""

    async def ask() -> PatientAccount | None:
        account = await patients.billing_account(GetPatient(patient_id=patient_id))
        return None if account.status == "PENDING" else account

    return await until(ask)


async def rows(url: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
    """Ask the database itself."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetch(statement, *arguments)
    finally:
        await connection.close()
