"""How the identity component is put together, and what it refuses to start with."""

from careplane.components.assembly import Assembly, Parts
from careplane.components.identity.actor import IdentityActor
from careplane.components.identity.demo import refuse_demo_user
from careplane.components.identity.hashing import Argon2, Passwords
from careplane.components.identity.keys import key_set, load_keys
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.store import UserStore
from careplane.components.identity.tokens import TokenSigner


async def assemble(parts: Parts) -> Assembly:
    """Build the component; raise FailedPrecondition in production for the demo user, weak keys or cheap hashing."""
    settings = parts.section(IdentitySettings)
    keys = load_keys(settings)
    hasher = Argon2(settings)
    if settings.production:
        await refuse_demo_user(parts.database, hasher)
    store = UserStore(parts.database)
    passwords = await Passwords.open(hasher, threads=settings.argon2_threads, waiting=settings.argon2_waiting)
    signer = TokenSigner(keys[0], issuer=settings.issuer, audience=settings.audience, ttl_s=settings.token_ttl_s)
    public = key_set(keys)

    def make() -> IdentityActor:
        return IdentityActor(store, passwords, signer, public, parts.clock, parts.new_id)

    return Assembly(make=make, commits=store.commits, close=passwords.close)
