"""What tests that need Kafka ask for: `kafka` is one for the whole run, `real_kafka` the same if it is a real one."""

import itertools
import os
from collections.abc import Iterator

import pytest
from tests.broker.choice import Kafka, choose, no_java

__all__ = ["Kafka", "kafka", "real_kafka", "startable_kafka", "topic_prefix"]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """Give a Kafka that runs once for the whole run; which one, tests/broker/choice.py says."""
    with choose().start() as running:
        yield running


@pytest.fixture
def real_kafka(kafka: Kafka) -> Kafka:
    """Give the same Kafka to a test that no stand-in will do for; where there is but a stand-in it is skipped."""
    if kafka.missing:
        pytest.skip(kafka.missing)
    return kafka


@pytest.fixture
def startable_kafka() -> None:
    """Skip a test that starts a Kafka of its own where there is none to start."""
    if reason := no_java():
        pytest.skip(reason)


@pytest.fixture
def topic_prefix() -> str:
    """Give a beginning for the names of topics and groups that no other test, nor another run, has."""
    return f"test-{os.getpid()}-{next(_numbers)}-"
