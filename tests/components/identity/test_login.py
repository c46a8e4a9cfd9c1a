"""Signing in: the right password gives a token, and whatever is wrong gives one and the same answer for one price."""

import asyncio
from typing import Any

import pytest
from msgspec import UNSET

from careplane.components.identity.api import ROLES, Login
from careplane.components.identity.passwords.hashing import Argon2
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.context import Context, using
from careplane.kernel.errors import Unauthenticated

PASSWORD = "vier zufällige Wörter hier"


async def refused(world: Any, email: str, password: str) -> str:
    """Sign in, which must be refused, and return everything about the answer that a caller can see."""
    with pytest.raises(Unauthenticated) as caught:
        await world.identity.login(Login(email=email, password=password))
    error = caught.value
    return f"{type(error).__name__} {error.code} {error.detail} {error.fields} {error.retry_after} {error.meta}"


async def test_the_right_password_gives_a_token_with_the_users_roles(world: Any) -> None:
    """The token verifies, and names the user, the roles and their scopes."""
    user = await world.add(roles=("clinician", "billing"))
    session = await world.identity.login(Login(email="ada@example.org", password=PASSWORD))
    assert (session.token_type, session.expires_in) == ("Bearer", 900)
    principal = world.verifier.verify(session.token)
    assert (principal.id, principal.roles) == (str(user.id), ("clinician", "billing"))
    assert principal.scopes == ROLES["clinician"] | ROLES["billing"]


async def test_the_email_is_taken_in_any_case_and_composition(world: Any) -> None:
    """Two ways of writing one address sign the same user in."""
    user = await world.add("Zoë.Ångström@Example.org")
    for email in ("zoë.ångström@example.ORG", "ZOE\u0308.A\u030angstro\u0308m@example.org"):
        assert (await world.login(email)).id == str(user.id)


async def test_a_password_is_the_same_however_it_is_composed(world: Any) -> None:
    """Composed and decomposed letters, plain and no-break spaces come to the same."""
    user = await world.add()
    assert (await world.login(password="vier\u00a0zufa\u0308llige Wo\u0308rter hier")).id == str(user.id)


WRONG = [
    ("ada@example.org", "wrong password"),
    ("ada@example.org", PASSWORD.upper()),
    ("ada@example.org", ""),
    ("ada@example.org", "x" * 5000),
    ("ada@example.org", "nul\x00inside it"),
    ("ada@example.org", "\ud800 alone"),
    ("nobody@example.org", PASSWORD),
    ("nobody@example.org", ""),
    ("", PASSWORD),
    ("' OR 1=1 --", PASSWORD),
    ("nul\x00@example.org", PASSWORD),
    ("\ud800@example.org", PASSWORD),
    ("a" * 100_000 + "@example.org", PASSWORD),
]


async def test_whatever_is_wrong_the_answer_and_its_price_are_the_same(world: Any) -> None:
    """Unknown user, wrong password and impossible input: the very same answer, one check, one audit row each."""
    await world.add()
    answers = set()
    for number, (email, password) in enumerate(WRONG, start=1):
        answers.add(await refused(world, email, password))
        assert len(world.hasher.verified) == number
    assert len(answers) == 1
    assert len([row for row in await world.audit() if row[1] == "identity/login"]) == len(WRONG)


async def test_a_device_is_known_by_the_secret_it_was_given(world: Any) -> None:
    """The first sign-in gives one, the next with it none; unknown and foreign ones are as none, in every answer."""
    await world.add()
    await world.add("bob@example.org")

    async def given(email: str, device: str | None, address: str) -> Any:
        return (await world.identity.login(Login(email, PASSWORD, address, None, device))).device

    first = await given("ada@example.org", None, "192.0.2.1")
    bobs = await given("bob@example.org", None, "192.0.2.1")
    assert await given("ada@example.org", first, "192.0.2.2") is UNSET
    assert len({first, bobs, *[await given("ada@example.org", d, "192.0.2.1") for d in (bobs, "nonsense", "")]}) == 5
    assert first not in repr(Login("ada@example.org", PASSWORD, None, None, first))
    answers = set()
    for device in (None, first, bobs, "nonsense"):
        for email in ("ada@example.org", "nobody@example.org"):
            with pytest.raises(Unauthenticated) as caught:
                await world.identity.login(Login(email, "wrong password", None, None, device))
            answers.add(f"{caught.value.detail} {caught.value.meta}")
    assert len(answers) == 1


async def test_an_unknown_user_costs_a_check_of_the_same_parameters(world: Any) -> None:
    """The hash that stands in for an unknown user's is made as a user's would be."""
    await world.add()
    await refused(world, "ada@example.org", "wrong password")
    await refused(world, "nobody@example.org", "wrong password")
    real, stand_in = (hashed.rsplit("$", 2)[0] for hashed in world.hasher.verified)
    assert real == stand_in


async def test_a_disabled_user_is_refused_like_an_unknown_one(world: Any) -> None:
    """The right password does not help, and the answer does not tell."""
    await world.add()
    wrong = await refused(world, "ada@example.org", "wrong password")
    await world.database.execute("UPDATE users SET disabled = true")
    assert await refused(world, "ada@example.org", PASSWORD) == wrong
    assert len(world.hasher.verified) == 2


async def test_sign_ins_are_audited(world: Any) -> None:
    """A success is the user's own, with the token's id; a failure is anonymous, about the user where one is known."""
    user = await world.add()
    await world.login()
    await refused(world, "ada@example.org", "wrong password")
    await refused(world, "nobody@example.org", "wrong password")
    success, *failures = (await world.audit())[1:]
    assert success[:3] == (str(user.id), "identity/login", user.id)
    assert '"outcome": "signed in"' in str(success[3])
    assert [row[:3] for row in failures] == [
        ("anonymous", "identity/login", user.id),
        ("anonymous", "identity/login", None),
    ]


async def test_tokens_are_never_kept_nor_given_twice(world: Any) -> None:
    """A sign-in under an idempotency key leaves no record of the token, and repeated it makes another one."""
    await world.add()
    with using(Context(idempotency_key="the same")):
        first = await world.identity.login(Login(email="ada@example.org", password=PASSWORD))
        second = await world.identity.login(Login(email="ada@example.org", password=PASSWORD))
    assert first.token != second.token
    assert await world.database.fetch("SELECT FROM idempotency") == []


async def test_a_hash_of_older_parameters_is_made_anew(world: Any, settings: IdentitySettings) -> None:
    """A successful sign-in, and only that, brings the user's hash up to date."""
    await world.add()
    (old,) = await world.database.fetch("SELECT password_hash FROM users")
    newer = IdentitySettings(argon2_time_cost=2, argon2_memory_kib=16, argon2_parallelism=1, production=False)
    world.hasher.argon2 = Argon2(newer)
    await refused(world, "ada@example.org", "wrong password")
    assert await world.database.fetch("SELECT password_hash FROM users") == [old]
    await world.login()
    (new,) = await world.database.fetch("SELECT password_hash, version FROM users")
    assert "m=16,t=2,p=1" in new["password_hash"]
    assert new["version"] == 1
    assert (await world.login()).roles == ("admin",)


async def test_many_sign_in_at_once(world: Any) -> None:
    """Ten users at the same time get their own tokens, and an audit row each."""
    users = [await world.add(f"user{n}@example.org") for n in range(10)]
    principals = await asyncio.gather(*(world.login(f"user{n}@example.org") for n in range(10)))
    assert [p.id for p in principals] == [str(user.id) for user in users]
    rows = [row for row in await world.audit() if row[1] == "identity/login"]
    assert {row[0] for row in rows} == {str(user.id) for user in users}
