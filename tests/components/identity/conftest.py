"""An identity component on a real database, with cheap hashing that counts, and a clock that stands still."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.components.identity.holder import Holder, holder_in, newcomer_in
from uuid_utils.compat import uuid7

from careplane.components.identity.accounts.accounts import Accounts
from careplane.components.identity.accounts.clients import Clients
from careplane.components.identity.accounts.roles import RoleTable
from careplane.components.identity.accounts.store_accounts import AccountStore
from careplane.components.identity.actor import IdentityActor
from careplane.components.identity.api import IDENTITY, AddUser, Follow, Identity, Login, TokenVerifier, UserView
from careplane.components.identity.denials import Denials
from careplane.components.identity.guessing.guesses import Guesses
from careplane.components.identity.guessing.store_guesses import GuessStore
from careplane.components.identity.passwords.hashing import Argon2, Passwords
from careplane.components.identity.second_factor.second_factor import SecondFactors
from careplane.components.identity.second_factor.store_second_factor import SecondFactorStore
from careplane.components.identity.second_factor.vault import Vault
from careplane.components.identity.sessions.revoking import Revoking
from careplane.components.identity.sessions.sessions import Sessions
from careplane.components.identity.sessions.sign_in import SigningIn
from careplane.components.identity.sessions.store_revocations import RevocationStore
from careplane.components.identity.sessions.store_sessions import SessionStore
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.key_ring import KeyRing
from careplane.components.identity.signing.keys import SigningKey, load_keys, make_key, read_key
from careplane.components.identity.signing.tokens import TokenSigner
from careplane.components.identity.store import UserStore
from careplane.kernel.clock import FixedClock
from careplane.kernel.context import Context, using
from careplane.kernel.contract import Method
from careplane.kernel.guards import authorised, not_reentrant
from careplane.kernel.invoke import layered, proxy
from careplane.kernel.mailbox import Mailbox
from careplane.kernel.principal import Principal, component_principal
from careplane.kernel.supervisor import Supervisor
from careplane.storage.database import Database
from careplane.storage.idempotency import remembering

ADMIN = Principal(id="00000000-0000-7000-8000-000000000001", scopes=frozenset({"users:read", "users:write"}))
NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
PASSWORD = "vier zufällige Wörter hier"

Replica = Callable[..., Awaitable[Guesses]]
"""Makes the guard against guessing as another process would."""


@dataclass
class CountingHasher:
    """Hashes as argon2 does, and keeps the hashes that were checked."""

    argon2: Argon2
    verified: list[str] = field(default_factory=list)

    def hash(self, secret: bytes) -> str:
        """Hash."""
        return self.argon2.hash(secret)

    def verify(self, hashed: str, secret: bytes) -> bool:
        """Check, and keep what was checked."""
        self.verified.append(hashed)
        return self.argon2.verify(hashed, secret)

    def outdated(self, hashed: str) -> bool:
        """Tell as argon2 does."""
        return self.argon2.outdated(hashed)


@dataclass
class World:
    """A running identity component and what a test looks at."""

    identity: Identity
    database: Database
    hasher: CountingHasher
    clock: FixedClock
    verifier: TokenVerifier
    store: UserStore
    faults: list[Exception]
    guesses: Guesses
    ring: KeyRing
    sessions: Sessions

    async def add(self, email: str = "ada@example.org", *, password: str = PASSWORD, **more: Any) -> UserView:
        """Add a user, as an administrator."""
        request = AddUser(
            user_id=more.pop("user_id", None) or uuid7(),
            email=email,
            password=password,
            **{"roles": ("admin",), **more},
        )
        with using(Context(principal=ADMIN)):
            return await self.identity.add_user(request)

    async def login(self, email: str = "ada@example.org", password: str = PASSWORD) -> Principal:
        """Sign in, and return whose token came back."""
        return self.verifier.verify((await self.identity.login(Login(email=email, password=password))).token)

    async def hear(self) -> None:
        """Let the verifier hear everything that is called back, and which keys there are, as a gateway does."""
        with using(Context(principal=component_principal("gateway", "identity:follow"))):
            heard = await self.identity.follow(Follow())
        self.verifier.learn(heard.keys)
        self.verifier.denied.add(heard.revocations)

    async def audit(self) -> list[tuple[str, str, UUID | None, str | None]]:
        """Return caller, action, subject and detail of every audit row, oldest first."""
        rows = await self.database.fetch("SELECT caller, action, subject, detail FROM audit ORDER BY id")
        return [tuple(row) for row in rows]


def cheap(data_dir: Path, **changes: Any) -> IdentitySettings:
    """Return settings under which a password costs a fraction of a millisecond."""
    values = {"argon2_time_cost": 1, "argon2_memory_kib": 8, "argon2_parallelism": 1, "production": False}
    return IdentitySettings(**{"data_dir": data_dir, **values, **changes})


@pytest.fixture
def settings(tmp_path: Path) -> IdentitySettings:
    """Give the settings of a development run."""
    return cheap(tmp_path)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open the component's database."""
    database = await Database.open(database_url, "identity", size=4)
    yield database
    await database.close()


@pytest.fixture
async def world(database: Database, settings: IdentitySettings) -> AsyncIterator[World]:
    """Run the component behind what the host puts in front of it."""
    clock, faults, ring = FixedClock(NOW), list[Exception](), KeyRing.of(settings, load_keys(settings))
    hasher, store = CountingHasher(Argon2(settings)), UserStore(database)
    passwords = await Passwords.open(hasher, threads=2, waiting=8)
    issuer, audience = settings.issuer, settings.audience
    signer = TokenSigner(ring.signing, issuer=issuer, audience=audience, ttl_s=settings.token_ttl_s)
    table = RoleTable.configured(settings.roles)
    verifier, own = (
        TokenVerifier(ring.announced(NOW), issuer=issuer, audience=audience, clock=clock, scopes=table.scopes_of)
        for _ in "12"
    )
    sessions = Sessions.of(settings, SessionStore(database), signer, clock, uuid7)
    revoking = Revoking(RevocationStore(database), own, ring, clock)
    guesses = await Guesses.open(GuessStore(database), settings, clock)
    factors = SecondFactorStore(database)
    accounts = Accounts(store, AccountStore(database), factors, passwords, guesses, table, clock)
    second_factors = SecondFactors(
        store, accounts.store, factors, passwords, guesses, Vault(settings.secrets_key), clock
    )
    signing_in = SigningIn(store, passwords, guesses, second_factors, sessions)
    clients = Clients(accounts.store, table, sessions, clock)

    def make() -> IdentityActor:
        return IdentityActor(signing_in, accounts, clients, second_factors, sessions, revoking, Denials(database))

    def report(_method: Method, error: Exception) -> None:
        faults.append(error)

    mailbox = Mailbox(layered(Supervisor(make, report), remembering(database)), bound=256)
    identity = proxy(IDENTITY, layered(mailbox, authorised, not_reentrant))
    yield World(identity, database, hasher, clock, verifier, store, faults, guesses, ring, sessions)
    await mailbox.close()
    passwords.close()
    assert not faults


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """Give the key that is believed."""
    return fresh_key(tmp_path_factory)


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """Give a key as good, that nobody knows."""
    return fresh_key(tmp_path_factory)


def fresh_key(folders: pytest.TempPathFactory) -> SigningKey:
    """Make a key."""
    file = folders.mktemp("keys") / "key.pem"
    make_key(file)
    return read_key(file.read_text(), "It", production=False)


@pytest.fixture
def clock() -> FixedClock:
    """Give a clock that stands still until it is moved."""
    return FixedClock(NOW)


@pytest.fixture
def replica(database: Database, clock: FixedClock) -> Replica:
    """Give a way to make the guard against guessing as another process would, with other settings if asked."""

    async def opened(**settings: Any) -> Guesses:
        return await Guesses.open(GuessStore(database), IdentitySettings(**settings), clock)

    return opened


@pytest.fixture
async def guesses(replica: Replica) -> Guesses:
    """Give the guard against guessing."""
    return await replica()


@pytest.fixture
async def newcomer(world: Any) -> Holder:
    """Give a user without a second factor."""
    return await newcomer_in(world)


@pytest.fixture
async def holder(world: Any) -> Holder:
    """Give a user whose second factor is asked for, in a step whose code is not used yet."""
    return await holder_in(world)
