"""The topics: made from the settings where they are missing, left alone where they are there."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from careplane.kernel.errors import FailedPrecondition, Unavailable
from careplane_transports.kafka.client import client_options
from careplane_transports.kafka.closing import start_whole
from careplane_transports.kafka.settings import KafkaSettings

_HOUR_MS = 3_600_000
_SAFE_REPLICAS = 3
_WITHIN_SECONDS = 15.0

_log = structlog.get_logger(__name__)


class Topics:
    """Sees to it that topics are there before anybody uses them; nothing that is there is ever altered."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Make them by the settings."""
        self._options = client_options(settings, "topics")
        self._prefix = settings.topic_prefix
        self._partitions = settings.partitions
        self._replication = settings.replication_factor
        self._config = {
            "cleanup.policy": "delete",
            "retention.ms": str(settings.retention_hours * _HOUR_MS),
            # With three replicas one may be away; with fewer each must have taken what is acknowledged.
            "min.insync.replicas": str(2 if settings.replication_factor >= _SAFE_REPLICAS else 1),
        }
        self._known: set[str] = set()
        self._looking = asyncio.Lock()

    def topic(self, stream: str) -> str:
        """Name the topic that holds the events of a stream."""
        return f"{self._prefix}{stream}"

    def dead_letters(self, stream: str) -> str:
        """Name the topic that holds what nobody could take of a stream."""
        return f"{self._prefix}{stream}.dead-letters"

    async def ensure(self, streams: Iterable[str]) -> None:
        """Return when the topics of these streams are there; raise Unavailable when no broker answers.

        Raises FailedPrecondition where the broker refuses to make them, such as for too few brokers.
        """
        names = {name for stream in streams for name in (self.topic(stream), self.dead_letters(stream))}
        if names <= self._known:
            return
        try:
            async with asyncio.timeout(_WITHIN_SECONDS), self._looking:
                await self._see_to(names - self._known)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("No Kafka broker answers.", meta={"kafka": type(error).__name__}) from error

    def forget(self) -> None:
        """Look anew next time: what could not be sent may lack its topic, which somebody has deleted."""
        self._known.clear()

    async def _see_to(self, missing: set[str]) -> None:
        if not missing:  # whoever looked while we waited has found or made them
            return
        admin = AIOKafkaAdminClient(**self._options)
        try:
            await start_whole(admin)
            await self._make(admin, missing)
        finally:
            await admin.close()
        self._known |= missing

    async def _make(self, admin: Any, names: set[str]) -> None:  # noqa: ANN401 - the library has no types
        there = names & set(await admin.list_topics())
        for name in sorted(names - there):
            await self._create(admin, name)
        if there:
            await self._compare(admin, sorted(there))

    async def _create(self, admin: Any, name: str) -> None:  # noqa: ANN401 - the library has no types
        new = NewTopic(name, self._partitions, self._replication, topic_configs=self._config)
        response = await admin.create_topics([new])
        for _topic, code, *words in response.topic_errors:
            if code == TopicAlreadyExistsError.errno:  # another process was first
                return
            if not code:
                continue
            kind = for_code(code)
            if kind.retriable:
                raise kind(name)
            why = (words[0] if words else None) or kind.__name__
            raise FailedPrecondition(f"The topic {name} cannot be made: {why} Check the section [kafka].")
        _log.info("a topic was made", topic=name, partitions=self._partitions, replicas=self._replication)

    async def _compare(self, admin: Any, names: list[str]) -> None:  # noqa: ANN401 - the library has no types
        """Warn of each topic that is not as configured: more partitions now would tear the order of events apart."""
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        configs = _configs(await admin.describe_configs(resources))
        for found in await admin.describe_topics(names):
            name, partitions = found["topic"], found["partitions"]
            wanted = {"partitions": str(self._partitions), "replicas": str(self._replication), **self._config}
            replicas = len(partitions[0]["replicas"]) if partitions else 0
            is_so = {"partitions": str(len(partitions)), "replicas": str(replicas), **configs.get(name, {})}
            other = {key: is_so.get(key) for key, value in wanted.items() if is_so.get(key, value) != value}
            if other:
                _log.warning(
                    "a topic is not as configured and stays as it is: alter it by Kafka's own tools, or the settings",
                    topic=name,
                    found=other,
                    configured={key: wanted[key] for key in other},
                )


def _configs(responses: list[Any]) -> Mapping[str, Mapping[str, str]]:
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for response in responses
        for resource in response.resources
    }
