"""The interface of the identity component: all that other components, the gateway and the application may import."""

from typing import Protocol

from careplane.components.identity.domain import ROLES, scopes_of
from careplane.components.identity.messages import (
    LIMIT_MAX,
    AddUser,
    KeySet,
    ListUsers,
    Login,
    PublicKey,
    Session,
    UserPage,
    UserView,
)
from careplane.components.identity.tokens import TokenVerifier
from careplane.kernel.contract import PUBLIC, Component, command, query
from careplane.kernel.message import Empty

__all__ = [
    "IDENTITY",
    "LIMIT_MAX",
    "ROLES",
    "AddUser",
    "Identity",
    "KeySet",
    "ListUsers",
    "Login",
    "PublicKey",
    "Session",
    "TokenVerifier",
    "UserPage",
    "UserView",
    "scopes_of",
]


class Identity(Protocol):
    """Users, sign-in and keys."""

    @command(key="email", scope=PUBLIC)
    async def login(self, request: Login, /) -> Session:
        """Sign in; Unauthenticated, with one and the same answer, for whatever reason it fails."""
        ...

    @query(scope=PUBLIC)
    async def keys(self, request: Empty, /) -> KeySet:
        """Return the public keys that tokens are verified with."""
        ...

    @command(key="user_id", scope="users:write", creates=True)
    async def add_user(self, request: AddUser, /) -> UserView:
        """Add a user; AlreadyExists when the e-mail is taken, in whatever case it is written."""
        ...

    @query(scope="users:read")
    async def users(self, request: ListUsers, /) -> UserPage:
        """Return a page of the users."""
        ...


IDENTITY = Component("identity", version=1, interface=Identity)
