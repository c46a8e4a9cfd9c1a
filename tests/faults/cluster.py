"""A cluster of real processes, each in a process of its own, with a proxy in every link between any two of them."""

import asyncio
import base64
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.end_to_end.program import generous_routes, run_careplane
from tests.faults.ports import steady_port
from tests.faults.process import Process
from tests.faults.proxy import HOST, Link
from tests.faults.surroundings import Kafka, Postgres, Victim

from careplane.app.catalog import CATALOG, NAMES
from careplane.app.embedded import login_url, url_at
from careplane.app.kafka_broker_conf import Listener
from careplane.storage.migrations import let_in, migrate

GATEWAY: Final = "gateway"
PLACES: Final = {**{name: name for name in (*NAMES, GATEWAY)}, "patient-2": "patient"}
"""The processes and what each serves: the registry twice, so that two write, and two relays want to lead."""

POOL_SIZE: Final = 6
RECOVERY_S: Final = 30.0
EMAIL: Final = "ana@clinic.example"
PASSWORD: Final = "purple otters climb ladders"
_POLL_S: Final = 0.05
_MOST_ENDS: Final = 3
_SOCKET: Final = ".s.PGSQL.5432"


class Cluster:
    """The platform split into processes; all of its links and victims are by name, so that a schedule can name them."""

    def __init__(self, folder: Path, places: Mapping[str, str] = PLACES) -> None:
        """Plan it in a folder of its own: the processes, and what each serves."""
        self._folder = folder
        self.processes = {name: Process(name, serves, folder) for name, serves in places.items()}
        self._cursor_secret = secrets.token_hex(32)
        self.postgres = Postgres(folder / "data")
        self.links: dict[str, Link] = {}
        self._kafka_port = steady_port()
        self._listeners: list[Listener] = []
        self._kafka: Kafka | None = None
        self._peers: dict[str, dict[str, str]] = {name: {} for name in self.processes}
        self._brokers: dict[str, str] = {}
        self._urls: dict[str, str] = {}
        self.token: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Where the (first) gateway is."""
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        """Where the gateways are."""
        return [f"http://{HOST}:{one.http_port}" for one in self.processes.values() if one.serves == GATEWAY]

    @property
    def victims(self) -> dict[str, Victim]:
        """All that can be killed, frozen and stopped."""
        assert self._kafka is not None
        found: list[Victim] = [*self.processes.values(), self.postgres, self._kafka]
        return {victim.name: victim for victim in found}

    async def start(self) -> None:
        """Make everything, start everything, and sign in."""
        await asyncio.to_thread(self.postgres.start)
        await migrate(self.postgres.url, NAMES)
        await let_in(self.postgres.url, NAMES)
        await self._make_links()
        self._kafka = Kafka(self._folder / "kafka", self._kafka_port, self._listeners)
        await asyncio.to_thread(self._kafka.start)
        await asyncio.to_thread(self._configure)
        await self.heal()
        async with httpx.AsyncClient(base_url=self.url, timeout=30.0) as client:
            answer = await client.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            self.token = {"Authorization": f"Bearer {answer.json()['token']}"}

    async def heal(self) -> float:
        """Undo every fault, start what does not run, and return how long it took until the gateway says all is well."""
        began = time.monotonic()
        for link in self.links.values():
            link.restore()
        for victim in self.victims.values():
            victim.thaw()
        for name in (self.postgres.name, Kafka.name):
            await asyncio.to_thread(self.victims[name].start)
        await self._until(self._ready)
        return time.monotonic() - began

    async def stop(self) -> None:
        """Leave nothing of it running, whatever state it is in."""
        victims = reversed(self.victims.values()) if self._kafka else [self.postgres]
        for victim in victims:
            victim.thaw()
            await asyncio.to_thread(victim.kill)
        for link in self.links.values():
            await link.close()

    async def _until(self, check: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(RECOVERY_S):
                while True:
                    if await check():
                        return
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise AssertionError(f"not recovered within {RECOVERY_S:g} s\n{self._last_words()}") from None

    def _last_words(self) -> str:
        said = [f"--- {one.name}:\n{one.said()[-1500:]}" for one in self.processes.values()]
        return "\n".join([*said, *(end for one in self.processes.values() for end in one.ended_by_itself[-2:])])

    async def _ready(self) -> bool:
        for process in self.processes.values():
            process.start()
            assert len(process.ended_by_itself) < _MOST_ENDS, process.ended_by_itself[-1]
        try:
            async with httpx.AsyncClient(timeout=5.0) as client:
                answers = [await client.get(f"{url}/health/ready") for url in self.urls]
                answers += [await client.get(process.metrics_url) for process in self.processes.values()]
        except httpx.TransportError:
            return False
        return all(answer.is_success for answer in answers)

    async def _make_links(self) -> None:
        for caller in self.processes.values():
            for called in _called_by(caller.serves):
                links = [await self._link(caller, other) for other in self.processes.values() if other.serves == called]
                self._peers[caller.name][called] = ",".join(f"{HOST}:{link.port}" for link in links)
        for process in self.processes.values():
            if process.serves in _linked_by_events():
                port = steady_port()
                link = await self._open(Link(f"{process.name}/kafka", (HOST, port)))
                listener = Listener(process.name.upper().replace("-", ""), port, told_port=link.port)
                self._listeners.append(listener)
                self._brokers[process.name] = f"{HOST}:{link.port}"
            if process.serves in NAMES:
                place = self._folder / f"postgres-{process.name}"
                place.mkdir()
                target = self.postgres.socket_folder / _SOCKET
                await self._open(Link(f"{process.name}/postgres", target, listens=place / _SOCKET))
                self._urls[process.name] = login_url(url_at(place), process.serves)

    async def _link(self, caller: Process, called: Process) -> Link:
        return await self._open(Link(f"{caller.name}/{called.name}", (HOST, called.grpc_port)))

    async def _open(self, link: Link) -> Link:
        await link.open()
        self.links[link.name] = link
        return link

    def _configure(self) -> None:
        certs, key = self._folder / "certs", self._folder / "signing.pem"
        key.write_text(_signing_key())
        made = run_careplane("certs", str(certs))
        assert made.returncode == 0, made.stderr
        for process in self.processes.values():
            process.configure(self._settings(process, certs, key))
        owner = {"DATABASE_URL": self.postgres.url, "CAREPLANE_IDENTITY_PRIVATE_KEY_FILE": str(key)}
        added = run_careplane("users", "add", EMAIL, "--role", "clinician", stdin=f"{PASSWORD}\n", **owner)
        assert added.returncode == 0, added.stderr

    def _settings(self, process: Process, certs: Path, key: Path) -> dict[str, dict[str, Any]]:
        name, own = process.name, certs / process.serves
        tls = {"tls_ca_file": own / "ca.pem", "tls_cert_file": own / "tls.pem", "tls_key_file": own / "tls.key"}
        gateway = process.serves == GATEWAY
        grpc = {"port": 0 if gateway else process.grpc_port, "keys_dir": own / "calls", **tls}
        found: dict[str, dict[str, Any]] = {
            "metrics": {"port": process.metrics_port},
            "logging": {"format": "json", "level": "warning" if gateway else "info"},
            "grpc": {**grpc, "peers": self._peers[name]},
        }
        if gateway:
            routes = generous_routes(self._folder)
            found["http"] = {"port": process.http_port, "cursor_secret": self._cursor_secret, "routes_file": routes}
        else:
            found["database"] = {"component_urls": {process.serves: self._urls[name]}, "pool_size": POOL_SIZE}
        if name in self._brokers:
            found["kafka"] = {"bootstrap_servers": self._brokers[name], "session_timeout_s": 3.0, "partitions": 3}
        if process.serves == "identity":
            found["identity"] = {"private_key_file": key, "token_ttl_s": 86_400, "secrets_key": _secrets_key()}
        return found


def _called_by(name: str) -> tuple[str, ...]:
    return NAMES if name == GATEWAY else next(tuple(entry.calls) for entry in CATALOG if entry.name == name)


def _linked_by_events() -> set[str]:
    return {name for entry in CATALOG if entry.hears for name in (entry.name, *entry.hears)}


def _signing_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _secrets_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
