"""The Kafka for tests: which one is chosen, and that each of those that this machine has takes and gives a record."""

import os
import shutil
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from tests.broker.choice import NAMED, Kafka, choose, docker_kafka, java_kafka


def send_and_receive(servers: str, topic: str) -> bytes | None:
    """Send one record and return what a reader of the whole topic gets."""
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "message.timeout.ms": 20_000})
    producer.produce(topic, b"careplane")
    assert producer.flush(20) == 0
    reader = Consumer({"bootstrap.servers": servers, "group.id": topic, "auto.offset.reset": "earliest"})
    try:
        reader.subscribe([topic])
        got = reader.poll(20)
        assert got is not None
        assert not got.error(), got.error()
        return got.value()
    finally:
        reader.close()


def make_topic(servers: str, topic: str) -> None:
    """Make a topic of two partitions."""
    admin = AdminClient({"bootstrap.servers": servers})  # what it promises holds as long as it lives
    admin.create_topics([NewTopic(topic, num_partitions=2)])[topic].result(20)


def test_the_kafka_of_this_run_takes_and_gives_records(real_kafka: Kafka, topic_prefix: str) -> None:
    """Topics are made in it, by whom it is told to, and a record comes out as it went in."""
    topic = f"{topic_prefix}taken"
    make_topic(real_kafka.bootstrap_servers, topic)
    assert send_and_receive(real_kafka.bootstrap_servers, topic) == b"careplane"


def test_where_there_is_java_no_test_is_skipped(kafka: Kafka) -> None:
    """A machine with Java and Maven has a real Kafka, unless another is named."""
    if os.environ.get(NAMED) or not (shutil.which("java") and shutil.which("mvn")):
        pytest.skip("another Kafka is named, or there is no Java or no Maven here")
    assert (kafka.kind, kafka.missing) == ("java", "")


def test_one_that_is_named_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """KAFKA_BOOTSTRAP_SERVERS is believed, and counts as a real one."""
    monkeypatch.setenv(NAMED, "kafka.example:9092")
    with choose().start() as found:
        assert found == Kafka("kafka.example:9092", "named")


def test_without_java_it_is_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where an engine runs, that is."""
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nexit 0\n")
    docker.chmod(0o755)
    _only(monkeypatch, tmp_path)
    choice = choose()
    assert choice.start is docker_kafka
    assert choice.passed_over[0].startswith("The embedded Kafka needs Java 17 or later")


def test_at_last_there_is_the_one_in_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It takes and gives records, and says what it is not and why it was chosen."""
    _only(monkeypatch, tmp_path)
    with choose().start() as found:
        assert found.kind == "in-process"
        assert found.missing.startswith("it needs a real Kafka, and there is none here: The embedded Kafka needs Java")
        assert found.missing.endswith("Docker is not installed.")
        assert send_and_receive(found.bootstrap_servers, "somewhere") == b"careplane"


def test_with_java_it_is_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """Java goes before Docker."""
    monkeypatch.delenv(NAMED, raising=False)
    choice = choose()
    assert choice.start is java_kafka or choice.passed_over


def _only(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.delenv(NAMED, raising=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(folder))
