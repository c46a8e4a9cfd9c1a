"""Every method of a component as a plain unary call: for other languages, for tools, for whoever has a call token.

The circumstances of a call are in its metadata: `grpc-timeout`, `traceparent`, and `careplane-bin` with the message
`careplane_pb.calls.v1.UnaryCircumstances`, which holds the call token.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError
from grpclib.const import Handler

from careplane.kernel.context import Context, Trace
from careplane.kernel.contract import Component, Method
from careplane.kernel.errors import Unauthenticated
from careplane_pb.calls.v1.unary_pb2 import UnaryCircumstances
from careplane_transports.grpc.served import Served
from careplane_transports.grpc.single import Answer, SingleCalls, SingleStream
from careplane_transports.grpc.tokens import CallTokens
from careplane_transports.wire.contract import contract_codecs

CIRCUMSTANCES: Final = "careplane-bin"
TRACEPARENT: Final = "traceparent"
DEADLINE_SECONDS: Final = 30.0
"""How long a call may take that does not say how long it may take."""

_UNSAID: Final = (
    f"Send one {CIRCUMSTANCES} in the metadata: a careplane_pb.calls.v1.UnaryCircumstances with a call token in it."
)
_TRACE: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


class Interface:
    """The interface of one component, as grpclib serves it."""

    def __init__(self, component: Component[Any], served: Served, tokens: CallTokens, calls: SingleCalls) -> None:
        """Answer calls of the component through `served`, which has it check whether the caller may make them."""
        codecs = contract_codecs(component)
        self._handlers = {
            codecs[name].path: calls.handler(_answer(method, served, tokens))
            for name, method in component.methods.items()
        }

    def __mapping__(self) -> Mapping[str, Handler]:
        """Return the handlers by their paths."""
        return self._handlers


def time_of(stream: SingleStream) -> float:
    """Return the time, by the event loop's clock, at which nobody waits for the answer any more."""
    left = DEADLINE_SECONDS if stream.deadline is None else stream.deadline.time_remaining()
    return asyncio.get_running_loop().time() + left


def trace_of(stream: SingleStream) -> Trace:
    """Return the trace that the caller says the call belongs to, or none."""
    said = stream.metadata.get(TRACEPARENT) if stream.metadata else None
    found = _TRACE.fullmatch(said) if isinstance(said, str) else None
    return Trace(found[1], found[2], int(found[3], 16)) if found else Trace()


def _answer(method: Method, served: Served, tokens: CallTokens) -> Answer:
    async def answer(stream: SingleStream, data: bytes) -> bytes:
        return await served.answer(method.path, data, _context(stream, tokens, method.component))

    return answer


def _context(stream: SingleStream, tokens: CallTokens, component: str) -> Context:
    said = _circumstances(stream)
    return Context(
        principal=tokens.verify(said.token, component),
        deadline=time_of(stream),
        request_id=said.request_id or "-",
        trace=trace_of(stream),
        idempotency_key=said.idempotency_key if said.HasField("idempotency_key") else None,
        chain=tuple(said.chain),
    )


def _circumstances(stream: SingleStream) -> UnaryCircumstances:
    sent = stream.metadata.getall(CIRCUMSTANCES, []) if stream.metadata else []
    if len(sent) != 1 or not isinstance(sent[0], bytes):
        raise Unauthenticated(_UNSAID)
    try:
        return UnaryCircumstances.FromString(sent[0])
    except DecodeError:
        raise Unauthenticated(_UNSAID) from None
