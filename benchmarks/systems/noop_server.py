"""`python -m benchmarks.systems.noop_server PORT TOKEN_FILE`: the gateway with patients that are nowhere kept.

All that the server does is done as ever: the gateway, the component's guards, its mailbox; and all that the registry
decides: a registration is validated and becomes a record, a read makes its answer out of a record. There is no storage:
no row is made for a database, no event, no audit. What is registered or changed is forgotten; what can be read are some
thousand people who are in memory from the start.
"""

import asyncio
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import uvloop
from benchmarks.population import people
from benchmarks.systems.deciding import registered, registration_of, stamp_of
from uuid_utils.compat import uuid7

from careplane.app.catalog import NAMES
from careplane.app.clock import SystemClock
from careplane.app.front import follow_identity, make_front
from careplane.app.host import Host
from careplane.app.logs import configure_logs
from careplane.app.memory import settle_memory
from careplane.app.running import stop_signals
from careplane.app.settings import Settings
from careplane.app.settings_source import load_settings
from careplane.components.identity.api import IDENTITY, Followed
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.keys import SigningKey, key_set, load_keys
from careplane.components.identity.signing.tokens import TokenSigner
from careplane.components.patient import domain
from careplane.components.patient.api import (
    PATIENT,
    AmendPatient,
    GetPatient,
    PatientPage,
    PatientView,
    RegisterPatient,
    SearchPatients,
)
from careplane.components.patient.domain import Patient
from careplane.gateway.metrics import Metrics
from careplane.gateway.server import serving
from careplane.kernel.context import current
from careplane.kernel.contract import Method
from careplane.kernel.errors import FailedPrecondition, NotFound
from careplane.kernel.guards import authorised, in_time, not_reentrant
from careplane.kernel.invoke import layered
from careplane.kernel.mailbox import Mailbox
from careplane.kernel.message import Message

PATIENTS = 5_000
_clock = SystemClock()


class Registry:
    """What the registry decides, with a few people in memory and nothing kept."""

    def __init__(self) -> None:
        """Make the people who can be read."""
        self._patients: dict[UUID, Patient] = {}
        for someone in islice(people(), PATIENTS):
            patient = registered(registration_of(someone, someone.number), someone.number, by="noop")
            self._patients[patient.id] = patient
        self.methods: dict[Method, Callable[[Any], Message]] = {
            PATIENT.methods["register"]: self.register,
            PATIENT.methods["get"]: self.get,
            PATIENT.methods["amend"]: self.amend,
            PATIENT.methods["search"]: self.search,
        }

    @staticmethod
    def register(request: RegisterPatient) -> PatientView:
        """Decide a registration, and forget it."""
        return domain.view(registered(request, 1, current().principal.id))

    def get(self, request: GetPatient) -> PatientView:
        """Return one of the people."""
        return domain.view(self._patient(request.patient_id))

    def amend(self, request: AmendPatient) -> PatientView:
        """Decide a change of one of the people, and forget it."""
        return domain.view(domain.amend(self._patient(request.patient_id), request, stamp_of(current().principal.id)))

    def search(self, request: SearchPatients) -> PatientPage:
        """Return a page of all of them; nothing can be looked for."""
        if request.name or request.email or request.date_of_birth or request.identifier or request.q:
            raise FailedPrecondition("Nothing is stored here that could be searched.")
        begin = int(request.after or 0)
        end = begin + request.limit
        found = tuple(map(domain.view, islice(self._patients.values(), begin, end)))
        return PatientPage(patients=found, next_after=str(end) if end < PATIENTS else None)

    def _patient(self, patient_id: UUID) -> Patient:
        patient = self._patients.get(patient_id)
        if patient is None:
            raise NotFound
        return patient


async def main(port: int, token_file: Path) -> None:
    """Serve until SIGINT or SIGTERM."""
    settings = load_settings(None)
    configure_logs(settings.logging.format, settings.logging.level)
    with TemporaryDirectory() as folder:
        keys = load_keys(IdentitySettings(production=False, data_dir=Path(folder)))
    registry, followed = Registry(), Followed(key_set(keys), (), "")

    async def actor(method: Method, request: Message, /) -> Message:
        return registry.methods[method](request)

    async def identity(method: Method, _request: Message, /) -> Message:
        assert method is IDENTITY.methods["follow"], f"{method.path} is not part of the measurement"
        return followed

    host = Host(settings, {})
    mailbox = Mailbox(actor, bound=settings.limits.mailbox_bound)
    host.calls.connect(PATIENT.name, layered(mailbox, authorised, not_reentrant, in_time))
    host.calls.connect(IDENTITY.name, identity)
    metrics = Metrics()
    following = await follow_identity(settings, host, metrics)
    front = make_front(
        settings, host, metrics, following, cursor_secret=b"x" * 32, elsewhere=dict.fromkeys(NAMES, _nothing_to_reach)
    )
    _write_token(token_file, settings, keys[0])
    stop = stop_signals()
    async with following.kept_up(), serving(front, "127.0.0.1", port):
        settle_memory()
        await stop.wait()


def _write_token(file: Path, settings: Settings, key: SigningKey) -> None:
    wanted = settings.identity
    signer = TokenSigner(lambda _: key, issuer=wanted.issuer, audience=wanted.audience, ttl_s=wanted.token_ttl_s)
    file.write_text(signer.issue(uuid7(), ("admin",), session=uuid7(), epoch=0, now=_clock.now(), jti=uuid7()))


async def _nothing_to_reach() -> None:
    """Where no component has a database, each of them is as ready as it will be."""


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), Path(sys.argv[2])))
