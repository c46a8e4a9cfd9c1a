"""Programs: an account each, a secret that is shown once and kept nowhere, and tokens for it."""

import hashlib
import logging
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from careplane.components.identity.api import (
    AccessToken,
    AddClient,
    ChangeUser,
    ClientCredentials,
    GetUser,
    IssueToken,
    Login,
    RenewClientSecret,
    SetPassword,
)
from careplane.kernel.context import Context, using
from careplane.kernel.errors import (
    FailedPrecondition,
    IdempotencyMismatch,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)
from careplane.kernel.principal import Principal

ADMIN = Principal(id="00000000-0000-7000-8000-000000000001", scopes=frozenset({"users:read", "users:write"}))


async def add(world: Any, key: str | None = None, **changes: Any) -> ClientCredentials:
    """Add a program's account, as an administrator."""
    request = AddClient(**{"user_id": uuid7(), "name": "Lab interface", "roles": ("analyst",), **changes})
    with using(Context(principal=ADMIN, idempotency_key=key)):
        made: ClientCredentials = await world.identity.add_client(request)
        return made


async def token(world: Any, made: ClientCredentials, secret: str | None = None) -> AccessToken:
    """Sign a program in."""
    request = IssueToken(client_id=str(made.client_id), client_secret=secret or made.client_secret or "")
    answer: AccessToken = await world.identity.client_token(request)
    return answer


async def refused(world: Any, client_id: str, secret: str) -> str:
    """Sign in, which must be refused, and return everything about the answer that a caller can see."""
    with pytest.raises(Unauthenticated) as caught:
        await world.identity.client_token(IssueToken(client_id=client_id, client_secret=secret))
    error = caught.value
    return f"{type(error).__name__} {error.code} {error.detail} {error.fields} {error.retry_after} {error.meta}"


async def test_a_program_gets_a_token_for_its_secret(world: Any) -> None:
    """The token names the program, its roles, their scopes, and a session that can be called back."""
    made = await add(world)
    answer = await token(world, made)
    assert (answer.token_type, answer.expires_in, answer.scope) == ("Bearer", 900, "analytics:read")
    principal = world.verifier.verify(answer.access_token)
    assert (principal.id, principal.roles) == (str(made.client_id), ("analyst",))
    (session,) = await world.database.fetch("SELECT id, user_id FROM sessions")
    assert (principal.session, made.client_id) == (str(session["id"]), session["user_id"])
    assert world.verifier.verify((await token(world, made)).access_token).session != principal.session


async def test_there_is_nothing_to_refresh(world: Any) -> None:
    """A program has its secret for that (RFC 6749, section 4.4.3)."""
    await token(world, await add(world))
    assert await world.database.fetch("SELECT FROM refresh_tokens") == []


async def test_a_secret_is_long_random_and_recognisable(world: Any) -> None:
    """256 bits, another one each time; of it only the SHA-256 is kept."""
    made = [await add(world) for _ in range(20)]
    secrets = {one.client_secret for one in made}
    assert len(secrets) == 20
    assert all(secret and secret.startswith("cps_") and len(secret) == 4 + 43 for secret in secrets)
    kept = await world.database.fetch("SELECT id, secret_digest FROM users")
    digests = {one.client_id: hashlib.sha256((one.client_secret or "").encode()).digest() for one in made}
    assert {row["id"]: row["secret_digest"] for row in kept} == digests


async def test_a_secret_leaves_no_trace(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    """In no table, no log line and no repr: neither the secret nor the token."""
    caplog.set_level(logging.DEBUG)
    made = await add(world, "k1")
    with using(Context(principal=ADMIN, idempotency_key="k2")):
        renewed = await world.identity.renew_client_secret(RenewClientSecret(user_id=made.client_id))
    with using(Context(idempotency_key="k3")):
        answer = await token(world, renewed)
    said: list[Any] = [made, renewed, answer, IssueToken(client_id="x", client_secret=renewed.client_secret or "")]
    for table in ("users", "audit", "outbox", "idempotency", "sessions"):
        said += [tuple(row) for row in await world.database.fetch(f"SELECT * FROM {table}")]
    shown = " ".join(f"{one!r} {one}" for one in said) + caplog.text
    for canary in (made.client_secret, renewed.client_secret, answer.access_token):
        assert canary
        assert canary not in shown


async def test_a_repeat_makes_no_second_account_and_shows_no_secret(world: Any) -> None:
    """The account is the one that was made; who has lost the first answer asks for another secret."""
    made = await add(world, "k")
    again = await add(world, "k")
    assert again == ClientCredentials(client_id=made.client_id, client_secret=None)
    with pytest.raises(IdempotencyMismatch):
        await add(world, "k", name="Another")
    assert len(await world.database.fetch("SELECT FROM users")) == 1
    assert (await token(world, made)).expires_in == 900


async def test_another_secret_voids_the_one_before(world: Any) -> None:
    """At once, with the tokens that it got; a repeat changes nothing and shows nothing."""
    made = await add(world)
    await token(world, made)
    with using(Context(principal=ADMIN, idempotency_key="k")):
        renewed = await world.identity.renew_client_secret(RenewClientSecret(user_id=made.client_id))
        again = await world.identity.renew_client_secret(RenewClientSecret(user_id=made.client_id))
    assert again == ClientCredentials(client_id=made.client_id, client_secret=None)
    await refused(world, str(made.client_id), made.client_secret or "")
    assert (await token(world, renewed)).expires_in == 900
    (row,) = await world.database.fetch("SELECT kind, subject, epoch FROM revocations")
    assert tuple(row) == ("user", made.client_id, 1)
    assert (await world.audit())[2][1:] == (
        "identity/renew_client_secret", made.client_id, '{"changed": ["secret"], "version": 2}',
    )  # fmt: skip


async def test_whatever_is_wrong_the_answer_is_the_same(world: Any) -> None:
    """Unknown, wrong, disabled, a person, impossible: one answer, and one audit row each."""
    made, disabled = await add(world), await add(world)
    person = await world.add("ada@example.org", password="vier zufällige Wörter hier")
    with using(Context(principal=ADMIN)):
        await world.identity.change_user(ChangeUser(user_id=disabled.client_id, disabled=True))
    right = made.client_secret or ""
    before = len(await world.audit())
    wrong = [
        (str(made.client_id), right + "x"),
        (str(made.client_id), right[:-1]),
        (str(made.client_id), ""),
        (str(made.client_id), "\ud800"),
        (str(disabled.client_id), disabled.client_secret or ""),
        (str(disabled.client_id), right),
        (str(person.id), "vier zufällige Wörter hier"),
        (str(uuid7()), right),
        ("", right),
        ("nul\x00", right),
        ("x" * 100_000, right),
    ]
    answers = {await refused(world, client_id, secret) for client_id, secret in wrong}
    assert len(answers) == 1
    rows = (await world.audit())[before:]
    assert len(rows) == len(wrong)
    assert {(row[0], row[1], row[3]) for row in rows} == {
        ("anonymous", "identity/client_token", '{"outcome": "refused"}')
    }


async def test_a_sign_in_is_audited(world: Any) -> None:
    """As the program's own, with the session and the token's number, which are no secrets."""
    made = await add(world, roles=("analyst", "auditor"))
    await token(world, made)
    added, signed_in = await world.audit()
    assert added == (ADMIN.id, "identity/add_client", made.client_id, '{"roles": ["analyst", "auditor"]}')
    assert signed_in[:3] == (str(made.client_id), "identity/client_token", made.client_id)
    assert '"outcome": "signed in"' in str(signed_in[3])


async def test_a_program_is_listed_with_its_name(world: Any) -> None:
    """It has no address."""
    made = await add(world, name="Łab 2")
    with using(Context(principal=ADMIN)):
        view = await world.identity.get_user(GetUser(user_id=made.client_id))
    assert (view.kind, view.name, view.email, view.roles) == ("service", "Łab 2", None, ("analyst",))


async def test_a_program_has_no_password_and_a_person_no_secret(world: Any) -> None:
    """Each is told what it has instead; a program cannot sign in as people do."""
    made, person = await add(world), await world.add()
    with using(Context(principal=ADMIN)):
        with pytest.raises(FailedPrecondition, match="secret"):
            await world.identity.set_password(SetPassword(user_id=made.client_id, new_password="vier andere Wörter"))
        with pytest.raises(FailedPrecondition, match="password"):
            await world.identity.renew_client_secret(RenewClientSecret(user_id=person.id))
        with pytest.raises(InvalidArgument):
            await world.identity.change_user(ChangeUser(user_id=made.client_id, email="lab@example.org"))
        with pytest.raises(NotFound):
            await world.identity.renew_client_secret(RenewClientSecret(user_id=uuid7()))
    for name in (str(made.client_id), "Lab interface", ""):
        with pytest.raises(Unauthenticated):
            await world.identity.login(Login(email=name, password=made.client_secret or ""))


async def test_a_program_does_not_count_as_somebody_who_can_repair(world: Any) -> None:
    """Nobody signs in with it to repair anything; it can be disabled however much it may do."""
    admin, made = await world.add(), await add(world, roles=("admin",))
    with using(Context(principal=ADMIN)):
        with pytest.raises(FailedPrecondition):
            await world.identity.change_user(ChangeUser(user_id=admin.id, disabled=True))
        assert (await world.identity.change_user(ChangeUser(user_id=made.client_id, disabled=True))).disabled


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": ""}),
        ("name", {"name": " x"}),
        ("name", {"name": "x" * 101}),
        ("name", {"name": "two\nlines"}),
        ("name", {"name": "nul\x00"}),
        ("name", {"name": "\ud800"}),
        ("roles", {"roles": ()}),
        ("roles", {"roles": ("emperor",)}),
        ("roles", {"roles": ("admin", "admin")}),
    ],
)
async def test_a_faulty_account_is_refused(world: Any, field: str, change: dict[str, Any]) -> None:
    """By the field at fault; nothing is made."""
    with pytest.raises(InvalidArgument) as caught:
        await add(world, **change)
    assert [fault.field for fault in caught.value.fields] == [field]
    assert await world.database.fetch("SELECT FROM users") == []


async def test_only_who_may_makes_accounts(world: Any) -> None:
    """A program cannot give itself another secret, nor can a reader of users."""
    made = await add(world)
    for scopes in (frozenset[str](), frozenset({"users:read"})):
        with using(Context(principal=Principal(id=str(made.client_id), scopes=scopes))):
            with pytest.raises(PermissionDenied):
                await world.identity.add_client(AddClient(user_id=uuid7(), name="x", roles=("admin",)))
            with pytest.raises(PermissionDenied):
                await world.identity.renew_client_secret(RenewClientSecret(user_id=UUID(str(made.client_id))))
