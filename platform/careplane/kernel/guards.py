"""The middleware every component stands behind: who may call, whether there is time left, and no going in circles."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from careplane.kernel.context import current, using
from careplane.kernel.contract import Method
from careplane.kernel.errors import DeadlineExceeded, PermissionDenied, ReentrantCall, Unauthenticated
from careplane.kernel.invoke import Answer, Invoke, raising
from careplane.kernel.message import Message
from careplane.kernel.principal import ANONYMOUS, Principal

Denied = Callable[[Method, Message], Awaitable[None]]
"""Is told of a call that a signed-in caller may not make; the refusal goes out when it has returned."""


def authorised(inner: Invoke, denied: Denied | None = None) -> Invoke:
    """Let a call pass only if the original caller has the method's scope, or is the one whom it is about.

    `denied` is not told of strangers, who could fill an audit log without ever having to sign in.
    """

    def invoke(method: Method, request: Message, /) -> Answer:
        principal = current().principal
        if principal.may(method.scope) or _is_owner(method, request, principal):
            return inner(method, request)
        return _refuse(method, request, denied)

    return invoke


async def _refuse(method: Method, request: Message, denied: Denied | None) -> Message:
    if current().principal.id == ANONYMOUS.id:
        raise Unauthenticated
    if denied is not None:
        await denied(method, request)
    detail = f"This needs the scope {method.scope!r}, which your roles do not give. Ask an administrator."
    raise PermissionDenied(detail)


def _is_owner(method: Method, request: Message, principal: Principal) -> bool:
    return method.owner is not None and str(getattr(request, method.owner)) == principal.id


def in_time(inner: Invoke) -> Invoke:
    """Refuse a call whose deadline has passed before it began."""

    def invoke(method: Method, request: Message, /) -> Answer:
        deadline = current().deadline
        if deadline is not None and asyncio.get_running_loop().time() >= deadline:
            return raising(DeadlineExceeded())
        return inner(method, request)

    return invoke


def not_reentrant(inner: Invoke) -> Invoke:
    """Refuse a call that has already passed through the component it is for."""

    def invoke(method: Method, request: Message, /) -> Answer:
        chain = current().chain
        if method.component in chain:
            return raising(ReentrantCall(meta={"chain": [*chain, method.component]}))
        return inner(method, request)

    return invoke


def without_key(inner: Invoke) -> Invoke:
    """Call without the caller's idempotency key: it is a promise about that call, not about those that follow."""

    async def invoke(method: Method, request: Message, /) -> Message:
        context = current()
        if context.idempotency_key is None:
            return await inner(method, request)
        with using(msgspec.structs.replace(context, idempotency_key=None)):
            return await inner(method, request)

    return invoke
