"""The second factor: set up by its owner, removed by them or an administrator, and kept so that nobody reads it."""

import base64
from typing import Any

import msgspec
import pytest
from tests.components.identity.holder import EMAIL, KEY, PASSWORD, STEP, Holder
from uuid_utils.compat import uuid7

from careplane.components.identity.api import (
    AddClient,
    EnrolSecondFactor,
    Login,
    SecondFactorRequired,
)
from careplane.components.identity.second_factor.vault import Vault
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.context import Context, using
from careplane.kernel.errors import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
)
from careplane.kernel.principal import Principal

ADMIN = Principal(id=str(uuid7()), scopes=frozenset({"users:read", "users:write"}))


@pytest.fixture
def settings(settings: IdentitySettings) -> IdentitySettings:
    """Give settings with a key for secrets."""
    return msgspec.structs.replace(settings, secrets_key=KEY)


async def test_it_is_asked_for_once_it_is_confirmed(newcomer: Holder) -> None:
    """Enrolment alone changes nothing; a confirmed factor is asked for, and its code signs in."""
    secret = await newcomer.enrol()
    assert secret.uri.startswith("otpauth://totp/Careplane:ada%40example.org?")
    assert f"secret={secret.key}" in secret.uri
    assert len(newcomer.key) == 20
    await newcomer.login()
    await newcomer.confirm()
    with pytest.raises(SecondFactorRequired, match="second factor"):
        await newcomer.login()
    newcomer.world.clock.at += STEP
    assert await newcomer.login(newcomer.code())


async def dump(world: Any) -> str:
    """Return all that the component's tables hold, as text."""
    tables = await world.database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'identity'")
    rows = [await world.database.fetch(f"SELECT t::text AS row FROM {t['tablename']} t") for t in tables]
    return "\n".join(row["row"] for table in rows for row in table)


async def test_nothing_secret_is_kept_in_the_clear(newcomer: Holder) -> None:
    """No table holds secret, code, recovery code or password, not even of calls under an idempotency key."""
    me = newcomer.me
    newcomer.me = msgspec.structs.replace(me, idempotency_key="one")
    secret = await newcomer.enrol()
    newcomer.me = msgspec.structs.replace(me, idempotency_key="two")
    first = newcomer.code()
    answer = await newcomer.confirm(first)
    newcomer.world.clock.at += STEP
    await newcomer.login(newcomer.code())
    with using(Context(idempotency_key="three")):
        await newcomer.login(newcomer.codes[0])
    newcomer.me = msgspec.structs.replace(me, idempotency_key="four")
    text = await dump(newcomer.world)
    await newcomer.remove(PASSWORD, newcomer.codes[1])
    text += await dump(newcomer.world)
    assert "second factor accepted" in text
    words = [secret.key, PASSWORD, *answer.codes, *(code.replace("-", "") for code in answer.codes)]
    for word in (*words, newcomer.key.hex(), *(w.encode().hex() for w in words), f'"{first}"'):
        assert word not in text
    for shown in (secret, answer, EnrolSecondFactor(newcomer.user.id, PASSWORD), Login(EMAIL, PASSWORD, None, first)):
        assert not any(word in repr(shown) for word in (*words, first, EMAIL))


async def test_a_secret_is_bound_to_its_user(holder: Holder) -> None:
    """A row copied to another user, or under another key, opens nothing."""
    database, bob = holder.world.database, Holder(holder.world, await holder.world.add("bob@example.org"))
    await bob.enrol()
    await bob.confirm()
    await database.execute(
        "UPDATE second_factors SET secret = (SELECT secret FROM second_factors WHERE user_id = $1)", holder.user.id
    )
    with pytest.raises(FailedPrecondition, match=r"identity\.secrets_key is not"):
        await bob.login(holder.code(), email="bob@example.org")
    with pytest.raises(FailedPrecondition):
        Vault(base64.b64encode(bytes(32)).decode()).open(holder.user.id, Vault(KEY).seal(holder.user.id, b"secret"))


async def audited(world: Any, method: str) -> list[str]:
    """Return the outcomes noted of a method."""
    rows = [detail for _, action, _, detail in await world.audit() if action == f"identity/{method}"]
    return [msgspec.json.decode(detail)["outcome"] for detail in rows]


async def test_everything_is_audited(holder: Holder) -> None:
    """Beginning, confirming, being asked, codes taken and refused, removing."""
    world = holder.world
    with pytest.raises(SecondFactorRequired):
        await holder.login()
    with pytest.raises(Unauthenticated):
        await holder.login(holder.wrong())
    await holder.login(holder.code())
    await holder.remove(PASSWORD, holder.codes[0])
    assert await audited(world, "enrol_second_factor") == ["begun"]
    assert await audited(world, "confirm_second_factor") == ["active"]
    assert await audited(world, "login") == [
        "asked for the second factor",
        "refused",
        "second factor accepted",
        "signed in",
    ]
    assert await audited(world, "remove_second_factor") == ["code accepted", "removed"]


async def test_a_wrong_confirmation_is_audited(newcomer: Holder) -> None:
    """Who tries codes leaves a row for each that was checked."""
    await newcomer.enrol()
    for _ in range(2):
        with pytest.raises(InvalidArgument):
            await newcomer.confirm(newcomer.wrong())
    await newcomer.confirm()
    assert await audited(newcomer.world, "confirm_second_factor") == ["refused", "refused", "active"]
    caller, _, subject, _ = next(r for r in await newcomer.world.audit() if r[1] == "identity/confirm_second_factor")
    assert (caller, subject) == (str(newcomer.user.id), newcomer.user.id)


async def test_it_is_set_up_by_its_owner_only(newcomer: Holder) -> None:
    """Neither another user nor an administrator can set a factor up for somebody."""
    for principal in (Principal(id=str(uuid7())), ADMIN):
        newcomer.me = Context(principal=principal)
        with pytest.raises(PermissionDenied):
            await newcomer.enrol()
        with pytest.raises(PermissionDenied):
            await newcomer.confirm("123456")


async def test_enrolment_needs_the_password(newcomer: Holder) -> None:
    """A token alone is not enough; wrong passwords are audited, and slowed like sign-ins."""
    for _ in range(20):
        with pytest.raises(InvalidArgument) as caught:
            await newcomer.enrol("wrong password")
        assert [f.field for f in caught.value.fields] == ["password"]
    with pytest.raises(ResourceExhausted):
        await newcomer.enrol()
    assert await audited(newcomer.world, "enrol_second_factor") == ["refused"] * 20
    assert await newcomer.world.database.fetch("SELECT FROM second_factors") == []


async def test_enrolment_can_begin_anew_until_it_is_confirmed(newcomer: Holder) -> None:
    """The first secret is void then; a confirmed factor must be removed first."""
    await newcomer.enrol()
    first = newcomer.code()
    await newcomer.enrol()
    with pytest.raises(InvalidArgument):
        await newcomer.confirm(first if first != newcomer.code() else newcomer.wrong())
    await newcomer.confirm()
    for call in (newcomer.enrol(), newcomer.confirm()):
        with pytest.raises(FailedPrecondition, match="Remove it first"):
            await call


async def test_there_must_be_something_to_confirm(newcomer: Holder) -> None:
    """Confirming comes after enrolling."""
    with pytest.raises(FailedPrecondition, match="Begin with"):
        await newcomer.confirm("123456")


async def test_a_confirmation_is_not_to_be_guessed(newcomer: Holder) -> None:
    """Five wrong codes in a row, then it is slowed."""
    await newcomer.enrol()
    for _ in range(5):
        with pytest.raises(InvalidArgument):
            await newcomer.confirm(newcomer.wrong())
    with pytest.raises(ResourceExhausted):
        await newcomer.confirm()


async def test_a_program_has_no_second_factor(world: Any) -> None:
    """Its secret is not to be guessed."""
    with using(Context(principal=ADMIN)):
        client = await world.identity.add_client(AddClient(user_id=uuid7(), name="lab", roles=("analyst",)))
    with using(Context(principal=Principal(id=str(client.client_id)))), pytest.raises(FailedPrecondition):
        await world.identity.enrol_second_factor(EnrolSecondFactor(client.client_id, PASSWORD))


async def test_it_is_removed_with_password_and_code(holder: Holder) -> None:
    """Neither is enough alone; afterwards nothing of it is left and nobody asks for it."""
    refusals: list[tuple[str | None, str | None, str]] = [
        (None, holder.code(), "password"),
        (PASSWORD, None, "code"),
        ("wrong password", holder.code(), "password"),
        (PASSWORD, holder.wrong(), "code"),
    ]
    for password, code, field in refusals:
        with pytest.raises(InvalidArgument) as caught:
            await holder.remove(password, code)
        assert [f.field for f in caught.value.fields] == [field]
    await holder.remove(PASSWORD, holder.code())
    for table in ("second_factors", "recovery_codes"):
        assert await holder.world.database.fetch(f"SELECT FROM {table}") == []
    assert await holder.login()
    with pytest.raises(NotFound, match="no second factor"):
        await holder.remove(PASSWORD, holder.code())


async def test_what_was_never_confirmed_is_removed_with_the_password(newcomer: Holder) -> None:
    """There is no code to show yet."""
    await newcomer.enrol()
    await newcomer.remove(PASSWORD)
    assert await newcomer.world.database.fetch("SELECT FROM second_factors") == []


async def test_an_administrator_removes_a_lost_one(holder: Holder) -> None:
    """Without password or code, audited as the administrator; not their own in that way, and nobody else may."""
    with pytest.raises(PermissionDenied):
        await holder.remove(by=Context(principal=Principal(id=str(uuid7()), scopes=frozenset({"users:read"}))))
    myself = Context(principal=Principal(id=str(holder.user.id), scopes=ADMIN.scopes))
    with pytest.raises(InvalidArgument):
        await holder.remove(None, None, by=myself)
    await holder.remove(None, None, by=Context(principal=ADMIN))
    caller, action, subject, _ = (await holder.world.audit())[-1]
    assert (caller, action, subject) == (ADMIN.id, "identity/remove_second_factor", holder.user.id)
    assert await holder.login()


async def test_a_removal_is_remembered_under_its_key(holder: Holder) -> None:
    """Asked twice with one idempotency key it happened once, and both hear so."""
    by = Context(principal=ADMIN, idempotency_key="once")
    await holder.remove(None, None, by=by)
    await holder.remove(None, None, by=by)


async def test_a_password_that_is_too_short_alone_keeps_the_factor(holder: Holder) -> None:
    """Whoever removes it is told to set a longer one first."""
    await holder.world.database.execute("UPDATE users SET short_password = true")
    for by in (Context(principal=ADMIN), holder.me):
        with pytest.raises(FailedPrecondition, match="Set one of 15 characters or more first"):
            await holder.remove(PASSWORD, holder.codes.pop(), by=by)
    assert len(await holder.world.database.fetch("SELECT FROM second_factors WHERE active")) == 1


class TestWithoutAKey:
    """A platform that was given no key for secrets."""

    @pytest.fixture
    def settings(self, settings: IdentitySettings) -> IdentitySettings:
        """Give settings without the key."""
        return msgspec.structs.replace(settings, secrets_key="")

    async def test_nobody_can_enrol(self, newcomer: Holder) -> None:
        """The answer names the setting."""
        with pytest.raises(FailedPrecondition, match=r"identity\.secrets_key is missing"):
            await newcomer.enrol()

    async def test_who_has_one_already_signs_in_with_a_recovery_code(self, newcomer: Holder) -> None:
        """A code cannot be checked, which is said; nobody gets in without."""
        world, user_id = newcomer.world, newcomer.user.id
        await world.database.execute(
            "INSERT INTO second_factors (user_id, secret, active, created_at) VALUES ($1, $2, true, now())",
            user_id,
            Vault(KEY).seal(user_id, b"12345678901234567890"),
        )
        with pytest.raises(SecondFactorRequired):
            await newcomer.login()
        with pytest.raises(FailedPrecondition, match=r"identity\.secrets_key is missing"):
            await newcomer.login("123456")
        with pytest.raises(Unauthenticated):
            await newcomer.login("ABCD-ABCD")
