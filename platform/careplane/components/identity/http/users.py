"""Users over HTTP: listed, added, read, changed, and given another password."""

from typing import Annotated, ClassVar, Final
from uuid import UUID

from litestar import get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from careplane.components.identity.api import (
    LIMIT_MAX,
    AddUser,
    ChangeUser,
    GetUser,
    Identity,
    ListUsers,
    SetPassword,
    UserView,
)
from careplane.kernel.message import Message
from careplane.web.bodies import Body, StrictRequest, header
from careplane.web.etags import expected_version
from careplane.web.notes import Notes, noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply
from careplane.web.versioned import made, unless_known, versioned

TAGS: Final = ["Users"]
USER_ID: Final = "01890a5d-0000-7000-8000-000000000001"
ROLES: Final = ["clinician"]
_SHOWN: Final = {
    "id": USER_ID,
    "email": "ada@example.org",
    "roles": ROLES,
    "disabled": False,
    "version": 1,
    "createdAt": "2025-01-15T09:30:00Z",
    "kind": "person",
    "name": None,
}
_PASSWORD: Final = "correct horse battery staple"  # noqa: S105 - an example
_ADDING: Final = Notes(
    headers=("Idempotency-Key",),
    fails=(409, 422),
    body={"email": "ada@example.org", "password": _PASSWORD, "roles": ROLES},
    answer=_SHOWN,
    gives=("ETag", "Location"),
)
_READING: Final = Notes(headers=("If-None-Match",), answer=_SHOWN, gives=("ETag",))
_CHANGING: Final = Notes(
    headers=("If-Match", "Idempotency-Key"),
    fails=(409, 412, 422),
    body={"roles": [*ROLES, "auditor"], "disabled": False},
    answer={**_SHOWN, "roles": [*ROLES, "auditor"], "version": 2},
    media=("application/merge-patch+json",),
    gives=("ETag",),
)
_SETTING: Final = Notes(
    fails=(409,),
    body={"currentPassword": _PASSWORD, "newPassword": "a passphrase of your own"},  # pragma: allowlist secret
)
_ENDS: Final = "All tokens and sign-ins of the user end with it."


class _AccountBody(Body, frozen=True, kw_only=True):
    """What callers may write about a user; what only the platform writes is refused by that name."""

    read_only: ClassVar[frozenset[str]] = frozenset(UserView.__struct_encode_fields__) - {"email", "roles", "disabled"}


class NewUserBody(_AccountBody, frozen=True, kw_only=True):
    """A user to add."""

    read_only: ClassVar[frozenset[str]] = _AccountBody.read_only | {"disabled"}

    email: str
    password: str
    roles: tuple[str, ...]

    def __repr__(self) -> str:
        """Show that it is a user, not who."""
        return "NewUserBody(...)"


class UserChangeBody(_AccountBody, frozen=True, kw_only=True):
    """What is to change about a user: what is left out stays as it is."""

    email: str | UnsetType = UNSET
    roles: tuple[str, ...] | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET

    def __repr__(self) -> str:
        """Show that it is a change, not whose."""
        return "UserChangeBody(...)"


class PasswordBody(Body, frozen=True, kw_only=True):
    """Another password; who changes their own sends the present one too."""

    new_password: str
    current_password: str | None = None

    def __repr__(self) -> str:
        """Show that it is a password, not which."""
        return "PasswordBody(...)"


class UserList(Message, frozen=True, kw_only=True):
    """A page of users; `nextCursor` asks for the next one, and is null on the last."""

    users: tuple[UserView, ...]
    next_cursor: str | None


def endpoints(identity: Identity, web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""
    return [_list(identity, web), _add(identity, web), _get(identity), _change(identity), _set_password(identity)]


def _list(identity: Identity, web: WebParts) -> HTTPRouteHandler:
    notes = Notes(answer={"users": [_SHOWN], "nextCursor": None})

    @get("/api/users", summary="List users", tags=TAGS, opt=noted(notes))
    async def list_users(
        limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="How many users a page holds.")] = 50,
        cursor: Annotated[str | None, QueryParameter(description="The nextCursor of the page before.")] = None,
    ) -> Reply[UserList]:
        opened = web.cursors.open(cursor, *TAGS)
        page = await identity.users(ListUsers(limit=limit, after=None if opened is None else UUID(opened)))
        following = None if page.next_after is None else str(page.next_after)
        return Reply(UserList(users=page.users, next_cursor=web.cursors.seal(following, *TAGS)))

    return list_users


def _add(identity: Identity, web: WebParts) -> HTTPRouteHandler:
    @post("/api/users", summary="Add a user", tags=TAGS, opt=noted(_ADDING))
    async def add_user(data: JSONBody[NewUserBody]) -> Reply[UserView]:
        view = await identity.add_user(AddUser(web.new_id(), data.email, data.password, data.roles))
        return made(view, f"/api/users/{view.id}")

    return add_user


def _get(identity: Identity) -> HTTPRouteHandler:
    @get(
        "/api/users/{user_id:str}",
        summary="Read a user",
        description="Everybody may read themselves.",
        tags=TAGS,
        opt=noted(_READING),
        responses={304: ResponseSpec(None, description="The caller has this version already.")},
    )
    async def get_user(user_id: FromPath[UUID], request: StrictRequest) -> Reply[UserView | None]:
        view = await identity.get_user(GetUser(user_id))
        return unless_known(request, view.version, view)

    return get_user


def _change(identity: Identity) -> HTTPRouteHandler:
    @patch(
        "/api/users/{user_id:str}",
        summary="Change a user (RFC 7396)",
        description=f"Where roles change, or the user is disabled or enabled: {_ENDS}",
        tags=TAGS,
        opt=noted(_CHANGING),
    )
    async def change_user(
        user_id: FromPath[UUID], data: JSONBody[UserChangeBody], request: StrictRequest
    ) -> Reply[UserView]:
        change = ChangeUser(
            user_id=user_id,
            email=None if data.email is UNSET else data.email,
            roles=None if data.roles is UNSET else data.roles,
            disabled=None if data.disabled is UNSET else data.disabled,
            expected_version=expected_version(header(request, b"if-match")),
        )
        return versioned(await identity.change_user(change))

    return change_user


def _set_password(identity: Identity) -> HTTPRouteHandler:
    @post(
        "/api/users/{user_id:str}/password",
        summary="Set a password",
        description=f"One's own with the present one, or as an administrator somebody else's without. {_ENDS}",
        tags=TAGS,
        opt=noted(_SETTING),
        status_code=204,
    )
    async def set_password(
        user_id: FromPath[UUID], data: JSONBody[PasswordBody], request: StrictRequest
    ) -> Reply[None]:
        address = request.address
        await identity.set_password(SetPassword(user_id, data.new_password, data.current_password, address))
        return Reply(None, status=204)

    return set_password
