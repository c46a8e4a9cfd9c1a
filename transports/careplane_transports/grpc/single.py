"""Single calls: one request and one reply on a stream of their own, as any gRPC client makes them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

import structlog
from grpclib.const import Cardinality, Handler
from grpclib.exceptions import GRPCError
from grpclib.server import Stream
from h2.exceptions import StreamClosedError

from careplane.kernel.errors import Internal, InvalidArgument, Overloaded, PlatformError, Unavailable, Unimplemented
from careplane_transports.grpc.rich_errors import raised
from careplane_transports.grpc.settings import GrpcSettings

RECEIVE_SECONDS: Final = 10.0
"""How long a request may take to arrive once its call has been opened."""

HEARD_SECONDS: Final = 0.1
"""How long whoever was answered last has for reading that: some clients drop what comes along with the end."""

_STOPPING: Final = "This process is stopping. Nothing was started; send the request again, another one will take it."
_log = structlog.get_logger(__name__)


class Raw:
    """A message as bytes, which grpclib passes through: the codecs of the wire read and write it."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        """Hold the bytes."""
        self.data = data

    @classmethod
    def FromString(cls, data: bytes) -> "Raw":  # noqa: N802 - as grpclib calls it
        """Take the bytes that arrived."""
        return cls(data)

    def SerializeToString(self) -> bytes:  # noqa: N802 - as grpclib calls it
        """Return the bytes that go out."""
        return self.data


SingleStream = Stream[Raw, Raw]
Answer = Callable[[SingleStream, bytes], Awaitable[bytes]]
"""Answers a request, whose stream has its metadata and its deadline, or raises a PlatformError."""


class Servable(Protocol):
    """What a grpclib server can serve."""

    def __mapping__(self) -> Mapping[str, Handler]:
        """Return the handlers by their paths."""
        ...


class SingleCalls:
    """Lets so many single calls in at a time, tells their errors as gRPC does, and can be drained."""

    def __init__(self, settings: GrpcSettings) -> None:
        """Keep to the bounds of the settings."""
        self._settings = settings
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._draining = False
        self.held = 0

    def handler(self, answer: Answer) -> Handler:
        """Return what grpclib calls for a method that is answered so."""

        async def handle(stream: SingleStream) -> None:
            await self._answer(stream, answer)

        return Handler(handle, Cardinality.UNARY_UNARY, Raw, Raw)

    async def drain(self) -> None:
        """Let nobody in any more, and return when those who are in have been answered."""
        self._draining = True
        if self.held:
            await self._quiet.wait()
            await asyncio.sleep(HEARD_SECONDS)

    async def _answer(self, stream: SingleStream, answer: Answer) -> None:
        self._enter()
        try:
            await stream.send_message(Raw(await self._reply(stream, answer)))
            await stream.send_trailing_metadata()
        except PlatformError as error:
            await _refuse(stream, raised(error))
        except GRPCError as refusal:
            await _refuse(stream, refusal)
        finally:
            self._leave()  # all is said: what drains may close the connection now

    def _enter(self) -> None:
        if self._draining:
            raise raised(Unavailable(_STOPPING, retry_after=1.0))
        if self.held >= self._settings.calls_in_flight:
            raise raised(Overloaded(retry_after=1.0))
        self.held += 1
        self._quiet.clear()

    def _leave(self) -> None:
        self.held -= 1
        if not self.held:
            self._quiet.set()

    async def _reply(self, stream: SingleStream, answer: Answer) -> bytes:
        request = await _received(stream)
        try:
            return await answer(stream, request)
        except PlatformError:
            raise
        except Exception as error:
            _log.exception("a single call failed unexpectedly")
            raise Internal(meta={"fault": type(error).__name__}) from error


async def _refuse(stream: SingleStream, refusal: GRPCError) -> None:
    with suppress(StreamClosedError):  # who asked has gone
        await stream.send_trailing_metadata(
            status=refusal.status, status_message=refusal.message, status_details=refusal.details
        )


async def _received(stream: SingleStream) -> bytes:
    try:
        async with asyncio.timeout(RECEIVE_SECONDS):
            message: Any = await stream.recv_message()
    except TimeoutError:
        raise InvalidArgument(
            f"The request did not arrive within {RECEIVE_SECONDS:g} seconds. Send it whole."
        ) from None
    except RuntimeError:
        raise Unimplemented("Compressed messages are not understood here. Send them as they are.") from None
    if message is None:
        raise InvalidArgument("The call has no request. Send the method's message.")
    data: bytes = message.data
    return data
