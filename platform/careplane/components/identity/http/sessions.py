"""Sessions over HTTP: gone on with, ended, and called back."""

from typing import Final
from uuid import UUID

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from careplane.components.identity.api import Identity, Logout, Refresh, RevocationView, Revoke, Session
from careplane.kernel.context import current
from careplane.web.bodies import Body
from careplane.web.notes import Notes, noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply

SESSION: Final = {
    "token": "eyJhbGciOiJFUzI1NiIsImtpZCI6…",
    "tokenType": "Bearer",
    "expiresIn": 900,
    "refreshToken": "cpr_0tPqk3xWz7uYb1mVn5sRd9cGh2jLf4aEo6iKs8wQxZc",
    "refreshExpiresIn": 43_200,
}
"""An example of what a sign-in gives."""

_TAGS: Final = ["Auth"]
_ID: Final = "01890a5d-0000-7000-8000-000000000001"
_REFRESH: Final = Notes(fails=(401,), body={"refreshToken": SESSION["refreshToken"]}, answer=SESSION)
_LOGOUT: Final = Notes(headers=("Idempotency-Key",), fails=(404, 409, 422))
_REVOKE: Final = Notes(
    headers=("Idempotency-Key",),
    fails=(404, 409, 422),
    body={"userId": _ID},
    answer={"id": "01890a5d-0000-7000-8000-000000000009", "kind": "user", "subject": _ID},
)
_ONCE: Final = (
    "A refresh token is good once, and the answer holds the next one. One that comes again has been stolen, or its "
    "thief's has: the session ends and so do its access tokens. That is so for a lost answer too, whatever the "
    "Idempotency-Key: sign in again."
)
_WITHIN: Final = "The tokens are refused everywhere within five seconds, and the sessions they are of have ended."


class RefreshBody(Body, frozen=True, kw_only=True):
    """The refresh token that came with the last answer."""

    refresh_token: str

    def __repr__(self) -> str:
        """Show that it is a refresh, not whose."""
        return "RefreshBody(...)"


class RevocationBody(Body, frozen=True, kw_only=True):
    """Whose tokens to call back: exactly one of the four."""

    user_id: UUID | None = None
    role: str | None = None
    session_id: UUID | None = None
    token: str | None = None

    def __repr__(self) -> str:
        """Show that it is a revocation, not of what."""
        return "RevocationBody(...)"


def endpoints(identity: Identity, web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""

    @post(
        "/auth/refresh",
        summary="Go on with a session",
        description=_ONCE,
        tags=_TAGS,
        status_code=200,
        opt=noted(_REFRESH),
    )
    async def refresh(data: JSONBody[RefreshBody]) -> Reply[Session]:
        return Reply(await identity.refresh(Refresh(data.refresh_token)))

    @post("/auth/logout", summary="Sign out", tags=_TAGS, status_code=204, opt=noted(_LOGOUT))
    async def logout() -> Reply[None]:
        principal = current().principal
        await identity.logout(Logout(UUID(principal.id), UUID(principal.session)))
        return Reply(None, status=204)

    @post("/auth/logout/everywhere", summary="Sign out everywhere", tags=_TAGS, status_code=204, opt=noted(_LOGOUT))
    async def logout_everywhere() -> Reply[None]:
        await identity.logout(Logout(UUID(current().principal.id)))
        return Reply(None, status=204)

    @post(
        "/api/revocations",
        summary="Call tokens back",
        description=_WITHIN,
        tags=["Users"],
        status_code=201,
        opt=noted(_REVOKE),
    )
    async def revoke(data: JSONBody[RevocationBody]) -> Reply[RevocationView]:
        asked = Revoke(web.new_id(), data.user_id, data.role, data.session_id, data.token)
        return Reply(await identity.revoke(asked), status=201)

    return [refresh, logout, logout_everywhere, revoke]
