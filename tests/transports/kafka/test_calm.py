"""What aiokafka says in its own log: once a minute, and never louder than a warning."""

import logging

import pytest

from careplane_transports.kafka.calm import EVERY_SECONDS, OnceAMinute


def record(level: int, sentence: str, *filled_in: object) -> logging.LogRecord:
    """Return what a logger of the library would hand to its handlers."""
    return logging.LogRecord("aiokafka.conn", level, __file__, 1, sentence, filled_in, None)


def test_a_sentence_passes_once_a_minute_whatever_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another sentence is not held up by it."""
    now = 1000.0
    monkeypatch.setattr("careplane_transports.kafka.calm.time.monotonic", lambda: now)
    quiet = OnceAMinute()
    assert quiet.filter(record(logging.WARNING, "node %s is away", 1))
    assert not quiet.filter(record(logging.WARNING, "node %s is away", 2))
    assert quiet.filter(record(logging.WARNING, "topic %s is away", 1))
    now += EVERY_SECONDS
    assert quiet.filter(record(logging.WARNING, "node %s is away", 3))


@pytest.mark.parametrize(
    ("said", "written"), [(logging.ERROR, "WARNING"), (logging.WARNING, "WARNING"), (logging.INFO, "INFO")]
)
def test_what_is_tried_again_is_no_error(said: int, written: str) -> None:
    """A broker that begins has no coordinator yet: the library calls that an error, and asks again."""
    one = record(said, "Group Coordinator Request failed: %s", "GroupCoordinatorNotAvailableError")
    assert OnceAMinute().filter(one)
    assert (one.levelname, one.levelno) == (written, logging.getLevelNamesMapping()[written])
