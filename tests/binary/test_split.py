"""`careplane split` out of the one file: a process for each component, all of them out of the folder of the first."""

import signal

import httpx
import pytest
from tests.binary.one_file import OneFile, Running
from tests.binary.test_one_file import register_somebody
from tests.broker.choice import Kafka
from tests.end_to_end.program import until_true
from tests.ports import free_ports
from tests.wirings.split_folder import GATEWAY_PORT, METRICS_PORT, write_split_folder

from careplane.app.catalog import NAMES

pytestmark = pytest.mark.timeout(240)
PROCESSES = (*NAMES, "gateway")


@pytest.fixture
def split(one_file: OneFile, kafka: Kafka, topic_prefix: str) -> Running:
    """Give a platform that runs split, on the tests' own Kafka."""
    port, metrics = free_ports(2)
    folder = write_split_folder(one_file.folder / "split", {GATEWAY_PORT: port, METRICS_PORT: metrics})
    settings = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "CAREPLANE_KAFKA_TOPIC_PREFIX": topic_prefix}
    words = ("split", "--data", "data", "--config", str(folder))
    running = Running(one_file, *words, port=port, **settings)
    running.wait_until_ready()
    return running


def runs(one_file: OneFile, name: str) -> set[int]:
    """Return the numbers of the processes that serve `name`."""
    return {one.pid for one in one_file.processes() if "serve" in (words := one.cmdline()) and name in words}


def test_it_starts_its_processes_from_itself(one_file: OneFile, split: Running) -> None:
    """Each component in a process of its own, unpacked once for all; what dies is started again; all of it stops."""
    assert len(one_file.unpacked()) == 1
    before = {name: runs(one_file, name) for name in PROCESSES}
    assert [len(found) for found in before.values()] == [1] * len(PROCESSES), before
    register_somebody(split)
    (number,) = before["billing"]
    (billing,) = (one for one in one_file.processes() if one.pid == number)
    billing.kill()
    until_true(lambda: len(runs(one_file, "billing") - {number}) == 1, seconds=40)
    until_true(lambda: httpx.get(f"{split.url}/health/ready", timeout=5.0).is_success, seconds=40)
    register_somebody(split)
    assert split.stop(signal.SIGTERM) == 0, split.output.read_text()[-4000:]
    one_file.assert_nothing_is_left()


def test_nobody_outlives_the_first_of_them(one_file: OneFile, split: Running) -> None:
    """When what unpacks is killed, all of them finish what they do and end."""
    split.process.kill()
    until_true(lambda: not one_file.processes(), seconds=60)
    until_true(lambda: not one_file.unpacked())
