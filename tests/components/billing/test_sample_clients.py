"""Clients of the Java/Spring sample and the real billing: one account for a patient, however often they ask."""

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg
from tests.components.conftest import StartPlatform
from tests.ports import free_port
from tests.transports.grpc.foreign import foreign

from careplane.app.answering import Answering
from careplane.app.clock import SystemClock
from careplane.app.settings import Settings
from careplane.components.billing.api import BILLING, GetAccount
from careplane.kernel.invoke import proxy
from careplane_pb.billing_service_pb2 import BillingRequest, BillingResponse
from careplane_transports.grpc.call_keys import make_call_keys
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.grpc.tokens import CallTokens

PATH = "/BillingService/CreateBillingAccount"
PATIENT = UUID("0197a6c0-1111-7000-8000-000000000002")
TABLES = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'billing'"


async def test_one_account_for_a_patient(start_platform: StartPlatform, database_url: str, tmp_path: Path) -> None:
    """At once or later, it is the account that the platform knows; name and address are nowhere in the database."""
    settings = Settings(grpc=GrpcSettings(port=free_port(), sample_clients=True), data_dir=tmp_path)
    request = BillingRequest(patientId=str(PATIENT), name="Jane Roe", email="jane@example.org").SerializeToString()
    tokens = CallTokens(make_call_keys(("billing",)), SystemClock())
    async with start_platform(settings=settings) as host, Answering(settings, host, tokens).open():
        asked = [foreign(settings.grpc.port, PATH, request) for _ in range(8)]
        replies = [*await asyncio.gather(*asked), await foreign(settings.grpc.port, PATH, request)]
        account = await proxy(BILLING, host.calls).account(GetAccount(patient_id=PATIENT))
    said = {(reply.accountId, reply.status) for reply in map(read, replies)}
    assert said == {(str(account.account_id), account.status)}
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        assert await connection.fetchval("SELECT count(*) FROM billing.account WHERE patient_id = $1", PATIENT) == 1
        for (table,) in await connection.fetch(TABLES):
            rows = await connection.fetch(f"SELECT row.*::text FROM {table} AS row")
            told = str(rows).lower()
            assert "jane" not in told
            assert b"Jane".hex() not in told  # as a column of bytes would show it
    finally:
        await connection.close()


def read(reply: object) -> BillingResponse:
    """Return what a client read."""
    assert isinstance(reply, bytes)
    return BillingResponse.FromString(reply)


def test_the_setting_is_off_by_default() -> None:
    """Whoever wants it says so."""
    assert not GrpcSettings().sample_clients
