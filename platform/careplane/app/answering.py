"""Answering the calls of other processes: for the components that run here, and saying of each whether it is ready."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from careplane.app.catalog import CATALOG
from careplane.app.host import Host, report_fault
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.components.billing.api import BILLING, OpenAccounts
from careplane.kernel.contract import Component
from careplane.kernel.invoke import Invoke, proxy
from careplane_transports.grpc.beside import Beside
from careplane_transports.grpc.sample import Open, Opened
from careplane_transports.grpc.server import CallServer
from careplane_transports.grpc.tokens import CallTokens

DRAIN_SECONDS: Final = 10.0


class Answering:
    """The gRPC server of this process."""

    def __init__(self, settings: Settings, host: Host, tokens: CallTokens) -> None:
        """Answer for all components of `host`; each is healthy while its database is."""
        doors: dict[Component[Any], Invoke] = {
            entry.component: host.doors[entry.name] for entry in CATALOG if entry.name in host.hosted
        }
        checks = {name: hosted.database.check for name, hosted in host.hosted.items()}
        beside = Beside(settings.grpc, doors, tokens, report_fault, checks=checks, sample=_sample(settings, host))
        self._settings = settings.grpc
        self._server = CallServer(settings.grpc, doors, tokens, report_fault, beside=beside)
        self.gauges = {f"answering_{name}": read for name, read in self._server.gauges.items()}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen for the body; then take nothing more, and answer what was taken."""
        try:
            await self._server.start()
        except OSError as error:
            address = f"{self._settings.host}:{self._settings.port}"
            sentence = f"Cannot answer calls on {address} ({error.strerror}): choose another grpc.host or grpc.port."
            raise SetupError(sentence) from error
        try:
            yield
        finally:
            await self._server.drain(DRAIN_SECONDS)


def _sample(settings: Settings, host: Host) -> Open | None:
    """Return how the sample's clients get an account, where the settings let them and billing runs here."""
    if not settings.grpc.sample_clients or BILLING.name not in host.hosted:
        return None
    billing = proxy(BILLING, host.doors[BILLING.name])

    async def opened(patient_id: UUID) -> Opened:
        accounts = await billing.open_accounts(OpenAccounts(batch_id=uuid7(), patient_ids=(patient_id,)))
        return Opened(accounts.accounts[0].account_id, accounts.accounts[0].status)

    return opened
