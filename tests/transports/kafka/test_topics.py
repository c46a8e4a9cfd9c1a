"""The topics: made as the settings say, and never altered once they are there."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from structlog.testing import capture_logs
from tests.storage.waiting import until
from tests.transports.kafka.conftest import Opened
from tests.transports.kafka.people import delivery, lives

from careplane.kernel.errors import FailedPrecondition, Unavailable
from careplane_transports.kafka.settings import KafkaSettings
from careplane_transports.kafka.topics import Topics

_HOUR_MS = 3_600_000


async def described(settings: KafkaSettings, name: str) -> dict[str, str]:
    """Tell what the broker says of a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        (topic,) = await admin.describe_topics([name])
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        configs = {entry[0]: entry[1] for entry in answer.resources[0][4]}
        return configs | {"partitions": str(len(topic["partitions"]))}
    finally:
        await admin.close()


async def made(settings: KafkaSettings, name: str, partitions: int, **config: str) -> None:
    """Make a topic by hand."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        configs = {key.replace("_", "."): value for key, value in config.items()}
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
    finally:
        await admin.close()


@pytest.fixture
def said() -> Iterator[list[Any]]:
    """Give what is logged."""
    with capture_logs() as entries:
        yield entries


async def test_topics_are_made_at_the_start(opened: Opened, settings: KafkaSettings) -> None:
    """Before anything is sent: with their partitions and their retention, and those of dead letters beside them."""
    events = opened(partitions=5, retention_hours=36)
    await events.start()
    name = f"{settings.topic_prefix}patient"

    async def there() -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
        await admin.start()
        try:
            return {name, f"{name}.dead-letters"} <= set(await admin.list_topics())
        finally:
            await admin.close()

    await until(there)
    for topic in (name, f"{name}.dead-letters"):
        found = await described(settings, topic)
        assert found["partitions"] == "5"
        assert found["retention.ms"] == str(36 * _HOUR_MS)
        assert found["cleanup.policy"] == "delete"
        assert found["min.insync.replicas"] == "1"


async def test_a_topic_that_is_there_stays_as_it_is(settings: KafkaSettings, said: list[Any]) -> None:
    """What differs is told: more partitions, made now, would tear the order of a patient's events apart."""
    name = f"{settings.topic_prefix}patient"
    await made(settings, name, 2, retention_ms="1000")
    await Topics(settings).ensure(["patient"])
    found = await described(settings, name)
    assert (found["partitions"], found["retention.ms"]) == ("2", "1000")
    (warning,) = [entry for entry in said if entry["log_level"] == "warning"]
    assert warning["topic"] == name
    assert warning["found"] == {"partitions": "2", "retention.ms": "1000"}
    assert warning["configured"] == {"partitions": "3", "retention.ms": str(168 * _HOUR_MS)}


async def test_a_topic_as_configured_is_not_spoken_of(settings: KafkaSettings, said: list[Any]) -> None:
    """Made by one process, it is found as it should be by the next."""
    await Topics(settings).ensure(["patient"])
    said.clear()
    await Topics(settings).ensure(["patient"])
    assert said == []


async def test_several_processes_may_begin_at_once(settings: KafkaSettings) -> None:
    """Who comes second finds the topic made."""
    await asyncio.gather(*(Topics(settings).ensure(["patient"]) for _ in range(4)))


async def test_more_replicas_than_brokers_is_said_in_words(opened: Opened) -> None:
    """The section to look into is named."""
    with pytest.raises(FailedPrecondition, match=r"cannot be made.*\[kafka\]"):
        await opened(replication_factor=9).deliver(delivery(lives(1, 1)))


async def test_where_no_broker_is_nothing_can_be_made() -> None:
    """It is Unavailable, and may be asked for again."""
    with pytest.raises(Unavailable):
        await Topics(KafkaSettings(bootstrap_servers="127.0.0.1:1")).ensure(["patient"])
