"""The way to components in other processes: an Invoke for all of those that `grpc.peers` names."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from careplane.kernel.context import Context, current
from careplane.kernel.contract import Component, Method
from careplane.kernel.errors import (
    Aborted,
    DeadlineExceeded,
    Internal,
    InvalidArgument,
    PlatformError,
    StillRunning,
    Unavailable,
    Unimplemented,
)
from careplane.kernel.message import Message
from careplane_transports.grpc.call import Outbound
from careplane_transports.grpc.errors import Undone
from careplane_transports.grpc.peer import Peer
from careplane_transports.grpc.retries import TRIES_MAX, RetryBudget, is_repeatable, pause
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.grpc.tls import client_context
from careplane_transports.grpc.tokens import CallTokens, issuer_of
from careplane_transports.wire.contract import MethodCodecs, contract_codecs


class Peers:
    """Sends each call to its component's process, and brings the reply or the error back.

    What failed on the way is tried again within the caller's time: by anybody when nothing was started, else only
    queries and commands with an idempotency key, and those out of a budget.
    """

    def __init__(self, settings: GrpcSettings, components: Iterable[Component[Any]], tokens: CallTokens) -> None:
        """Know the contracts of `components`, and the way to those that the settings name."""
        known = {component.name: component for component in components}
        if unknown := sorted(set(settings.peers) - set(known)):
            raise TypeError(f"grpc.peers names {', '.join(unknown)}, and there is no such component")
        tls = partial(client_context, settings)
        tls()  # what is amiss with the certificates is said now; they are read anew for each connection
        self._peers = {name: Peer(name, setting, settings, tls) for name, setting in settings.peers.items()}
        self._codecs: dict[str, MethodCodecs] = {
            f"{name}/{method}": codecs
            for name in self._peers
            for method, codecs in contract_codecs(known[name]).items()
        }
        self._settings = settings
        self._tokens = tokens
        self._budget = RetryBudget(settings.retry_share)

    async def start(self) -> None:
        """Begin to connect; who is not there yet is waited for by those who call it."""
        for peer in self._peers.values():
            peer.start()

    async def close(self) -> None:
        """End all connections; calls that are under way fail."""
        await asyncio.gather(*(peer.close() for peer in self._peers.values()))

    async def check(self, component: str) -> None:
        """Raise Unavailable unless there is a live connection to a process of the component."""
        if not self._peers[component].links:
            raise Unavailable(f"No process of the component {component!r} can be reached.", retry_after=1.0)

    @property
    def gauges(self) -> Mapping[str, Callable[[], float]]:
        """What goes up and down, by name."""
        return {
            "connections": lambda: sum(len(peer.links) for peer in self._peers.values()),
            "calls_under_way": lambda: sum(link.under_way for peer in self._peers.values() for link in peer.links),
            "breakers_open": lambda: sum(
                not address.breaker.is_closed for peer in self._peers.values() for address in peer.addresses.values()
            ),
            "retries": lambda: self._budget.spent,
        }

    async def __call__(self, method: Method, request: Message, /) -> Message:
        """Carry the call."""
        peer = self._peers.get(method.component)
        if peer is None:
            detail = f"The component {method.component!r} does not run here. Start it, or name its place in grpc.peers."
            raise Unimplemented(detail)
        context, codecs = current(), self._codecs[method.path]
        if _is_over(context):
            raise DeadlineExceeded
        token = self._tokens.sign(context.principal, issuer_of(context), method.component)
        call = Outbound(method.path, codecs.request.encode(request), context, token)
        reply = await self._carry(peer, method, call)
        try:
            return codecs.reply.decode(reply)
        except InvalidArgument as error:
            raise Internal(meta={"reply of": method.path, "error": error.detail}) from None

    async def _carry(self, peer: Peer, method: Method, call: Outbound) -> bytes:
        self._budget.called()
        avoid = None
        for tries in range(TRIES_MAX):
            link = None
            try:
                link = await peer.way(self._until(call.context), avoid)
                return await link.call(call)
            except Undone as undone:
                error: PlatformError = undone.error
                again = link is not None and (undone.not_started or self._repeats(method, call.context))
            except (Unavailable, Aborted) as refusal:
                error = refusal
                again = _helps(refusal, tries, len(peer.links)) and self._repeats(method, call.context)
            if not again or _is_over(call.context):
                raise error
            avoid = link
            await asyncio.sleep(pause(tries))
        raise error

    def _repeats(self, method: Method, context: Context) -> bool:
        return is_repeatable(method, context) and self._budget.take()

    def _until(self, context: Context) -> float:
        """Return until when a call may wait for a peer."""
        patience = asyncio.get_running_loop().time() + self._settings.patience_s
        return patience if context.deadline is None else min(patience, context.deadline)


def _helps(refusal: PlatformError, tries: int, links: int) -> bool:
    """Tell whether who refused, or who stands beside it, may answer otherwise in a moment."""
    if type(refusal) is Unavailable:
        return links > 1
    if type(refusal) is StillRunning:  # an earlier try of this very call, where the connection to it was lost
        return tries > 0
    return type(refusal) is Aborted  # nothing was done, for a call to another of these processes came between


def _is_over(context: Context) -> bool:
    return context.deadline is not None and asyncio.get_running_loop().time() >= context.deadline
