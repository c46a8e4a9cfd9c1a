"""The demo user, whom everybody knows the password of: made by `careplane dev`, and refused everywhere else."""

from contextlib import suppress
from typing import Final

from careplane.components.identity import domain
from careplane.components.identity.api import IDENTITY
from careplane.components.identity.messages import AddUser
from careplane.components.identity.passwords.hashing import Argon2, Hasher
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.store import Addition, UserStore
from careplane.kernel.clock import Clock
from careplane.kernel.context import Context, using
from careplane.kernel.errors import AlreadyExists, FailedPrecondition
from careplane.kernel.ids import NewId
from careplane.kernel.principal import component_principal
from careplane.storage.database import Database
from careplane.storage.journal import entry_for

EMAIL: Final = "testuser@test.com"
PASSWORD: Final = "password123"  # noqa: S105 - it is meant to be known


async def ensure_demo_user(database: Database, settings: IdentitySettings, clock: Clock, new_id: NewId) -> None:
    """Add the demo user, an admin, unless a user with that e-mail is there; only `careplane dev` may call this."""
    if settings.production:
        raise FailedPrecondition("The demo user is for `careplane dev` only: add users with `careplane users add`.")
    store = UserStore(database)
    if await store.by_email(EMAIL) is not None:
        return
    request = AddUser(user_id=new_id(), email=EMAIL, password=PASSWORD, roles=("admin",))
    user = domain.new_user(request, Argon2(settings).hash(PASSWORD.encode()), clock.now())
    with using(Context(principal=component_principal("identity"))):
        entry = entry_for(IDENTITY.methods["add_user"], request, domain.view(user), subject=user.id)
    with suppress(AlreadyExists):  # another process was faster
        await store.add(Addition(user, EMAIL, entry))


async def demo_user_present(database: Database, hasher: Hasher) -> bool:
    """Tell whether somebody could sign in with the demo user's e-mail and password."""
    user = await UserStore(database).by_email(EMAIL)
    return user is not None and not user.disabled and hasher.verify(user.password_hash, PASSWORD.encode())


async def refuse_demo_user(database: Database, hasher: Hasher) -> None:
    """Raise FailedPrecondition when the demo user is present."""
    if await demo_user_present(database, hasher):
        detail = f"The demo user {EMAIL} can sign in to this database: use one that `careplane dev` has not worked on."
        raise FailedPrecondition(detail)
