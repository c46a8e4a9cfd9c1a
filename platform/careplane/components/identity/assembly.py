"""How the identity component is put together, and what it refuses to start with."""

import asyncio

from careplane.components.assembly import Assembly, Parts
from careplane.components.identity.accounts.accounts import Accounts
from careplane.components.identity.accounts.clients import Clients
from careplane.components.identity.accounts.roles import RoleTable
from careplane.components.identity.accounts.store_accounts import AccountStore
from careplane.components.identity.actor import IdentityActor
from careplane.components.identity.demo import refuse_demo_user
from careplane.components.identity.denials import Denials
from careplane.components.identity.guessing.guesses import Guesses
from careplane.components.identity.guessing.store_guesses import GuessStore
from careplane.components.identity.passwords.guessable import known_words
from careplane.components.identity.passwords.hashing import Argon2, Passwords
from careplane.components.identity.passwords.store_costs import hashes_in_use
from careplane.components.identity.second_factor.second_factor import SecondFactors
from careplane.components.identity.second_factor.store_second_factor import SecondFactorStore
from careplane.components.identity.second_factor.vault import Vault
from careplane.components.identity.sessions.revoking import Revoking
from careplane.components.identity.sessions.sessions import Sessions
from careplane.components.identity.sessions.sign_in import SigningIn
from careplane.components.identity.sessions.store_revocations import RevocationStore
from careplane.components.identity.sessions.store_sessions import SessionStore
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.key_folder import EVERY_SECONDS, KeyFolder
from careplane.components.identity.signing.key_ring import KeyRing
from careplane.components.identity.signing.keys import load_keys
from careplane.components.identity.signing.tokens import TokenSigner, TokenVerifier
from careplane.components.identity.store import UserStore
from careplane.storage.pump import Pump

GUESSES_SWEPT_SECONDS = 5.0
SESSIONS_SWEPT_SECONDS = 60.0


async def assemble(parts: Parts) -> Assembly:
    """Build the component; raise FailedPrecondition in production for the demo user, weak keys or cheap hashing."""
    settings = parts.section(IdentitySettings)
    roles = RoleTable.configured(settings.roles)
    ring = KeyRing.of(settings, load_keys(settings))
    await asyncio.to_thread(known_words)  # not when the first password is set, while others wait
    store, passwords = UserStore(parts.database), await _passwords(parts, settings)
    sessions, revoking = _sessions(parts, settings, ring, roles)
    guesses = await Guesses.open(GuessStore(parts.database), settings, parts.clock)
    factors = SecondFactorStore(parts.database)
    account_store = AccountStore(parts.database)
    accounts = Accounts(store, account_store, factors, passwords, guesses, roles, parts.clock)
    vault = Vault(settings.secrets_key)
    second_factors = SecondFactors(store, account_store, factors, passwords, guesses, vault, parts.clock)
    signing_in = SigningIn(store, passwords, guesses, second_factors, sessions)
    clients = Clients(account_store, roles, sessions, parts.clock)

    denials = Denials(parts.database)

    def make() -> IdentityActor:
        return IdentityActor(signing_in, accounts, clients, second_factors, sessions, revoking, denials)

    forgetting = Pump("identity guesses", guesses.step, parts.report, idle=GUESSES_SWEPT_SECONDS)
    return Assembly(
        make=make,
        pumps=(forgetting, *_session_pumps(parts, settings, sessions, revoking)),
        commits={
            **store.commits,
            **account_store.commits,
            **factors.commits,
            **denials.commits,
            **sessions.store.commits,
            **revoking.store.commits,
        },
        gauges={
            "accounts_under_attack": lambda: guesses.exhausted,
            "unknown_refresh_tokens": lambda: sessions.store.unknown,
        },
        close=passwords.close,
    )


async def _passwords(parts: Parts, settings: IdentitySettings) -> Passwords:
    hasher = Argon2(settings)
    if settings.production:
        await refuse_demo_user(parts.database, hasher)
    threads, waiting, in_use = settings.argon2_threads, settings.argon2_waiting, await hashes_in_use(parts.database)
    return await Passwords.open(hasher, threads=threads, waiting=waiting, in_use=in_use)


def _sessions(parts: Parts, settings: IdentitySettings, ring: KeyRing, roles: RoleTable) -> tuple[Sessions, Revoking]:
    issuer, audience = settings.issuer, settings.audience
    signer = TokenSigner(ring.signing, issuer=issuer, audience=audience, ttl_s=settings.token_ttl_s)
    announced = ring.announced(parts.clock.now())
    verifier = TokenVerifier(announced, issuer=issuer, audience=audience, clock=parts.clock, scopes=roles.scopes_of)
    sessions = Sessions.of(settings, SessionStore(parts.database), signer, parts.clock, parts.new_id)
    return sessions, Revoking(RevocationStore(parts.database), verifier, ring, parts.clock)


def _session_pumps(parts: Parts, settings: IdentitySettings, sessions: Sessions, revoking: Revoking) -> list[Pump]:
    async def forget() -> bool:
        now = parts.clock.now()
        return await sessions.store.forget(now) or await revoking.store.forget(now)

    folder = KeyFolder(settings, revoking.ring, parts.clock)
    return [
        Pump("identity sessions", forget, parts.report, idle=SESSIONS_SWEPT_SECONDS),
        Pump("identity keys", folder.step, parts.report, idle=EVERY_SECONDS),
    ]
