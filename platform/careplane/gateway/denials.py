"""Refusals at the edge leave an audit row as well: identity hears who was refused what before the refusal goes out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from careplane.components.identity.api import NoteDenial
from careplane.gateway.routes import GATEWAY, Route
from careplane.kernel.context import Context, using
from careplane.kernel.ids import NewId
from careplane.kernel.principal import Principal, component_principal

NOTE_SECONDS: Final = 2.0
"""How long a refusal waits for its note."""

_PRINCIPAL: Final = component_principal(GATEWAY, "audit:write")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Denial:
    """Who was refused which route, asked for by which path, for want of which scope."""

    principal: Principal
    route: Route
    scope: str
    path: str
    context: Context


Denied = Callable[[Denial], Awaitable[None]]
"""Is told of a refusal; the answer goes out when it has returned."""


def noting(note: Callable[[NoteDenial], Awaitable[object]], new_id: NewId) -> Denied:
    """Return what notes refusals through `note`; where that fails, it is logged and the refusal stands all the same."""

    async def denied(denial: Denial) -> None:
        context, route = denial.context, denial.route
        deadline = asyncio.get_running_loop().time() + NOTE_SECONDS
        request = NoteDenial(
            denial_id=new_id(),
            caller=denial.principal.id,
            method=route.method,
            path=route.path,
            scope=denial.scope,
            subject=_subject(denial.path, route.path),
        )
        with using(Context(_PRINCIPAL, deadline, context.request_id, context.trace)):
            try:
                await note(request)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller is refused
                _log.error("a refusal could not be noted", route=route.path, request=context.request_id, exc_info=error)

    return denied


def _subject(path: str, template: str) -> UUID | None:
    """Return the id in the path, if there is one."""
    for segment, name in zip(path.split("/"), template.split("/"), strict=True):
        if name.startswith("{"):
            try:
                return UUID(segment)
            except ValueError:
                return None
    return None
