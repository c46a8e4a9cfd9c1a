"""The split wiring: each component in a process of its own, with a real broker, on a database that tests share."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg
from tests.end_to_end.split_program import BROKERS, SplitProgram

from careplane.app.catalog import CATALOG, NAMES
from careplane.app.clock import SystemClock
from careplane.app.split_plan import split_processes
from careplane.kernel.invoke import Invoke
from careplane.storage.database import Database
from careplane_transports.grpc.call_keys import read_call_keys
from careplane_transports.grpc.peers import Peers
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.grpc.tokens import GATEWAY, CallTokens

CHEAP: Final = {
    "CAREPLANE_IDENTITY_ARGON2_TIME_COST": "1",
    "CAREPLANE_IDENTITY_ARGON2_MEMORY_KIB": "8",
    "CAREPLANE_IDENTITY_ARGON2_PARALLELISM": "1",
}
_QUIET_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.01
_BEHIND: Final = """
SELECT (SELECT count(*) FROM patient.billing_intents) + (
    SELECT count(*) FROM patient.outbox o
    WHERE NOT EXISTS (SELECT FROM analytics.inbox i WHERE i.event_id = o.id)
        AND NOT EXISTS (SELECT FROM analytics.dead_letter d WHERE d.event_id = o.id)
)
"""


class Elsewhere(NamedTuple):
    """A component that runs in a process of its own, and a way of ours into its database."""

    database: Database


class SplitPlatform(NamedTuple):
    """What a test sees of the platform when that is split: the way to call it, and the databases."""

    calls: Invoke
    hosted: Mapping[str, Elsewhere]


class Processes:
    """The platform's processes, which run for many tests."""

    def __init__(self, program: SplitProgram, url: str) -> None:
        """Know the program, and the owner's URL of its database."""
        self.url = url
        self._program = program

    async def quiet(self) -> None:
        """Return when all that tests have set going has come to its end."""
        connection = await asyncpg.connect(self.url, timeout=10)
        try:
            async with asyncio.timeout(_QUIET_SECONDS):
                while await connection.fetchval(_BEHIND):  # noqa: ASYNC110 - what is waited for happens elsewhere
                    await asyncio.sleep(_POLL_SECONDS)
        finally:
            await connection.close()

    @asynccontextmanager
    async def called(self) -> AsyncIterator[SplitPlatform]:
        """Give the way to call them, as the gateway does."""
        certificates = self._program.data / "certs" / GATEWAY
        (gateway,) = (one for one in split_processes(self._program.folder) if one.runs == GATEWAY)
        settings = GrpcSettings(
            peers=gateway.settings.grpc.peers,
            tls_ca_file=certificates / "ca.pem",
            tls_cert_file=certificates / "tls.pem",
            tls_key_file=certificates / "tls.key",
        )
        tokens = CallTokens(read_call_keys(certificates / "calls", (GATEWAY,)), SystemClock())
        peers = Peers(settings, [entry.component for entry in CATALOG], tokens)
        hosted = {name: Elsewhere(await Database.open(self.url, name, size=2)) for name in NAMES}
        await peers.start()
        try:
            yield SplitPlatform(peers, hosted)
        finally:
            await peers.close()
            for elsewhere in hosted.values():
                await elsewhere.database.close()


@contextmanager
def processes(folder: Path, url: str, brokers: str) -> Iterator[Processes]:
    """Run the platform, split over processes, on the database at `url`."""
    program = SplitProgram(folder / "split", DATABASE_URL=url, **{BROKERS: brokers}, **CHEAP)
    try:
        program.wait_until_ready()
        yield Processes(program, url)
        assert program.stop() == 0, program.said()[-4000:]
        unexpected = [line for line in program.said().splitlines() if "failed and was restarted" in line]
        assert not unexpected, unexpected[0]
    finally:
        program.clear_away()
