"""The whole platform on a fresh database, in each wiring in which components must behave the same."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from tests.broker.choice import Kafka
from tests.conftest import EMPTY, KEEP_SEEDS, emptied, execute, fresh_database, in_own_loop
from tests.end_to_end.scratch import scratch_folder
from tests.wirings.differences import ANSWERS_ANEW, REFUSED_AGAIN, is_left_out_of_split, leave_out
from tests.wirings.over_grpc import Wire, over_grpc
from tests.wirings.processes import Processes, SplitPlatform, processes

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
    "split": (),
}
"""How a call reaches a component; in `split` the components are processes of their own."""

CHEAP_HASHING = {"argon2_time_cost": 1, "argon2_memory_kib": 8, "argon2_parallelism": 1}
"""What a password costs here, where a platform is started a thousand times."""

StartPlatform = Callable[..., AbstractAsyncContextManager[Host]]


@pytest.fixture(params=tuple(WIRINGS))
def wiring_name(request: pytest.FixtureRequest) -> str:
    """Give the name of each wiring in turn."""
    name: str = request.param
    return name


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot be seen in the split wiring; tests/wirings/differences.py says why."""
    leave_out(config, items, [item for item in items if isinstance(item, pytest.Function) and _is_left_out(item)])


def _is_left_out(item: pytest.Function) -> bool:
    wiring = item.callspec.params.get("wiring_name") if hasattr(item, "callspec") else None
    return wiring == "split" and is_left_out_of_split(item)


@pytest.fixture
def wiring(wiring_name: str) -> tuple[Middleware, ...]:
    """Give each wiring in turn."""
    return WIRINGS[wiring_name]


@pytest.fixture(scope="session")
def split_processes(postgres_url: str, template_database: str, kafka: Kafka) -> Iterator[Processes]:
    """Give the platform split over processes, on a database of its own."""
    with fresh_database(postgres_url, template_database) as url, scratch_folder() as folder:
        execute(url, KEEP_SEEDS)
        with processes(folder, url, kafka.bootstrap_servers) as running:
            yield running


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """Give a test an empty database: that of the processes where they are what it is about."""
    if "wiring_name" not in request.fixturenames or request.getfixturevalue("wiring_name") != "split":
        return emptied(request.getfixturevalue("common_database_url"))
    running: Processes = request.getfixturevalue("split_processes")
    in_own_loop(running.quiet)
    execute(running.url, EMPTY)
    return running.url


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
async def platform(
    request: pytest.FixtureRequest, wiring_name: str, start_platform: StartPlatform
) -> AsyncIterator[Host | SplitPlatform]:
    """Give the running platform in each wiring; make calls under `as_tester`."""
    if wiring_name == "split":
        running: Processes = request.getfixturevalue("split_processes")
        async with running.called() as split:
            with using(Context(principal=TESTER, request_id="test")):
                yield split
        return
    async with start_platform(*WIRINGS[wiring_name]) as host:
        yield host


@pytest.fixture
def as_tester() -> Context:
    """Give the context of a caller who may do everything."""
    return Context(principal=TESTER, request_id="test")
