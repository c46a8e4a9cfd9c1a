"""The whole platform on a fresh database, in each wiring in which components must behave the same."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from tests.wirings.over_grpc import Wire, over_grpc

from careplane.app.catalog import NAMES, entries
from careplane.app.host import Host
from careplane.app.settings import Settings
from careplane.kernel.clock import Clock
from careplane.kernel.context import Context, current, using
from careplane.kernel.contract import Kind, Method
from careplane.kernel.errors import Unauthenticated
from careplane.kernel.invoke import Invoke, Middleware
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal
from careplane_transports.inprocess.codec import encoded

SCOPES = frozenset(
    {
        "patients:read",
        "patients:write",
        "patients:import",
        "billing:read",
        "billing:write",
        "billing:open",
        "analytics:read",
        "analytics:rebuild",
        "users:read",
        "users:write",
    }
)
TESTER = Principal(id="tester", roles=("admin",), scopes=SCOPES)


ANSWERS_ANEW = {
    "identity/login",
    "identity/client_token",
    "identity/add_client",
    "identity/renew_client_secret",
}
"""Commands that answer a repeat differently on purpose, for neither a token nor a program's secret is ever kept.

So each sign-in makes another token, and a program's secret is in the first answer only.
"""


REFUSED_AGAIN = {"identity/refresh"}
"""Commands that refuse a repeat on purpose: a refresh token that comes twice ends its session, whatever the key."""


def twice(inner: Invoke) -> Invoke:
    """Deliver every command twice under one idempotency key: the second answer must be the first one's."""

    async def invoke(method: Method, request: Message, /) -> Message:
        if method.kind is not Kind.COMMAND:
            return await inner(method, request)
        context = current()
        key = context.idempotency_key or f"twice-{uuid4()}"
        with using(msgspec.structs.replace(context, idempotency_key=key)):
            first = await inner(method, request)
            if method.path in REFUSED_AGAIN:
                with pytest.raises(Unauthenticated):
                    await inner(method, request)
                return first
            second = await inner(method, request)
        assert second == first or method.path in ANSWERS_ANEW, f"{method.path} answered a repeated command differently"
        return first

    return invoke


WIRINGS: dict[str, tuple[Middleware, ...]] = {
    "direct": (),
    "codec": (encoded,),
    "twice": (twice,),
    "grpc": (over_grpc,),
}

CHEAP_HASHING = {"argon2_time_cost": 1, "argon2_memory_kib": 8, "argon2_parallelism": 1}
"""What a password costs here, where a platform is started a thousand times."""

StartPlatform = Callable[..., AbstractAsyncContextManager[Host]]


@pytest.fixture(params=tuple(WIRINGS))
def wiring(request: pytest.FixtureRequest) -> tuple[Middleware, ...]:
    """Give each wiring in turn."""
    return WIRINGS[request.param]


@pytest.fixture
def start_platform(database_url: str, tmp_path: Path) -> StartPlatform:
    """Give a way to start the platform on the test's database, called as somebody who may do everything."""

    @asynccontextmanager
    async def start(
        *wiring: Middleware, settings: Settings | None = None, clock: Clock | None = None
    ) -> AsyncIterator[Host]:
        settings = settings or Settings()
        wire = Wire()
        identity = msgspec.structs.replace(settings.identity, production=False, data_dir=tmp_path, **CHEAP_HASHING)
        host = Host(
            msgspec.structs.replace(settings, identity=identity),
            dict.fromkeys(NAMES, database_url),
            clock=clock,
            wiring=tuple(wire if layer is over_grpc else layer for layer in wiring),
        )
        await host.start(entries(()))
        try:
            with using(Context(principal=TESTER, request_id="test")):
                yield host
        finally:
            await host.stop()
            await wire.close()

    return start


@pytest.fixture
async def platform(start_platform: StartPlatform, wiring: tuple[Middleware, ...]) -> AsyncIterator[Host]:
    """Give the running platform in each wiring; make calls under `as_tester`."""
    async with start_platform(*wiring) as host:
        yield host


@pytest.fixture
def as_tester() -> Context:
    """Give the context of a caller who may do everything."""
    return Context(principal=TESTER, request_id="test")
