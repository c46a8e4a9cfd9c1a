"""Health: whether the process lives, and whether it is ready, with the name of what is not."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from careplane.kernel.errors import PlatformError
from careplane.web.notes import Notes, noted
from careplane.web.reply import Reply

Check = Callable[[], Awaitable[None]]
"""Returns when its subject is ready, and raises when it is not; a PlatformError's detail is shown to the public."""

CHECK_SECONDS: Final = 2.0
_READY: Final = "ready"
_LIVES: Final = {"status": "alive", "checks": {}}
_IS_READY: Final = {"status": "ready", "checks": {"identity": "ready", "patient": "ready"}}


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the process is: `status` in a word, and what was found of each part."""

    status: str
    checks: dict[str, str] = {}


def endpoints(checks: Mapping[str, Check]) -> list[HTTPRouteHandler]:
    """Return the handlers."""

    @get("/health/live", summary="Does the process live?", tags=["Health"], opt=noted(Notes(answer=_LIVES)))
    async def live() -> Reply[Health]:
        return Reply(Health(status="alive"))

    @get(
        "/health/ready",
        summary="Can it take requests?",
        tags=["Health"],
        opt=noted(Notes(answer=_IS_READY)),
        responses={503: ResponseSpec(Health, description="Something is not ready: `checks` says what.")},
    )
    async def ready() -> Reply[Health]:
        found = dict(zip(checks, await asyncio.gather(*(_look(check) for check in checks.values())), strict=True))
        fine = all(word == _READY for word in found.values())
        return Reply(Health(status=_READY if fine else "not ready", checks=found), status=200 if fine else 503)

    return [live, ready]


async def _look(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except PlatformError as error:
        return error.detail
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} seconds"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready, and the kind is all that is told
        return f"failed: {type(error).__name__}"
    return _READY
