"""The second factor over HTTP: set up, asked for at sign-in, stood in for by a recovery code, and removed."""

import base64
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from tests.end_to_end.patients import assert_problem
from tests.end_to_end.program import Program, run_careplane, until_true

PASSWORD = "purple otters climb ladders"


class Person:
    """Somebody with a browser and an authenticator application."""

    def __init__(self, program: Program, email: str) -> None:
        """Be added, and sign in."""
        said = run_careplane(
            "users", "add", email, "--role", "analyst", "--data", str(program.data), stdin=f"{PASSWORD}\n"
        )
        assert said.returncode == 0, said.stderr
        self.email = email
        self.url = program.url
        self.client = httpx.Client(base_url=program.url, timeout=30.0)
        self.sign_in()
        self.user_id = self.client.get("/auth/validate").json()["userId"]
        self.path = f"/api/users/{self.user_id}/second-factor"
        self.key = ""
        self.used = 0

    def log_in(self, code: str | None = None) -> httpx.Response:
        """Try to sign in."""
        body = {"email": self.email, "password": PASSWORD, **({} if code is None else {"code": code})}
        return self.client.post("/auth/login", json=body)

    def sign_in(self, code: str | None = None) -> None:
        """Sign in, and go on as who that makes one."""
        answer = self.log_in(code)
        assert answer.status_code == 200, answer.text
        self.client.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def code(self) -> str:
        """Return a code that was not used yet: that of now, or the one after, which is good already."""
        self.used = max(int(time.time()) // 30, self.used + 1)
        return TOTP(base64.b32decode(self.key), 6, SHA1(), 30).generate(self.used * 30).decode()  # noqa: S303

    def set_up(self) -> list[str]:
        """Enrol, confirm and sign in anew, for confirming ends all sessions; return the recovery codes but that one."""
        answer = self.client.post(self.path, json={"password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.key = answer.json()["key"]
        answer = self.client.post(f"{self.path}/confirm", json={"code": self.code()})
        assert answer.status_code == 200, answer.text
        codes: list[str] = answer.json()["codes"]
        self.sign_in(codes.pop())
        return codes

    def remove(self, **body: Any) -> httpx.Response:
        """Do away with it."""
        return self.client.request("DELETE", self.path, json=body)


@pytest.fixture
def person(program: Program) -> Iterator[Person]:
    """Give somebody without a second factor, another one for each test."""
    made = Person(program, f"{uuid4().hex}@example.org")
    yield made
    made.client.close()


def test_it_is_set_up_asked_for_and_removed(person: Person) -> None:
    """The way of a user through it, from the first click to the last."""
    codes = person.set_up()
    assert len(set(codes)) == 9
    answer = person.log_in()
    problem = assert_problem(answer, 401)
    assert problem["type"] == "urn:careplane:problem:second-factor-required"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert assert_problem(person.log_in("000000"), 401)["type"] == "urn:careplane:problem:unauthenticated"
    assert person.log_in(codes[0]).status_code == 200
    assert_problem(person.log_in(codes[0]), 401)
    assert person.log_in(person.code()).status_code == 200
    assert_problem(person.remove(password=PASSWORD), 400, "code")
    assert_problem(person.remove(code=codes[1]), 400, "password")
    assert person.remove(password=PASSWORD, code=codes[1]).status_code == 204
    person.sign_in()
    assert_problem(person.remove(password=PASSWORD), 404)


def test_confirming_and_removing_ends_the_sessions_before(person: Person) -> None:
    """Within five seconds nothing is left of them, on whatever device."""
    before = person.client.headers["Authorization"]
    codes = person.set_up()
    until_true(lambda: httpx.get(f"{person.url}/auth/validate", headers={"Authorization": before}).status_code == 401)
    assert person.client.get("/auth/validate").status_code == 200
    assert person.remove(password=PASSWORD, code=codes[0]).status_code == 204
    until_true(lambda: person.client.get("/auth/validate").status_code == 401)
    person.sign_in()
    assert person.client.get("/auth/validate").status_code == 200


def test_what_is_secret_is_nowhere_else(person: Person, program: Program) -> None:
    """Neither logs nor tables hold the key or a recovery code, and nobody may store the answers."""
    answer = person.client.post(person.path, json={"password": PASSWORD})
    assert answer.headers["cache-control"] == "no-store"
    codes = person.set_up()
    person.log_in(codes[0])
    names = [row["tablename"] for row in program.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'identity'")]
    assert "second_factors" in names
    rows = [str(row["t"]) for name in names for row in program.sql(f"SELECT t::text FROM identity.{name} t")]
    kept = "\n".join([*rows, program.said()])
    for word in (
        person.key,
        base64.b32decode(person.key).hex(),
        *codes,
        *(c.replace("-", "") for c in codes),
        PASSWORD,
    ):
        assert word not in kept


def test_it_is_its_owners_only(person: Person, client: httpx.Client) -> None:
    """An administrator cannot set one up for somebody, but can remove a lost one; nobody else can do either."""
    path = person.path
    assert_problem(client.post(path, json={"password": PASSWORD}), 403)
    assert_problem(client.post(f"{path}/confirm", json={"code": "123456"}), 403)
    person.set_up()
    other = f"/api/users/{client.get('/auth/validate').json()['userId']}/second-factor"
    assert_problem(person.client.request("DELETE", other, json={}), 403)
    assert_problem(person.client.post(other, json={"password": PASSWORD}), 403)
    assert client.request("DELETE", path, json={}).status_code == 204
    assert person.log_in().status_code == 200


def test_a_body_is_what_it_must_be(person: Person) -> None:
    """What is missing, of another type or not known is named."""
    bodies: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        ({}, ("password",)),
        ({"password": 1}, ("password",)),
        ({"password": PASSWORD, "secret": "mine"}, ("secret",)),
    ]
    for body, fields in bodies:
        assert_problem(person.client.post(person.path, json=body), 400, *fields)


def test_a_short_password_stands_beside_a_second_factor_only(person: Person) -> None:
    """Eight characters will do with one; it is not removed until there is a longer password again."""
    codes = person.set_up()
    answer = person.client.post(
        f"/api/users/{person.user_id}/password", json={"newPassword": "kurz-8chars", "currentPassword": PASSWORD}
    )
    assert answer.status_code == 204, answer.text
    body = {"email": person.email, "password": "kurz-8chars", "code": codes[0]}
    token = person.client.post("/auth/login", json=body).json()["token"]
    person.client.headers["Authorization"] = f"Bearer {token}"
    problem = assert_problem(person.remove(password="kurz-8chars", code=codes[1]), 409)
    assert "15 characters" in problem["detail"]
