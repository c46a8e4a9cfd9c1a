"""The ceiling: the same server, authentication, limits, validation and answers, with no storage behind them.

`python benchmarks/noop.py PORT` serves it until it is stopped and prints a token for it.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop
from uuid_utils.compat import uuid7

from careplane.app.clock import SystemClock
from careplane.app.front import follow_identity, make_front
from careplane.app.host import Host
from careplane.app.logs import configure_logs
from careplane.app.memory import settle_memory
from careplane.app.running import stop_signals
from careplane.app.settings_source import load_settings
from careplane.components.identity.api import IDENTITY, Followed
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.keys import key_set, load_keys
from careplane.components.identity.signing.tokens import TokenSigner
from careplane.components.patient import domain
from careplane.components.patient.api import PATIENT, PatientView, RegisterPatient
from careplane.components.patient.domain import Stamp
from careplane.components.patient.record.mrn import medical_record_number
from careplane.gateway.metrics import Metrics
from careplane.gateway.server import serving
from careplane.kernel.context import current
from careplane.kernel.contract import Method
from careplane.kernel.message import Message

_clock = SystemClock()


async def register(request: RegisterPatient) -> PatientView:
    """Decide a registration as the registry does, and forget it."""
    now = _clock.now()
    stamp = Stamp(now=now, today=(now + timedelta(hours=14)).date(), by=current().principal.id)
    return domain.view(domain.register(request, mrn=medical_record_number(1), stamp=stamp))


async def main(port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    settings = load_settings(None)
    configure_logs(settings.logging.format, settings.logging.level)
    with TemporaryDirectory() as folder:
        keys = load_keys(IdentitySettings(production=False, data_dir=Path(folder)))

    async def calls(method: Method, request: Message, /) -> Any:
        if method is PATIENT.methods["register"] and isinstance(request, RegisterPatient):
            return await register(request)
        assert method is IDENTITY.methods["follow"], f"{method.path} is not part of the measurement"
        return Followed(key_set(keys), (), "")

    host = Host(settings, {})
    for component in (PATIENT, IDENTITY):
        host.calls.connect(component.name, calls)
    metrics = Metrics()
    following = await follow_identity(settings, host, metrics)
    front = make_front(settings, host, metrics, following, cursor_secret=b"x" * 32, elsewhere={})
    signer = TokenSigner(
        lambda _: keys[0],
        issuer=settings.identity.issuer,
        audience=settings.identity.audience,
        ttl_s=settings.identity.token_ttl_s,
    )
    token = signer.issue(uuid7(), ("admin",), session=uuid7(), epoch=0, now=_clock.now(), jti=uuid7())
    stop = stop_signals()
    async with following.kept_up(), serving(front, "127.0.0.1", port):
        settle_memory()
        sys.stdout.write(token + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1])))
