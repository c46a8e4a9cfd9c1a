"""One request and its answer, while they pass the edge."""

import time
from collections.abc import Awaitable

from litestar.types import HTTPScope, Message, Send

from careplane.gateway.denials import Denial
from careplane.gateway.security_headers import secured
from careplane.kernel.context import Context

Header = tuple[bytes, bytes]
_NOTHING = Context()
# Whatever else such a request said about its length, a proxy may have read it otherwise (RFC 9112, section 6.1).
_CLOSE = (b"connection", b"close")


class Exchange:
    """What is known so far of a request, and the `send` that its answer goes through."""

    __slots__ = (
        "address",
        "context",
        "denial",
        "fields",
        "head",
        "headers",
        "label",
        "limits",
        "method",
        "scope",
        "send",
        "started",
        "status",
        "tls",
    )

    def __init__(self, scope: HTTPScope, send: Send) -> None:
        """Begin with the scope as the server gave it."""
        self.scope = scope
        self.send = send
        self.started = time.perf_counter()
        self.headers: list[Header] = []
        self.fields: dict[bytes, bytes] = {}
        self.head = scope["method"] == "HEAD"
        self.label = ""
        self.method = ""
        self.context = _NOTHING
        self.denial: Denial | None = None
        self.address = ""
        self.limits: tuple[Header, ...] = ()
        self.status = 0
        self.tls = False

    def answer(self, message: Message) -> Awaitable[None]:
        """Send a message on, with the edge's own headers; to HEAD, without the body."""
        if message["type"] == "http.response.start":
            context = self.context
            self.status = message["status"]
            headers = list(message["headers"])
            secured(headers, tls=self.tls)
            headers.extend(self.limits)
            if b"transfer-encoding" in self.fields:
                headers.append(_CLOSE)
            headers.append((b"x-request-id", context.request_id.encode()))
            headers.append((b"traceparent", context.trace.traceparent.encode()))
            message["headers"] = headers
        elif self.head and message["type"] == "http.response.body":
            message["body"] = b""
        return self.send(message)

    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return time.perf_counter() - self.started
