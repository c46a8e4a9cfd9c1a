"""The platform split into processes, as `careplane split` runs them, once for all tests that leave it running."""

from collections.abc import Iterator

import psutil
import pytest
from tests.broker.choice import Kafka
from tests.end_to_end.conftest import TRIES_FOR_A_CROWD
from tests.end_to_end.program import generous_routes
from tests.end_to_end.scratch import scratch_folder
from tests.end_to_end.split_program import BROKERS
from tests.split.program import SplitPlatform, is_alive


@pytest.fixture(scope="session")
def split_platform(kafka: Kafka) -> Iterator[SplitPlatform]:
    """Give the running platform, with rates for a crowd; its PostgreSQL is its own, its Kafka the run's."""
    if kafka.missing:
        pytest.skip(kafka.missing)
    with scratch_folder() as folder:
        settings = {
            "CAREPLANE_KAFKA_SESSION_TIMEOUT_S": "3",
            "CAREPLANE_HTTP_ROUTES_FILE": str(generous_routes(folder)),
            "CAREPLANE_IDENTITY_TOKEN_TTL_S": "7200",
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(BROKERS, kafka.bootstrap_servers)
            program = SplitPlatform(folder / "data", **TRIES_FOR_A_CROWD, **settings)
        try:
            program.wait_until_ready()
            yield program
            children = psutil.Process(program.process.pid).children(recursive=True)
            assert program.stop() == 0, program.said()[-4000:]
            assert not [one for one in children if is_alive(one)], "one of its processes outlived it"
            assert "Traceback" not in program.said()
        finally:
            program.clear_away()


@pytest.fixture(scope="session")
def signed_in(split_platform: SplitPlatform) -> dict[str, str]:
    """Give the header of the demo user's token."""
    return split_platform.sign_in()
