"""The logs: one line an event, where it belongs to, and nothing personal in it."""

import asyncio
import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from careplane.app.logs import configure_logs, log_loop_exception
from careplane.kernel.context import Context, Trace, using
from careplane.kernel.errors import NotFound
from careplane.kernel.message import Message

CANARY = "canary"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def out() -> io.StringIO:
    """Send the logs of a test into a buffer, as JSON."""
    stream = io.StringIO()
    configure_logs("json", "info", stream)
    return stream


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    """Read the log lines back."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_and_event_first(out: io.StringIO) -> None:
    """What people look for stands at the start of the line."""
    structlog.get_logger("careplane.x").info("account opened", component="billing", took_s=0.5)
    assert out.getvalue().startswith('{"timestamp":"2')
    (line,) = lines(out)
    assert (line["level"], line["event"], line["component"], line["took_s"]) == (
        "info",
        "account opened",
        "billing",
        0.5,
    )


def test_a_line_inside_a_call_bears_its_ids(out: io.StringIO) -> None:
    """Request id and trace id come from the careplane context, for both kinds of loggers."""
    with using(Context(request_id="r-1", trace=Trace(trace_id="a" * 32))):
        structlog.get_logger().info("one")
        logging.getLogger("asyncpg").warning("two %s", "words")
    structlog.get_logger().info("three")
    one, two, three = lines(out)
    assert (one["request_id"], one["trace_id"]) == (two["request_id"], two["trace_id"]) == ("r-1", "a" * 32)
    assert (two["event"], two["logger"], two["level"]) == ("two words", "asyncpg", "warning")
    assert "request_id" not in three


def test_less_important_lines_are_left_out(out: io.StringIO) -> None:
    """The level holds for both kinds of loggers, and talkative libraries are held to warnings."""
    structlog.get_logger().debug("no")
    logging.getLogger("x").debug("no")
    logging.getLogger("granian").info("no")
    logging.getLogger("x").info("yes")
    assert [line["event"] for line in lines(out)] == ["yes"]


@pytest.mark.parametrize(
    "name",
    [
        "name",
        "email",
        "patient_email",
        "dateOfBirth",
        "address",
        "Authorization",
        "password",
        "access_token",
        "q",
        "dsn",
        "logins",
        "component_urls",
        "database_url",
    ],
)
def test_known_sensitive_keys_are_redacted(out: io.StringIO, name: str) -> None:
    """Whatever sits under such a key is hidden, however deep."""
    structlog.get_logger().info("x", **{name: CANARY}, deep={"list": [{name: CANARY}]})
    assert CANARY not in out.getvalue()
    assert lines(out)[0][name] == "[redacted]"


def test_a_message_handed_to_the_logger_is_not_written_out(out: io.StringIO) -> None:
    """Objects are named by their type, as they could hold anything."""

    class Person(Message, frozen=True):
        nickname: str

    structlog.get_logger().info("x", what=Person(nickname=CANARY), raw=CANARY.encode())
    assert CANARY not in out.getvalue()
    assert lines(out)[0]["raw"] == "<bytes>"


def fail(words: str) -> None:
    """Fail with words that quote what a person entered."""
    try:
        int(words)
    except ValueError as error:
        raise KeyError(words) from error


def test_an_exception_is_its_types_and_places_without_its_words(out: io.StringIO) -> None:
    """The chain of causes can be followed, and quotes nothing."""
    try:
        fail(CANARY)
    except KeyError:
        structlog.get_logger().exception("x")
        logging.getLogger("y").exception("z")
    assert CANARY not in out.getvalue()
    for line in lines(out):
        assert "builtins.KeyError" in line["exception"]
        assert "because of builtins.ValueError" in line["exception"]
        assert ".fail:" in line["exception"]


def test_our_own_errors_keep_their_words(out: io.StringIO) -> None:
    """A PlatformError's detail is public, so it may be logged."""
    structlog.get_logger().error(
        "x", exc_info=ExceptionGroup("two", [NotFound("No such patient."), ValueError(CANARY)])
    )
    assert "NotFound: No such patient." in lines(out)[0]["exception"]
    assert CANARY not in out.getvalue()


async def test_what_nobody_awaited_is_logged_without_its_values(out: io.StringIO) -> None:
    """The event loop's report of a lost exception names the task and the place."""
    loop = asyncio.get_running_loop()
    context = {"message": "Task exception was never retrieved", "exception": ValueError(CANARY), "future": None}
    log_loop_exception(loop, context)
    (line,) = lines(out)
    assert line["event"] == "event loop: Task exception was never retrieved"
    assert CANARY not in out.getvalue()


def test_warnings_are_logged(out: io.StringIO) -> None:
    """A warning is not swallowed."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure_logs("json", "info", out)
        warnings.warn("an old way", DeprecationWarning, stacklevel=1)
    logging.captureWarnings(capture=False)
    assert "an old way" in lines(out)[-1]["event"]


def test_pretty_lines_are_for_people() -> None:
    """The pretty format shows event and values on a line, without colours when it is not a terminal."""
    out = io.StringIO()
    configure_logs("pretty", "info", out)
    try:
        fail(CANARY)
    except KeyError:
        structlog.get_logger().error("went wrong", component="billing", email=CANARY, exc_info=True)
    assert "went wrong" in out.getvalue()
    assert "component=billing" in out.getvalue()
    assert "\x1b[" not in out.getvalue()
    assert CANARY not in out.getvalue()
    assert "builtins.KeyError" in out.getvalue()


def test_lines_go_to_standard_error_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output stays free for what a command prints."""
    configure_logs()
    structlog.get_logger().info("here")
    sys.stderr.flush()
    assert json.loads(capsys.readouterr().err)["event"] == "here"
