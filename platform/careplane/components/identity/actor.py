"""The identity actor: signs people in, adds users, shows keys."""

from dataclasses import dataclass

from careplane.components.audit import NoteDenial
from careplane.components.identity.accounts.accounts import Accounts
from careplane.components.identity.accounts.clients import Clients
from careplane.components.identity.accounts.messages_accounts import (
    AccessToken,
    AddClient,
    ChangeUser,
    ClientCredentials,
    GetUser,
    IssueToken,
    RenewClientSecret,
    SetPassword,
)
from careplane.components.identity.denials import Denials
from careplane.components.identity.messages import AddUser, KeySet, ListUsers, Login, Session, UserPage, UserView
from careplane.components.identity.second_factor.messages_second_factor import (
    ConfirmSecondFactor,
    EnrolSecondFactor,
    RecoveryCodes,
    RemoveSecondFactor,
    SecondFactorSecret,
)
from careplane.components.identity.second_factor.second_factor import SecondFactors
from careplane.components.identity.sessions.messages_sessions import (
    Follow,
    Followed,
    Logout,
    Refresh,
    RevocationView,
    Revoke,
)
from careplane.components.identity.sessions.revoking import Revoking
from careplane.components.identity.sessions.sessions import Sessions
from careplane.components.identity.sessions.sign_in import SigningIn
from careplane.kernel.message import Empty


@dataclass(frozen=True, slots=True)
class IdentityActor:
    """Answers the interface `Identity`."""

    signing_in: SigningIn
    accounts: Accounts
    clients: Clients
    second_factors: SecondFactors
    sessions: Sessions
    revoking: Revoking
    denials: Denials

    async def login(self, request: Login, /) -> Session:
        """Sign in."""
        return await self.signing_in.login(request)

    async def refresh(self, request: Refresh, /) -> Session:
        """Go on with a session."""
        return await self.sessions.refresh(request)

    async def logout(self, request: Logout, /) -> Empty:
        """End a session, or all of a user's."""
        return await self.revoking.logout(request)

    async def revoke(self, request: Revoke, /) -> RevocationView:
        """Call tokens back."""
        return await self.revoking.revoke(request)

    async def follow(self, request: Follow, /) -> Followed:
        """Tell what has been called back."""
        return await self.revoking.follow(request)

    async def keys(self, request: Empty, /) -> KeySet:
        """Return the public keys."""
        return await self.revoking.keys(request)

    async def add_user(self, request: AddUser, /) -> UserView:
        """Add a user."""
        return await self.accounts.add(request)

    async def users(self, request: ListUsers, /) -> UserPage:
        """Return a page of the users."""
        return await self.accounts.page(request)

    async def get_user(self, request: GetUser, /) -> UserView:
        """Return a user."""
        return await self.accounts.get(request)

    async def change_user(self, request: ChangeUser, /) -> UserView:
        """Change a user."""
        return await self.accounts.change(request)

    async def set_password(self, request: SetPassword, /) -> Empty:
        """Give a user another password."""
        return await self.accounts.set_password(request)

    async def add_client(self, request: AddClient, /) -> ClientCredentials:
        """Add the account of a program."""
        return await self.clients.add(request)

    async def renew_client_secret(self, request: RenewClientSecret, /) -> ClientCredentials:
        """Give a program another secret."""
        return await self.clients.renew_secret(request)

    async def client_token(self, request: IssueToken, /) -> AccessToken:
        """Sign a program in."""
        return await self.clients.token(request)

    async def note_denial(self, request: NoteDenial, /) -> Empty:
        """Note that the gateway refused a user."""
        return await self.denials.note(request)

    async def enrol_second_factor(self, request: EnrolSecondFactor, /) -> SecondFactorSecret:
        """Begin to set up one's own second factor."""
        return await self.second_factors.enrol(request)

    async def confirm_second_factor(self, request: ConfirmSecondFactor, /) -> RecoveryCodes:
        """Have one's own second factor asked for from now on."""
        return await self.second_factors.confirm(request)

    async def remove_second_factor(self, request: RemoveSecondFactor, /) -> Empty:
        """Do away with a second factor."""
        return await self.second_factors.remove(request)
