"""The interface of the identity component: all that other components, the gateway and the application may import."""

from typing import Protocol

from careplane.components.audit import AuditPage, ListAudit, NoteDenial
from careplane.components.identity.accounts.messages_accounts import (
    CLIENT_NAME_MAX,
    AccessToken,
    AddClient,
    ChangeUser,
    ClientCredentials,
    GetUser,
    IssueToken,
    RenewClientSecret,
    SetPassword,
)
from careplane.components.identity.accounts.roles import RoleTable
from careplane.components.identity.domain import ROLES, SCOPES
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
from careplane.components.identity.second_factor.messages_second_factor import (
    ConfirmSecondFactor,
    EnrolSecondFactor,
    RecoveryCodes,
    RemoveSecondFactor,
    SecondFactorRequired,
    SecondFactorSecret,
)
from careplane.components.identity.sessions.messages_sessions import (
    Follow,
    Followed,
    Logout,
    Refresh,
    Revocation,
    RevocationView,
    Revoke,
)
from careplane.components.identity.signing.tokens import TokenVerifier, UnknownKey
from careplane.kernel.contract import PUBLIC, Component, command, query
from careplane.kernel.message import Empty

__all__ = [
    "CLIENT_NAME_MAX",
    "IDENTITY",
    "LIMIT_MAX",
    "ROLES",
    "SCOPES",
    "AccessToken",
    "AddClient",
    "AddUser",
    "ChangeUser",
    "ClientCredentials",
    "ConfirmSecondFactor",
    "EnrolSecondFactor",
    "Follow",
    "Followed",
    "GetUser",
    "Identity",
    "IssueToken",
    "KeySet",
    "ListUsers",
    "Login",
    "Logout",
    "NoteDenial",
    "PublicKey",
    "RecoveryCodes",
    "Refresh",
    "RemoveSecondFactor",
    "RenewClientSecret",
    "Revocation",
    "RevocationView",
    "Revoke",
    "RoleTable",
    "SecondFactorRequired",
    "SecondFactorSecret",
    "Session",
    "SetPassword",
    "TokenVerifier",
    "UnknownKey",
    "UserPage",
    "UserView",
]


class Identity(Protocol):
    """Users, sign-in and keys."""

    @command(key="address", scope=PUBLIC)  # not the e-mail: guessers at an account would stand in its owner's way
    async def login(self, request: Login, /) -> Session:
        """Sign in; Unauthenticated, with one and the same answer, for whatever reason it fails.

        SecondFactorRequired where the password is right and the code is missing; ResourceExhausted for guessers.
        """
        ...

    @command(key="refresh_token", scope=PUBLIC)
    async def refresh(self, request: Refresh, /) -> Session:
        """Go on with a session, once for each refresh token; a token that comes again ends the session."""
        ...

    @command(key="user_id", scope="users:write", owner="user_id")
    async def logout(self, request: Logout, /) -> Empty:
        """End a session, or all of a user's; NotFound where the user has no such session."""
        ...

    @command(key="revocation_id", scope="users:write", creates=True)
    async def revoke(self, request: Revoke, /) -> RevocationView:
        """Call tokens back, and end the sessions they are of; NotFound where there are none to be."""
        ...

    @query(scope="identity:follow")
    async def follow(self, request: Follow, /) -> Followed:
        """Return the keys, and what has been called back: whoever verifies tokens asks every second."""
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

    @query(scope="users:read", owner="user_id")
    async def get_user(self, request: GetUser, /) -> UserView:
        """Return a user."""
        ...

    @command(key="user_id", scope="users:write")
    async def change_user(self, request: ChangeUser, /) -> UserView:
        """Change a user; FailedPrecondition where nobody would be left who may change users."""
        ...

    @command(key="user_id", scope="users:write", owner="user_id")
    async def set_password(self, request: SetPassword, /) -> Empty:
        """Give a user another password: oneself who knows the present one, or anybody else as an administrator."""
        ...

    @command(key="user_id", scope="users:write", creates=True)
    async def add_client(self, request: AddClient, /) -> ClientCredentials:
        """Add the account of a program; a repeat is answered without the secret, which is kept nowhere."""
        ...

    @command(key="user_id", scope="users:write")
    async def renew_client_secret(self, request: RenewClientSecret, /) -> ClientCredentials:
        """Give a program's account another secret in place of the present one."""
        ...

    @command(key="client_id", scope=PUBLIC)
    async def client_token(self, request: IssueToken, /) -> AccessToken:
        """Sign a program in; Unauthenticated, with one and the same answer, for whatever reason it fails."""
        ...

    @command(key="denial_id", scope="audit:write", creates=True)
    async def note_denial(self, request: NoteDenial, /) -> Empty:
        """Note that the gateway refused a user; the audit row's caller is that user."""
        ...

    @query(scope="audit:read")
    async def audit_trail(self, request: ListAudit, /) -> AuditPage:
        """Return a page of this component's audit, newest first."""
        ...

    @command(key="user_id", scope="identity:own", owner="user_id")
    async def enrol_second_factor(self, request: EnrolSecondFactor, /) -> SecondFactorSecret:
        """Begin to set up one's own second factor, with one's password."""
        ...

    @command(key="user_id", scope="identity:own", owner="user_id")
    async def confirm_second_factor(self, request: ConfirmSecondFactor, /) -> RecoveryCodes:
        """Have one's own second factor asked for from now on, with a code that it shows."""
        ...

    @command(key="user_id", scope="users:write", owner="user_id")
    async def remove_second_factor(self, request: RemoveSecondFactor, /) -> Empty:
        """Do away with a second factor: one's own with password and code, or somebody else's as an administrator."""
        ...


IDENTITY = Component("identity", version=1, interface=Identity)
