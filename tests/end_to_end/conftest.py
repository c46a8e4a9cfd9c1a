"""The real program, started as its users start it, on free ports and a data folder of its own."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.broker.choice import Kafka
from tests.end_to_end.program import Program, generous_routes
from tests.end_to_end.scratch import scratch_folder
from tests.end_to_end.split_program import BROKERS, SplitProgram
from tests.wirings.differences import is_left_out_of_split, leave_out

__all__ = ["Program", "StartProgram"]

StartProgram = Callable[..., Program]
WIRING = os.environ.get("CAREPLANE_TEST_WIRING", "direct")
PLATFORM = {"direct": Program, "split": SplitProgram}[WIRING]
"""What runs the platform: one process, or one for each component."""

TRIES_FOR_A_CROWD = {
    "CAREPLANE_IDENTITY_GUESS_KNOWN_AT_ONCE": "1000",
    "CAREPLANE_IDENTITY_GUESS_ADDRESS_AT_ONCE": "1000000",
    "CAREPLANE_IDENTITY_GUESS_ACCOUNT_AT_ONCE": "1000000",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about one process where there are several; tests/wirings/differences.py says why."""
    here = Path(__file__).parent
    out = [one for one in items if isinstance(one, pytest.Function) and here in one.path.parents and WIRING == "split"]
    leave_out(config, items, [item for item in out if is_left_out_of_split(item)])


@contextmanager
def programs() -> Iterator[StartProgram]:
    """Give a way to start programs, with rates for a crowd unless told otherwise; they are stopped at the end."""
    with scratch_folder() as folder:
        yield from _programs_in(folder)


def _programs_in(folder: Path) -> Iterator[StartProgram]:
    started: list[Program] = []

    def start(data: Path | None = None, *, generous: bool = True, **environ: str) -> Program:
        if generous:
            environ.setdefault("CAREPLANE_HTTP_ROUTES_FILE", str(generous_routes(folder)))
            environ = {**TRIES_FOR_A_CROWD, **environ}
        program = PLATFORM(data or folder / f"data-{len(started)}", **environ)
        started.append(program)
        program.wait_until_ready()
        return program

    try:
        yield start
    finally:
        for program in reversed(started):
            program.clear_away()


@pytest.fixture(scope="session", autouse=WIRING == "split")
def brokers(kafka: Kafka) -> Iterator[None]:
    """Have all that is split use one broker, each with topics of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(BROKERS, kafka.bootstrap_servers)
        yield


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Give a folder for data folders."""
    with scratch_folder() as folder:
        yield folder


@pytest.fixture
def start_program() -> Iterator[StartProgram]:
    """Give a way to start programs, as `programs` does."""
    with programs() as start:
        yield start


@pytest.fixture(scope="session")
def program() -> Iterator[Program]:
    """Give one running program, with rates for a crowd, to all tests that leave it as they found it."""
    with programs() as start:
        running = start(CAREPLANE_IDENTITY_TOKEN_TTL_S="7200")
        yield running
        assert running.stop() == 0, running.said()[-4000:]
        assert '"level":"error"' not in running.said(), "something unexpected went wrong inside, see its log"
        assert running.postgres() is None, "its PostgreSQL outlived it"


@pytest.fixture(scope="session")
def signed_in(program: Program) -> dict[str, str]:
    """Give the header of the demo user's token."""
    return program.sign_in()


@pytest.fixture
def client(program: Program, signed_in: dict[str, str]) -> Iterator[httpx.Client]:
    """Give an HTTP client that is signed in."""
    with httpx.Client(base_url=program.url, headers=signed_in, timeout=30.0) as client:
        yield client


@pytest.fixture
def stranger(program: Program) -> Iterator[httpx.Client]:
    """Give an HTTP client that is not signed in."""
    with httpx.Client(base_url=program.url, timeout=30.0) as client:
        yield client
