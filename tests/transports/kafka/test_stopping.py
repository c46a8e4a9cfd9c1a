"""Readers and senders when things stray: what another gave up, a broker that says nothing, a cancellation not ours."""

import asyncio
from typing import Any

import pytest
from tests.storage.waiting import until
from tests.transports.kafka.conftest import Opened
from tests.transports.kafka.own_broker import OwnBroker
from tests.transports.kafka.people import Notes, delivery, lives
from tests.transports.kafka.test_taking import reading

from careplane_transports.kafka import closing
from careplane_transports.kafka.settings import KafkaSettings
from careplane_transports.kafka.topics import Topics


async def test_a_cancellation_of_something_else_ends_no_reader(
    opened: Opened, reported: list[tuple[str, Exception]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error like any other: told, and tried again."""
    usual, tries = Topics.ensure, 0

    async def strayed(topics: Topics, streams: Any) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:  # of the reader, and of who makes the topics at the start
            raise asyncio.CancelledError
        await usual(topics, streams)

    monkeypatch.setattr(Topics, "ensure", strayed)
    notes = Notes()
    events = await reading(opened, notes)
    await until(lambda: len(reported) == 2)
    await events.deliver(delivery(lives(people=1, versions=3)))
    await until(lambda: len(notes.events) == 3)


async def test_who_failed_gives_up_only_what_it_used(opened: Opened) -> None:
    """By then another may have a new connection, and be sending by it."""
    sender = opened()._sender
    old = await sender._connected()
    sender._abandon(old)
    new = await sender._connected()
    sender._abandon(old)
    assert sender._producer is new


async def test_one_who_waits_for_who_looks_waits_no_longer_than_it_may(
    settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many look before it; and what is known already nobody waits for at all."""
    monkeypatch.setattr("careplane_transports.kafka.topics._WITHIN_SECONDS", 0.05)
    topics = Topics(settings)
    topics._known |= {topics.topic("a"), topics.dead_letters("a")}
    async with topics._looking:
        await topics.ensure(["a"])
        with pytest.raises(Exception, match="No Kafka broker answers"):
            await topics.ensure(["b"])


async def test_a_broker_that_says_nothing_keeps_nobody_from_ending(
    own_broker: OwnBroker, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the reader is left behind, though it could not say that it goes."""
    monkeypatch.setattr(closing, "CLOSE_SECONDS", 0.3)
    link = own_broker.link()
    await link.open()
    notes = Notes()
    events = await reading(opened, notes, bootstrap_servers=own_broker.linked)
    await events.deliver(delivery(lives(people=1, versions=3)))
    await until(lambda: len(notes.events) == 3)
    link.black_hole()
    await events.stop()
    await link.close()
