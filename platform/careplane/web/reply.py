"""`Reply`: an answer on its way out, written to JSON at once and sent in two messages."""

from collections.abc import Iterable
from typing import Any, Final, TypeVar, cast

import msgspec
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import HTTPResponseStartEvent, Receive, Scope, Send

T = TypeVar("T")
Headers = tuple[tuple[bytes, bytes], ...]

JSON: Final = b"application/json"
NO_STORE: Final = (b"cache-control", b"no-store")

_encode = msgspec.json.Encoder().encode


class Reply(Response[T]):
    """An answer with its status and headers, which are bytes already.

    Litestar's own Response copies its headers and cookies several times on the way; this one is its own ASGI
    application, and costs a fifth. Where a handler sets no Cache-Control the answer is not to be stored.
    """

    def __init__(
        self, content: T, *, status: int = 200, headers: Iterable[tuple[bytes, bytes]] = (), media: bytes = JSON
    ) -> None:
        """Answer with `content`: bytes are sent as they are, None as nothing, a message as its JSON."""
        self.content = content
        self.status_code = status
        self.fields = list(headers)
        self.media = media

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:  # noqa: ANN401 - whatever Litestar hands over
        """Return itself, which knows how to be sent."""
        return cast("ASGIResponse", self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI says so
        """Send the answer."""
        content: object = self.content
        fields = self.fields
        if content is None:
            body = b""
        else:
            body = content if isinstance(content, bytes) else _encode(content)
            fields.append((b"content-type", self.media))
            fields.append((b"content-length", b"%d" % len(body)))
        start: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": self.status_code or 200,
            "headers": fields,
        }
        await send(start)
        await send({"type": "http.response.body", "body": body, "more_body": False})
