"""The demo user: there in development, and nowhere else; and what the component refuses to start with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from uuid_utils.compat import uuid7

from careplane.components.assembly import Parts
from careplane.components.identity.assembly import assemble
from careplane.components.identity.demo import EMAIL, PASSWORD, demo_user_present, ensure_demo_user
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.errors import FailedPrecondition
from careplane.storage.database import Database


async def nowhere(*_anything: Any) -> Any:
    """Take calls and events, of which there are none."""
    raise AssertionError


@pytest.fixture
def parts_for(world: Any, database: Database) -> Callable[[IdentitySettings], Parts]:
    """Return what the host would hand the component with those settings."""

    def report(_name: str, error: Exception) -> None:
        raise error

    def make(settings: IdentitySettings) -> Parts:
        return Parts(database, world.clock, uuid7, nowhere, nowhere, report, settings)

    return make


@pytest.fixture
def production() -> IdentitySettings:
    """Give settings that are fit for production, as cheap as those may be."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return IdentitySettings(private_key=pem, argon2_time_cost=5, argon2_memory_kib=7168, argon2_parallelism=1)


async def test_the_demo_user_is_an_admin_who_can_sign_in(world: Any, settings: IdentitySettings) -> None:
    """It is there after the first call, and a second one changes nothing."""
    for _ in range(2):
        await ensure_demo_user(world.database, settings, world.clock, uuid7)
    assert (await world.login(EMAIL, PASSWORD)).roles == ("admin",)
    assert [row[:2] for row in await world.audit()][:1] == [("component:identity", "identity/add_user")]
    assert len(await world.database.fetch("SELECT FROM users")) == 1


async def test_a_user_who_is_there_already_is_left_alone(world: Any, settings: IdentitySettings) -> None:
    """Somebody's own password for that e-mail is not overwritten."""
    await world.add(EMAIL, roles=("analyst",))
    await ensure_demo_user(world.database, settings, world.clock, uuid7)
    assert (await world.login(EMAIL)).roles == ("analyst",)
    assert not await demo_user_present(world.database, world.hasher)


async def test_it_is_not_made_in_production(world: Any, production: IdentitySettings) -> None:
    """The call itself is refused."""
    with pytest.raises(FailedPrecondition, match="careplane dev"):
        await ensure_demo_user(world.database, production, world.clock, uuid7)
    assert not await demo_user_present(world.database, world.hasher)


async def test_production_does_not_start_with_it(
    world: Any,
    settings: IdentitySettings,
    production: IdentitySettings,
    parts_for: Callable[[IdentitySettings], Parts],
) -> None:
    """As long as it can sign in the component refuses to start; disabled it does not matter."""
    await ensure_demo_user(world.database, settings, world.clock, uuid7)
    with pytest.raises(FailedPrecondition, match="demo user"):
        await assemble(parts_for(production))
    await world.database.execute("UPDATE users SET disabled = true")
    assembly = await assemble(parts_for(production))
    assembly.close()


async def test_production_does_not_start_with_a_key_made_here_or_cheap_hashing(
    tmp_path: Path, settings: IdentitySettings, parts_for: Callable[[IdentitySettings], Parts]
) -> None:
    """The settings of a development run are refused by name of what is wrong."""
    made = IdentitySettings(keys_dir=tmp_path / "keys")
    with pytest.raises(FailedPrecondition, match="made by Careplane itself"):
        await assemble(parts_for(made))
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(FailedPrecondition, match="too cheap"):
        await assemble(parts_for(IdentitySettings(private_key=pem, argon2_memory_kib=8)))


async def test_the_assembled_component_makes_actors_that_share_everything(
    settings: IdentitySettings, parts_for: Callable[[IdentitySettings], Parts]
) -> None:
    """An actor made after a restart answers with the same keys, and the group commits can be watched."""
    assembly = await assemble(parts_for(settings))
    first, second = assembly.make(), assembly.make()
    assert first == second
    assert set(assembly.commits) >= {"users", "sign_ins", "user_pages", "sessions", "refreshes", "recalls"}
    assembly.close()
