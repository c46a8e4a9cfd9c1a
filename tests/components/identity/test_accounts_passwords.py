"""Passwords of accounts: one's own with the present one, another's as an administrator, and what they leave behind."""

import asyncio
from typing import Any

import pytest
from tests.components.identity.test_accounts import ANOTHER, PASSWORD, as_admin, as_oneself, epoch

from careplane.components.identity.api import Login, SetPassword, UserView
from careplane.components.identity.passwords.hashing import Passwords
from careplane.kernel.context import Context, using
from careplane.kernel.errors import InvalidArgument, Overloaded, ResourceExhausted, Unauthenticated
from careplane.kernel.principal import Principal


@pytest.fixture
async def ada(world: Any) -> UserView:
    """Give a clinician."""
    user: UserView = await world.add(roles=("clinician",))
    return user


async def test_one_sets_ones_own_password_with_the_present_one(world: Any, ada: UserView) -> None:
    """From then on the new one counts, sessions are over, and it is audited without a word of either."""
    await world.login()
    with as_oneself(ada):
        await world.identity.set_password(
            SetPassword(user_id=ada.id, new_password=ANOTHER, current_password=PASSWORD, address="203.0.113.7")
        )
    assert await epoch(world, ada) == 1
    assert (await world.audit())[-1] == (
        str(ada.id), "identity/set_password", ada.id, '{"changed": ["password"], "version": 2}',
    )  # fmt: skip
    assert (await world.login(password=ANOTHER)).id == str(ada.id)
    with pytest.raises(Unauthenticated):
        await world.login()


@pytest.mark.parametrize("current", [None, "", ANOTHER, "\x00", "x" * 5000])
async def test_one_must_know_ones_own(world: Any, ada: UserView, current: str | None) -> None:
    """An administrator's scope does not help: a stolen token is not enough to take the account over."""
    for scopes in (frozenset[str](), frozenset({"users:write"})):
        with (
            using(Context(principal=Principal(id=str(ada.id), scopes=scopes))),
            pytest.raises(InvalidArgument) as caught,
        ):
            await world.identity.set_password(
                SetPassword(user_id=ada.id, new_password=ANOTHER, current_password=current)
            )
        assert [fault.field for fault in caught.value.fields] == ["currentPassword"]
    assert (await world.login()).id == str(ada.id)
    refused = [row for row in await world.audit() if row[3] == '{"outcome": "refused"}']
    assert len(refused) == (0 if current is None else 2)


async def test_guessing_ones_own_is_slowed_as_signing_in_is(world: Any, ada: UserView) -> None:
    """With a stolen token one guesses no faster than without."""
    wrong = SetPassword(user_id=ada.id, new_password=ANOTHER, current_password="wrong", address="203.0.113.7")
    answers: set[type[BaseException]] = set()
    with as_oneself(ada):
        while ResourceExhausted not in answers:
            assert answers <= {InvalidArgument}
            found = await asyncio.gather(world.identity.set_password(wrong), return_exceptions=True)
            answers |= {type(one) for one in found}
    with pytest.raises(ResourceExhausted):
        await world.identity.login(Login(email="ada@example.org", password="wrong", address="203.0.113.7"))


async def test_an_administrator_sets_anothers(world: Any, ada: UserView) -> None:
    """Without the present one."""
    with as_admin():
        await world.identity.set_password(SetPassword(user_id=ada.id, new_password=ANOTHER))
    assert (await world.login(password=ANOTHER)).id == str(ada.id)


@pytest.mark.parametrize("password", ["too short", "password1234567", "ada@example.org", "x" * 129])
async def test_a_bad_password_is_refused(world: Any, ada: UserView, password: str) -> None:
    """By the field, without repeating it; the old one stays."""
    with as_admin(), pytest.raises(InvalidArgument) as caught:
        await world.identity.set_password(SetPassword(user_id=ada.id, new_password=password))
    (fault,) = caught.value.fields
    assert fault.field == "newPassword"
    assert password not in fault.message
    assert (await world.login()).id == str(ada.id)


async def test_a_second_factor_allows_a_shorter_one(world: Any, ada: UserView) -> None:
    """Only once it is confirmed, and it is noted that the password cannot stand alone."""
    request = SetPassword(user_id=ada.id, new_password="krummer Hund")
    insert = "INSERT INTO second_factors (user_id, secret, active, created_at) VALUES ($1, '', $2, now())"
    await world.database.execute(insert, ada.id, False)
    with as_admin():
        with pytest.raises(InvalidArgument):
            await world.identity.set_password(request)
        await world.database.execute("UPDATE second_factors SET active = true")
        await world.identity.set_password(request)
        assert await world.database.fetch("SELECT FROM users WHERE short_password") != []
        await world.identity.set_password(SetPassword(user_id=ada.id, new_password=ANOTHER))
    assert await world.database.fetch("SELECT FROM users WHERE short_password") == []


async def test_what_is_not_checked_is_no_guess(world: Any, ada: UserView, monkeypatch: pytest.MonkeyPatch) -> None:
    """While too much is to be hashed, trying again costs no try."""

    async def overloaded(*_: Any, **__: Any) -> bool:
        raise Overloaded

    request = SetPassword(user_id=ada.id, new_password=ANOTHER, current_password=PASSWORD, address="203.0.113.7")
    with as_oneself(ada):
        with monkeypatch.context() as busy:
            busy.setattr(Passwords, "matches", overloaded)
            for _ in range(100):
                with pytest.raises(Overloaded):
                    await world.identity.set_password(request)
        await world.identity.set_password(request)
    assert (await world.login(password=ANOTHER)).id == str(ada.id)


async def test_a_used_key_does_not_keep_a_password_from_being_set(world: Any, ada: UserView) -> None:
    """The last one that was answered with success is the one that counts; set again, it stays."""
    third = "and quite another one"
    for password in (ANOTHER, third, third):
        with as_admin("k"):
            await world.identity.set_password(SetPassword(user_id=ada.id, new_password=password))
    assert (await world.login(password=third)).id == str(ada.id)
    with pytest.raises(Unauthenticated):
        await world.login(password=ANOTHER)
    assert await world.database.fetch("SELECT FROM idempotency WHERE method = 'identity/set_password'") == []


async def test_passwords_leave_no_trace(world: Any, ada: UserView) -> None:
    """Not in what is remembered of a call, and not in how one shows itself; where from counts for no digest."""
    with as_admin("k"):
        await world.identity.set_password(SetPassword(user_id=ada.id, new_password=ANOTHER))
    assert SetPassword.secret == {"new_password", "current_password", "address"}
    kept = "".join(str(tuple(row)) for row in await world.database.fetch("SELECT * FROM idempotency, audit"))
    assert ANOTHER not in kept
    assert ANOTHER not in repr(SetPassword(user_id=ada.id, new_password=ANOTHER, current_password=ANOTHER))
