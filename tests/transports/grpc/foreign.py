"""Another implementation of gRPC as the caller: Google's own, in a thread; and what it makes of errors."""

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from msgspec import Struct

Metadata = Sequence[tuple[str, str | bytes]]


class Refusal(Struct, frozen=True):
    """An error as it arrived: the status by name, what it says, and its details by their type's name."""

    code: str
    message: str
    details: dict[str, Any]

    @property
    def reason(self) -> str:
        """The class of the error."""
        info = self.details["ErrorInfo"]
        assert info.domain == "careplane"
        return str(info.reason)


async def foreign(port: int, path: str, request: bytes, metadata: Metadata = (), **more: Any) -> bytes | Refusal:
    """Make a unary call and return the reply's bytes, or how it was refused."""

    def call() -> bytes:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            reply: bytes = channel.unary_unary(path)(request, metadata=metadata, **{"timeout": 10, **more})
            return reply

    try:
        return await asyncio.to_thread(call)
    except grpc.RpcError as error:
        return read(error)


def read(error: Any) -> Refusal:
    """Return what the error holds, which must say the same in its status and in its details."""
    sent = dict(error.trailing_metadata() or ())
    status = status_pb2.Status.FromString(sent.get("grpc-status-details-bin", b""))
    found: dict[str, Any] = {}
    if "grpc-status-details-bin" in sent:
        assert (status.code, status.message) == (error.code().value[0], error.details())
    for packed in status.details:
        name = packed.TypeName().rpartition(".")[2]
        message: Message = getattr(error_details_pb2, name)()
        assert packed.Unpack(message)
        found[name] = message
    return Refusal(error.code().name, error.details(), found)


async def refused(port: int, path: str, request: bytes, metadata: Metadata = (), **more: Any) -> Refusal:
    """Make a call that must be refused."""
    answer = await foreign(port, path, request, metadata, **more)
    assert isinstance(answer, Refusal)
    return answer
