"""Signing in over HTTP, whether a token is good, and the public keys."""

from typing import Final

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from careplane.components.identity.api import Identity, KeySet, Login, Session
from careplane.components.identity.http.sessions import SESSION
from careplane.kernel.context import current
from careplane.kernel.message import Empty, Message
from careplane.web.bodies import Body, StrictRequest
from careplane.web.notes import Notes, noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply

_TAGS: Final = ["Auth"]
_DEVICE: Final = "cpd_Q2h3V0tqYm5sZkR4TzR6c0p1RmE5cVl2TGc3dUVtUjE"  # pragma: allowlist secret
_LOGIN: Final = Notes(
    fails=(401,),
    body={"email": "ada@example.org", "password": "correct horse battery staple"},
    answer={**SESSION, "device": _DEVICE},
)
_KNOWN: Final = (
    "Where the device is not known the answer has a `device`: keep it as you keep a password, and send it with the "
    "next sign-ins of this account from this device. These then have tries of their own, however many others guess, "
    "at the account or behind the same address. It proves nothing else, and lapses when it is not used for 90 "
    "days (or what is set); one that is unknown, or another account's, is as none."
)
_OWNER: Final = Notes(
    answer={
        "userId": "01890a5d-0000-7000-8000-000000000001",
        "roles": ["analyst"],
        "scopes": ["analytics:read"],
    }
)
_KEY_SET: Final = "application/jwk-set+json"
_KEYS: Final = Notes(
    answers={
        _KEY_SET: {
            "keys": [
                {
                    "kid": "r5Y9nZ0bVwM2pXq3u1T7cJk8LhF6dSaG4eWyQmNiBoE",
                    "kty": "EC",
                    "crv": "P-256",
                    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                    "alg": "ES256",
                    "use": "sig",
                }
            ]
        }
    }
)
_KEYS_AGE: Final = (b"cache-control", b"public, max-age=15")


class LoginBody(Body, frozen=True, kw_only=True):
    """An e-mail address and its password; `code` is that of the second factor, or a recovery code, if there is one.

    `device` is what an earlier answer to this account gave this device.
    """

    email: str
    password: str
    code: str | None = None
    device: str | None = None

    def __repr__(self) -> str:
        """Show that it is a sign-in, not whose."""
        return "LoginBody(...)"


class TokenOwner(Message, frozen=True, kw_only=True):
    """Whose token it is, and what it gives."""

    user_id: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]


def endpoints(identity: Identity, _web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""

    @post("/auth/login", summary="Sign in", description=_KNOWN, tags=_TAGS, status_code=200, opt=noted(_LOGIN))
    async def login(data: JSONBody[LoginBody], request: StrictRequest) -> Reply[Session]:
        address = request.address
        return Reply(await identity.login(Login(data.email, data.password, address, data.code, data.device)))

    @get("/auth/validate", summary="Is this token good?", tags=_TAGS, opt=noted(_OWNER))
    async def validate() -> Reply[TokenOwner]:
        owner = current().principal
        return Reply(TokenOwner(user_id=owner.id, roles=owner.roles, scopes=tuple(sorted(owner.scopes))))

    @get("/.well-known/jwks.json", summary="The public keys", tags=_TAGS, opt=noted(_KEYS))
    async def jwks() -> Reply[KeySet]:
        return Reply(await identity.keys(Empty()), headers=(_KEYS_AGE,), media=_KEY_SET.encode())

    return [login, validate, jwks]
