"""The methods that are answered here, by path, and how a call to one of them is carried out."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

from careplane.kernel.cancelling import is_cancelled
from careplane.kernel.context import Context, Trace, using
from careplane.kernel.contract import Component, Method
from careplane.kernel.errors import Internal, InvalidArgument, PlatformError, Unauthenticated, Unimplemented
from careplane.kernel.invoke import Invoke
from careplane.kernel.principal import Principal
from careplane.kernel.supervisor import Report
from careplane_pb.calls.v1.calls_pb2 import Call, CallBatch
from careplane_transports.grpc.tokens import CallTokens
from careplane_transports.wire.contract import MethodCodecs, contract_codecs

_NO_TRACE: Final = Trace()
_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class Served:
    """Carries out calls for the components that run here."""

    def __init__(
        self, components: Mapping[Component[Any], Invoke], tokens: CallTokens, report: Report, call_bytes: int
    ) -> None:
        """Hand calls to the `Invoke` of each component, once it is known who asks."""
        self._ways: dict[str, tuple[Method, MethodCodecs, Invoke]] = {
            method.path: (method, contract_codecs(component)[name], invoke)
            for component, invoke in components.items()
            for name, method in component.methods.items()
        }
        self._tokens = tokens
        self._report = report
        self._call_bytes = call_bytes

    def context(self, batch: CallBatch, call: Call) -> Context:
        """Return the circumstances of a call that has just arrived; raise Unauthenticated if its token is no good."""
        said = call.circumstances
        deadline = None
        if call.HasField("timeout_us"):
            deadline = asyncio.get_running_loop().time() + call.timeout_us / 1_000_000
        return Context(
            self._principal(batch, said.token, call.path),
            deadline,
            said.request_id or "-",
            _trace(said.traceparent),
            said.idempotency_key if said.HasField("idempotency_key") else None,
            tuple(said.chain),
        )

    async def answer(self, path: str, request: bytes, context: Context) -> bytes:
        """Return the reply as it goes out, or raise a PlatformError."""
        method, codecs, invoke = self._way(path)
        try:
            message = codecs.request.decode(request)
            with using(context):
                reply = codecs.reply.encode(await invoke(method, message))
        except PlatformError:
            raise
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            raise self._fault(method, RuntimeError("what the call waited for was cancelled")) from error
        except Exception as error:
            raise self._fault(method, error) from error
        if len(reply) > self._call_bytes:
            raise InvalidArgument(f"The answer is larger than {self._call_bytes} bytes. Ask for less at once.")
        return reply

    def _way(self, path: str) -> tuple[Method, MethodCodecs, Invoke]:
        way = self._ways.get(path)
        if way is None:
            detail = f"The method {path!r} is not answered here. Check grpc.peers, and that both run the same version."
            raise Unimplemented(detail)
        return way

    def _principal(self, batch: CallBatch, token: int, path: str) -> Principal:
        if token >= len(batch.tokens):
            raise Unauthenticated("The call has no token. Sign it, and put the token into the batch.")
        return self._tokens.verify(batch.tokens[token], path.partition("/")[0])

    def _fault(self, method: Method, error: Exception) -> Internal:
        self._report(method, error)
        return Internal(meta={"fault": type(error).__name__})


def _trace(traceparent: str) -> Trace:
    """Return the trace that the header continues; one that cannot be read begins anew (W3C Trace Context, 4.3)."""
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return _NO_TRACE if found is None else Trace(found[1], found[2], int(found[3], 16))
