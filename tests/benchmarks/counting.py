"""The platform in this process, asked by a crowd without sockets, and what a request costs it in work, not in time."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import msgspec
from tests.end_to_end.program import generous_routes
from tests.storage.waiting import until

from careplane.app.catalog import NAMES, entries
from careplane.app.front import follow_identity, make_front
from careplane.app.host import Host
from careplane.app.running import demo_user_in
from careplane.app.settings import Settings
from careplane.components.identity.demo import EMAIL, PASSWORD
from careplane.gateway.edge import Edge
from careplane.gateway.metrics import Metrics

CROWD = 64
WAVES = 5
_numbers = count(1)
_BEHIND = """
SELECT (SELECT count(*) FROM patient.patients) - (SELECT count(*) FROM analytics.patient_fact)
     + (SELECT count(*) FROM patient.billing_intents)
"""
_CONNECTION = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "http_version": "1.1",
    "scheme": "http",
    "query_string": b"",
    "root_path": "",
    "client": ("127.0.0.1", 50_000),
    "server": ("127.0.0.1", 4004),
    "extensions": {},
}
_DONE = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_wal_insert_lsn() - '0/0'"


class Work(NamedTuple):
    """What one request of a crowd costs: Python calls (into C, too), transactions that write, and bytes of log."""

    calls: float
    transactions: float
    log_bytes: float


@dataclass
class Asked:
    """A platform's gateway, asked as its server would ask it, and its database."""

    edge: Edge
    database: asyncpg.Connection
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send one request; return the status and the body of the answer."""
        content = b"" if body is None else json.dumps(body).encode()
        framing = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        scope: Any = {
            **_CONNECTION,
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "headers": [(b"host", b"localhost"), *(framing if content else []), *self.headers],
        }
        said: list[Any] = []
        waiting = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive() -> Any:
            return waiting.pop() if waiting else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            said.append(message)

        await self.edge(scope, receive, send)
        answer = b"".join(message.get("body", b"") for message in said)
        return said[0]["status"], json.loads(answer) if answer else None

    async def register(self) -> str:
        """Register somebody; return the id."""
        number = next(_numbers)
        who = {"name": f"Ada Lovelace{number}", "email": f"a{number}@example.org", "address": f"{number} High Street"}
        status, patient = await self.ask("POST", "/api/patients", {**who, "dateOfBirth": "1985-12-10"})
        assert status == 201, patient
        found: str = patient["id"]
        return found

    async def work_of(self, one: Callable[[], Awaitable[object]]) -> Work:
        """Return what one of a crowd that asks at once costs, all that follows included: the least of some waves.

        Whatever else happens in a wave, as a checkpoint or the sealing of the audit, only adds to it; and so does what
        the first one has to learn.
        """
        return Work(*map(min, zip(*[await self._wave(one) for _ in range(WAVES)], strict=True)))

    async def _wave(self, one: Callable[[], Awaitable[object]]) -> Work:
        transactions, log_bytes = await self._done()
        with counted_calls() as calls:
            await asyncio.gather(*(one() for _ in range(CROWD)))
        await until(self._nothing_waits)
        transactions_then, log_bytes_then = await self._done()
        took = calls[0], transactions_then - transactions, log_bytes_then - log_bytes
        return Work(*(some / CROWD for some in took))

    async def _done(self) -> tuple[int, int]:
        """Return how many transactions have written so far, and how many bytes of log there are."""
        (row,) = await self.database.fetch(_DONE)
        return int(row[0]), int(row[1])

    async def _nothing_waits(self) -> bool:
        return not await self.database.fetchval(_BEHIND)


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Count the calls that this thread makes meanwhile; the list's one entry is the number, in the end."""
    calls = [0]

    def seen(_frame: object, event: str, _argument: object) -> None:
        if event in {"call", "c_call"}:
            calls[0] += 1

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@asynccontextmanager
async def asked_platform(database_url: str, folder: Path) -> AsyncIterator[Asked]:
    """Run all components and the gateway on a database, with the demo user signed in."""
    settings = _settings(folder)
    host = Host(settings, dict.fromkeys(NAMES, database_url))
    await host.start(entries(()))
    database = await asyncpg.connect(database_url, timeout=10)
    try:
        await demo_user_in(host)
        metrics = Metrics()
        following = await follow_identity(settings, host, metrics)
        async with following.kept_up():
            edge = make_front(settings, host, metrics, following, cursor_secret=b"x" * 32, elsewhere={})
            asked = Asked(edge, database)
            _, answer = await asked.ask("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD})
            asked.headers.append((b"authorization", f"Bearer {answer['token']}".encode()))
            yield asked
    finally:
        await database.close()
        await host.stop()


def _settings(folder: Path) -> Settings:
    """Return settings with cheap passwords, rates that no crowd reaches, and keys in a folder."""
    cheap = {"argon2_time_cost": 1, "argon2_memory_kib": 8, "argon2_parallelism": 1}
    usual = Settings()
    return msgspec.structs.replace(
        usual,
        identity=msgspec.structs.replace(usual.identity, production=False, demo_user=True, data_dir=folder, **cheap),
        http=msgspec.structs.replace(usual.http, routes_file=generous_routes(folder)),
        logging=msgspec.structs.replace(usual.logging, format="json"),
    )
