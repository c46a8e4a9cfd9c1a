"""Programs over HTTP: an account, a secret that is shown once, and tokens after RFC 6749, section 4.4."""

import json

import httpx
import jwt
import pytest
from tests.end_to_end.patients import assert_problem, fresh_email
from tests.end_to_end.program import until_true
from tests.end_to_end.users import PASSWORD, added, program_account, token_answer

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


def bearer(answer: httpx.Response) -> dict[str, str]:
    """Return the header of the token in an answer."""
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def assert_refused(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """Check that it is a problem and the RFC's error at once, and return it."""
    problem = assert_problem(answer, status)
    assert problem["error"] == code
    return problem


def test_a_program_gets_a_token_and_works_with_it(client: httpx.Client, stranger: httpx.Client) -> None:
    """The answer is the RFC's, nobody may store it, and the token gives what the roles give."""
    credentials = program_account(client, roles=["analyst"])
    answer = token_answer(stranger, credentials)
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["scope"]) == ("Bearer", "analytics:read")
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["exp"] - claims["iat"]) == (credentials[0], body["expires_in"])
    assert stranger.get("/api/analytics/summary", headers=bearer(answer)).status_code == 200
    assert_problem(stranger.get("/api/patients", headers=bearer(answer)), 403)
    assert stranger.get(f"/api/users/{credentials[0]}", headers=bearer(answer)).json()["kind"] == "service"


def test_the_secret_can_be_in_the_form(client: httpx.Client, stranger: httpx.Client) -> None:
    """Where a program cannot do HTTP Basic."""
    client_id, secret = program_account(client)
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    assert bearer(stranger.post("/auth/token", data=form))


def test_whatever_is_wrong_the_answer_is_the_same(client: httpx.Client, stranger: httpx.Client) -> None:
    """Unknown program, wrong secret, a person with their password: word for word, header for header."""
    client_id, secret = program_account(client)
    person = added(client)
    wrong = [(client_id, "wrong"), (NOBODY, secret), ("x", "y"), (person["id"], PASSWORD), (person["email"], PASSWORD)]
    seen = set()
    for credentials in wrong:
        answer = token_answer(stranger, credentials)
        problem = assert_refused(answer, 401, "invalid_client")
        problem.pop("requestId")
        headers = {
            n: v for n, v in answer.headers.items() if n not in {"x-request-id", "traceparent", "date", "ratelimit"}
        }
        seen.add(json.dumps([problem, headers], sort_keys=True))
        assert answer.headers.get_list("www-authenticate") == ['Basic realm="careplane", charset="UTF-8"']
    assert len(seen) == 1


@pytest.mark.parametrize(("form", "status", "code"), [
    ({}, 400, "invalid_request"),
    ({"grant_type": "password", "username": "a", "password": "b"}, 400, "unsupported_grant_type"),
    ({"grant_type": "refresh_token", "refresh_token": "a"}, 400, "unsupported_grant_type"),
    ({"grant_type": "client_credentials", "scope": "users:write", "client_id": "a", "client_secret": "b"}, 400,
     "invalid_scope"),
    ({"grant_type": "client_credentials"}, 401, "invalid_client"),
])  # fmt: skip
def test_what_is_no_request_for_a_token_is_refused(
    stranger: httpx.Client, form: dict[str, str], status: int, code: str
) -> None:
    """In the RFC's codes, as a problem."""
    assert_refused(stranger.post("/auth/token", data=form), status, code)


def test_only_a_form_is_taken(stranger: httpx.Client, client: httpx.Client) -> None:
    """And a form nowhere else."""
    answer = stranger.post("/auth/token", json={"grant_type": "client_credentials"})
    assert_problem(answer, 415)
    assert answer.headers["accept"] == "application/x-www-form-urlencoded"
    assert_problem(client.post("/api/users", data={"email": "a"}), 415)


def test_another_secret_voids_the_first_and_its_tokens(client: httpx.Client, stranger: httpx.Client) -> None:
    """At once for the secret, within the time that gateways follow in for tokens."""
    client_id, secret = program_account(client)
    token = bearer(token_answer(stranger, (client_id, secret)))
    answer = client.post(f"/api/service-accounts/{client_id}/secret")
    assert answer.status_code == 200
    assert answer.json()["clientId"] == client_id
    assert_refused(token_answer(stranger, (client_id, secret)), 401, "invalid_client")
    assert bearer(token_answer(stranger, (client_id, answer.json()["clientSecret"])))
    until_true(lambda: stranger.get("/auth/validate", headers=token).status_code == 401, seconds=5.0)


def test_the_secret_is_shown_once(client: httpx.Client) -> None:
    """The same call sent again is answered with the account alone, and the secret is nowhere else."""
    key, body = {"Idempotency-Key": fresh_email()}, {"name": "Lab interface", "roles": ["analyst"]}
    first, again = (client.post("/api/service-accounts", json=body, headers=key) for _ in range(2))
    made = first.json()
    assert first.headers["location"] == f"/api/users/{made['clientId']}"
    assert (again.status_code, again.json()) == (201, {"clientId": made["clientId"], "clientSecret": None})
    shown = client.get(first.headers["location"])
    assert shown.json()["name"] == "Lab interface"
    assert made["clientSecret"][4:] not in shown.text


def test_a_disabled_program_gets_no_token(client: httpx.Client, stranger: httpx.Client) -> None:
    """Like a person; and like one it is enabled again."""
    credentials = program_account(client)
    path = f"/api/users/{credentials[0]}"
    assert client.patch(path, json={"disabled": True}).status_code == 200
    assert_refused(token_answer(stranger, credentials), 401, "invalid_client")
    assert client.patch(path, json={"disabled": False}).status_code == 200
    assert bearer(token_answer(stranger, credentials))


def test_a_program_has_no_password_and_a_person_no_secret(client: httpx.Client, stranger: httpx.Client) -> None:
    """409 says what there is instead; nobody signs in as a program by e-mail."""
    client_id, secret = program_account(client)
    assert_problem(client.post(f"/api/users/{client_id}/password", json={"newPassword": PASSWORD}), 409)
    assert_problem(client.post(f"/api/service-accounts/{added(client)['id']}/secret"), 409)
    assert_problem(client.post(f"/api/service-accounts/{NOBODY}/secret"), 404)
    assert_problem(stranger.post("/auth/login", json={"email": client_id, "password": secret}), 401)


@pytest.mark.parametrize(("changes", "field"), [
    ({"name": ""}, "name"), ({"name": None}, "name"), ({"roles": ["surgeon"]}, "roles"), ({"roles": []}, "roles"),
    ({"clientId": NOBODY}, "clientId"), ({"clientSecret": "cps_mine"}, "clientSecret"), ({"epoch": 1}, "epoch"),
])  # fmt: skip
def test_a_faulty_account_is_refused(client: httpx.Client, changes: dict[str, object], field: str) -> None:
    """Neither the id nor the secret can be chosen."""
    body = {"name": "Lab", "roles": ["analyst"], **changes}
    assert_problem(client.post("/api/service-accounts", json=body), 400, field)
