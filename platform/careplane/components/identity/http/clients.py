"""Accounts of programs over HTTP: made, given another secret, and their tokens (RFC 6749, section 4.4)."""

from typing import Final
from uuid import UUID

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from careplane.components.identity.accounts.oauth import GRANT, ClientRefused, read_request
from careplane.components.identity.api import AccessToken, AddClient, ClientCredentials, Identity, RenewClientSecret
from careplane.components.identity.http.users import ROLES, TAGS, USER_ID
from careplane.kernel.errors import Unauthenticated
from careplane.web.bodies import Body, StrictRequest, header
from careplane.web.notes import Notes, noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply

_SECRET: Final = "cps_3q2-7wD0x9mB…"  # noqa: S105 - an example
_SHOWN: Final = {"clientId": USER_ID, "clientSecret": _SECRET}
_ADDING: Final = Notes(
    headers=("Idempotency-Key",),
    fails=(409, 422),
    body={"name": "Lab interface", "roles": ROLES},
    answer=_SHOWN,
    gives=("Location",),
)
_RENEWING: Final = Notes(headers=("Idempotency-Key",), fails=(409, 422), answer=_SHOWN)
_ISSUING: Final = Notes(
    fails=(401,),
    required=("grant_type",),
    form={
        "grant_type": f"Always {GRANT}.",
        "client_id": "Which program asks, unless HTTP Basic says so.",
        "client_secret": "Its secret, unless HTTP Basic has it.",  # pragma: allowlist secret
    },
    body={"grant_type": GRANT, "client_id": USER_ID, "client_secret": _SECRET},
    answer={
        "access_token": "eyJhbGciOiJFUzI1NiIsImtpZCI6…",
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "patients:read patients:write",
    },
)
_ONCE: Final = "The secret is in this answer and kept nowhere: the same call sent again is answered with null for it."


class ClientBody(Body, frozen=True, kw_only=True):
    """What a program is called, and its roles."""

    name: str
    roles: tuple[str, ...]


def endpoints(identity: Identity, web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""

    @post(
        "/api/service-accounts",
        summary="Add an account for a program",
        description=_ONCE,
        tags=TAGS,
        opt=noted(_ADDING),
    )
    async def add_service_account(data: JSONBody[ClientBody]) -> Reply[ClientCredentials]:
        made = await identity.add_client(AddClient(web.new_id(), data.name, data.roles))
        return Reply(made, status=201, headers=((b"location", f"/api/users/{made.client_id}".encode()),))

    @post(
        "/api/service-accounts/{user_id:str}/secret",
        summary="Give a program another secret",
        description=f"The present one, and the tokens that it has got, are void at once. {_ONCE}",
        tags=TAGS,
        opt=noted(_RENEWING),
        status_code=200,
    )
    async def renew_client_secret(user_id: FromPath[UUID]) -> Reply[ClientCredentials]:
        return Reply(await identity.renew_client_secret(RenewClientSecret(user_id)))

    return [add_service_account, renew_client_secret, _issue_token(identity)]


def _issue_token(identity: Identity) -> HTTPRouteHandler:
    @post(
        "/auth/token",
        summary="Sign a program in (RFC 6749, client credentials)",
        tags=["Auth"],
        opt=noted(_ISSUING),
        status_code=200,
    )
    async def issue_token(request: StrictRequest) -> Reply[AccessToken]:
        asked = read_request(await request.body(), header(request, b"authorization"))
        try:
            token = await identity.client_token(asked)
        except Unauthenticated as error:
            raise ClientRefused(error.detail) from error
        return Reply(token, headers=((b"pragma", b"no-cache"),))

    return issue_token
