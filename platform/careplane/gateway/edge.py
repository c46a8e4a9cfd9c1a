"""The edge: what every request passes before Litestar sees it, as one ASGI layer, since each layer has its price."""

import asyncio
from dataclasses import dataclass
from typing import Final, cast

import structlog
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Receive, Scope, Send

from careplane.components.identity.api import UnknownKey
from careplane.gateway.access_log import AccessLog
from careplane.gateway.admission import Admission, CatchUp
from careplane.gateway.denials import Denied
from careplane.gateway.exchange import Exchange
from careplane.gateway.incoming import check_headers, escapes_a_slash, has_body, idempotency_key, read_headers
from careplane.gateway.matching import Matcher
from careplane.gateway.numbers import RequestNumbers
from careplane.gateway.problems import STATUS, problem
from careplane.gateway.queries import check_query
from careplane.gateway.refusals import Malformed, MethodNotAllowed, NoSuchPath
from careplane.gateway.request_body import check_media, read_body
from careplane.gateway.rows import Row
from careplane.gateway.shedding import SHED, Room
from careplane.kernel.context import Context, using
from careplane.kernel.errors import Internal, PlatformError, Unavailable
from careplane.kernel.ids import NewId
from careplane.web.bodies import BODY

NOWHERE: Final = "(none)"
"""What stands for the route of a request to a path that does not exist, in logs and numbers."""

_ANY: Final = "(any)"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EdgeParts:
    """What the edge is made of: the Litestar application behind it, and what it asks on the way."""

    app: ASGIApp
    rows: Matcher[Row]
    room: Room
    admission: Admission
    catch_up: CatchUp
    denied: Denied
    numbers: RequestNumbers
    access: AccessLog | None
    new_id: NewId
    trusted_proxies: int
    address_header: bytes


class Edge:
    """The ASGI application that the server runs."""

    def __init__(self, parts: EdgeParts) -> None:
        """Put the edge before `parts.app`."""
        self.parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; there are no web sockets here."""
        kind: str = scope["type"]
        if kind == "http":
            http = cast("HTTPScope", scope)
            room = self.parts.room
            if room.taken >= room.bound and room.turns_away(http["path"]):
                await self._shed(http, send)
                return
            room.taken += 1
            room.admitted += 1
            try:
                await self._exchange(Exchange(http, send), receive)
            finally:
                room.taken -= 1
        elif kind == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "There are no web sockets here."})
        else:
            await self.parts.app(scope, receive, send)

    async def _shed(self, scope: HTTPScope, send: Send) -> None:
        self.parts.numbers.answered(SHED, _ANY, STATUS[Unavailable], 0.0)
        await self.parts.room.refuse(scope, send)

    async def _exchange(self, exchange: Exchange, receive: Receive) -> None:
        read_headers(exchange, self.parts.new_id, self.parts.trusted_proxies, self.parts.address_header)
        try:
            try:
                row = self._admit(exchange)
            except UnknownKey:
                await self.parts.catch_up()
                row = self._admit(exchange, caught_up=True)
            if has_body(exchange):
                await self._read_body(exchange, row, receive)
        except PlatformError as error:
            if exchange.denial is not None:
                await self.parts.denied(exchange.denial)
            await self._refuse(exchange, error)
        else:
            with using(exchange.context):
                await self._pass_on(exchange, receive)
        self._note(exchange)

    def _admit(self, exchange: Exchange, *, caught_up: bool = False) -> Row:
        """Let a request through with its context complete, or raise what is wrong with it."""
        try:
            check_headers(exchange)
            row = self._row(exchange)
        except PlatformError:
            self.parts.admission.count_lost(exchange)
            raise
        principal = self.parts.admission.admit(exchange, row.route, caught_up=caught_up)
        query = exchange.scope["query_string"]
        if query:
            check_query(query, row.queries)
        key = None if row.method == "GET" else idempotency_key(exchange)
        deadline = asyncio.get_running_loop().time() + row.route.timeout
        first = exchange.context
        exchange.context = Context(principal, deadline, first.request_id, first.trace, key)
        return row

    def _row(self, exchange: Exchange) -> Row:
        scope = exchange.scope
        rows = self.parts.rows.match(scope["path"])
        if scope["method"] == "CONNECT":
            raise Malformed("There are no tunnels here. Send the request itself.")
        if rows is None or escapes_a_slash(exchange):
            raise NoSuchPath
        if exchange.head:
            scope["method"] = "GET"
        row = rows.get(scope["method"])
        if row is None:
            exchange.label = next(iter(rows.values())).route.path
            raise MethodNotAllowed(", ".join(sorted([*rows, "HEAD"] if "GET" in rows else rows)))
        exchange.label, exchange.method = row.route.path, "HEAD" if exchange.head else row.method
        return row

    async def _read_body(self, exchange: Exchange, row: Row, receive: Receive) -> None:
        """Put the whole body into the scope, where StrictRequest finds it."""
        deadline = exchange.context.deadline or 0.0
        room = self.parts.room
        room.reading[exchange] = None
        try:
            body = await read_body(receive, exchange.fields, row.route.body_limit, deadline)
        finally:
            room.has_read(exchange)
        if body:
            check_media(exchange.fields.get(b"content-type"), row.method, form=row.form)
            exchange.scope[BODY] = body  # type: ignore[typeddict-unknown-key]

    async def _pass_on(self, exchange: Exchange, receive: Receive) -> None:
        try:
            await self.parts.app(exchange.scope, receive, exchange.answer)
        except Exception as error:
            _log.error("an answer broke off", route=exchange.label, exc_info=error)
            if exchange.status:
                raise  # the answer has begun: all that is left is to break the connection off
            await self._refuse(exchange, Internal())

    async def _refuse(self, exchange: Exchange, error: PlatformError) -> None:
        reply = problem(error, exchange.context.request_id, token_sent=b"authorization" in exchange.fields)
        await reply(exchange.scope, _nothing_more, exchange.answer)

    def _note(self, exchange: Exchange) -> None:
        seconds = exchange.seconds()
        label, method = exchange.label or NOWHERE, exchange.method or _ANY
        self.parts.numbers.answered(label, method, exchange.status, seconds)
        if self.parts.access is not None:
            self.parts.access(exchange.context, method, label, exchange.status, seconds)


async def _nothing_more() -> HTTPReceiveMessage:
    return {"type": "http.request", "body": b"", "more_body": False}
