"""Which Kafka the tests talk to: one that is named, else Java's, else Docker's, else librdkafka's in-process one."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Producer
from tests.ports import free_port

from careplane.app.data_folder import DataFolder
from careplane.app.kafka_broker import KafkaBroker
from careplane.app.kafka_broker_answer import answers
from careplane.app.kafka_broker_jars import KAFKA_VERSION, jars, java
from careplane.app.setup_error import SetupError

NAMED = "KAFKA_BOOTSTRAP_SERVERS"
_PREFIX = "careplane-kafka-"
_OLD_S = 60.0
_START_S = 60.0
_DOCKER_S = 300.0
_POLL_S = 0.1


class Kafka(NamedTuple):
    """A Kafka for tests; `missing` says what a stand-in lacks of a real one, and is empty for a real one."""

    bootstrap_servers: str
    kind: str
    missing: str = ""


class Choice(NamedTuple):
    """A way to a Kafka, and those that stood before it with the reason why they are not to be had."""

    start: Callable[[], AbstractContextManager[Kafka]]
    passed_over: tuple[str, ...]


def choose() -> Choice:
    """Return the first way to a Kafka that this machine has."""
    if os.environ.get(NAMED):
        return Choice(_named, ())
    passed_over: list[str] = []
    for reason_against, start in ((no_java, java_kafka), (_no_docker, docker_kafka)):
        reason = reason_against()
        if not reason:
            return Choice(start, tuple(passed_over))
        passed_over.append(reason)
    return Choice(lambda: _in_process_kafka(tuple(passed_over)), tuple(passed_over))


def no_java() -> str:
    """Say why no Kafka can run in a Java of this machine; nothing where one can."""
    try:
        java()
        jars()
    except SetupError as error:
        return str(error)
    return ""


def _no_docker() -> str:
    docker = shutil.which("docker")
    if docker is None:
        return "Docker is not installed."
    try:
        done = subprocess.run([docker, "info"], check=False, capture_output=True, text=True, timeout=30.0)
    except (OSError, subprocess.SubprocessError) as error:
        return f"Docker does not answer ({type(error).__name__})."
    return "" if done.returncode == 0 else "Docker's engine does not run."


@contextmanager
def _named() -> Iterator[Kafka]:
    yield Kafka(os.environ[NAMED], "named")


@contextmanager
def java_kafka() -> Iterator[Kafka]:
    """Give a Kafka that runs in a Java of this machine."""
    _clear_what_killed_runs_left()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with KafkaBroker(folder, java_options=("-XX:TieredStopAtLevel=1",)) as broker:
            yield Kafka(broker.bootstrap_servers, "java")
    finally:
        shutil.rmtree(folder)


def _clear_what_killed_runs_left() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(SetupError, OSError):
            if time.time() - folder.stat().st_mtime < _OLD_S:
                continue
            with DataFolder(folder):  # only a folder that no living process holds can be locked
                shutil.rmtree(folder)


def docker_command(port: int) -> list[str]:
    """Return the command that starts Kafka's own image, to be reached at this port."""
    environ = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }
    settings = [word for name, value in environ.items() for word in ("--env", f"{name}={value}")]
    published = ["--publish", f"127.0.0.1:{port}:{port}"]
    return ["docker", "run", "--rm", "--detach", *published, *settings, f"apache/kafka:{KAFKA_VERSION}"]


@contextmanager
def docker_kafka() -> Iterator[Kafka]:
    """Give a Kafka that runs in a container."""
    port = free_port()
    started = subprocess.run(docker_command(port), check=True, stdout=subprocess.PIPE, text=True, timeout=_DOCKER_S)
    container = started.stdout.strip()
    try:
        until = time.monotonic() + _START_S
        while not answers("127.0.0.1", port):
            if time.monotonic() > until:
                said = subprocess.run(["docker", "logs", container], check=False, capture_output=True, text=True)
                raise TimeoutError(
                    f"Kafka in the container did not answer:\n{said.stdout[-2000:]}{said.stderr[-2000:]}"
                )
            time.sleep(_POLL_S)
        yield Kafka(f"127.0.0.1:{port}", "docker")
    finally:
        subprocess.run(["docker", "rm", "--force", container], check=True, stdout=subprocess.DEVNULL, timeout=_START_S)


@contextmanager
def _in_process_kafka(passed_over: tuple[str, ...]) -> Iterator[Kafka]:
    producer = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1})
    brokers = producer.list_topics(timeout=10).brokers.values()
    why = " ".join(("it needs a real Kafka, and there is none here:", *passed_over))
    yield Kafka(",".join(f"{one.host}:{one.port}" for one in brokers), "in-process", why)
    producer.flush(1)
