"""Users over HTTP: added, listed, read, changed, given passwords and kept out, each by whom it is due to."""

import base64
from typing import Any

import httpx
import pytest
from tests.end_to_end.patients import UUID_PATTERN, assert_problem, etag_of, fresh_email, registered
from tests.end_to_end.program import Program, until_true
from tests.end_to_end.users import ANOTHER, PASSWORD, added, new_user

PATCH = {"Content-Type": "application/merge-patch+json"}
NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


def as_user(program: Program, email: str, password: str = PASSWORD) -> httpx.Client:
    """Return a client that this user has signed in with."""
    return httpx.Client(base_url=program.url, headers=program.sign_in(email, password), timeout=30.0)


def signs_in(stranger: httpx.Client, email: str, password: str = PASSWORD) -> bool:
    """Tell whether somebody can sign in."""
    answer = stranger.post("/auth/login", json={"email": email, "password": password})
    assert answer.status_code in {200, 401}, answer.text
    return answer.status_code == 200


def test_a_user_is_added_and_signs_in(client: httpx.Client, stranger: httpx.Client) -> None:
    """201 with where it is and its version; the password is in no answer."""
    body = new_user(roles=["clinician", "auditor"])
    answer = client.post("/api/users", json=body)
    assert answer.status_code == 201
    user = answer.json()
    assert UUID_PATTERN.fullmatch(user["id"])
    assert answer.headers["location"] == f"/api/users/{user['id']}"
    assert {**user, "id": "", "createdAt": ""} == {
        "id": "", "email": body["email"], "roles": ["clinician", "auditor"], "disabled": False, "version": 1,
        "createdAt": "", "kind": "person", "name": None,
    }  # fmt: skip
    read = client.get(answer.headers["location"])
    assert read.json() == user
    assert etag_of(read) == etag_of(answer) == '"v1"'
    assert signs_in(stranger, body["email"].upper())


def test_adding_twice_under_a_key_adds_once(client: httpx.Client) -> None:
    """The same answer; without the key the address is taken."""
    body, key = new_user(), {"Idempotency-Key": fresh_email()}
    first, again = (client.post("/api/users", json=body, headers=key) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert_problem(client.post("/api/users", json=body), 409, "email")


@pytest.mark.parametrize("sent", ["id", "version", "createdAt", "kind", "name", "disabled"])
def test_what_the_platform_sets_cannot_be_sent(client: httpx.Client, sent: str) -> None:
    """Adding: it is refused by name, not passed over."""
    problem = assert_problem(client.post("/api/users", json=new_user(**{sent: NOBODY})), 400, sent)
    assert "platform" in problem["errors"][0]["message"]


@pytest.mark.parametrize(
    "sent", ["epoch", "passwordHash", "password_hash", "secretDigest", "userId", "scopes", "isAdmin"]
)
def test_what_is_no_field_cannot_be_sent(client: httpx.Client, sent: str) -> None:
    """Neither when adding nor when changing."""
    assert_problem(client.post("/api/users", json=new_user(**{sent: 1})), 400, sent)
    path = f"/api/users/{added(client)['id']}"
    assert_problem(client.patch(path, json={"roles": ["admin"], sent: 1}, headers=PATCH), 400, sent)
    assert client.get(path).json()["roles"] == ["clinician"]


@pytest.mark.parametrize("sent", ["id", "version", "createdAt", "kind", "name"])
def test_what_the_platform_sets_cannot_be_changed(client: httpx.Client, sent: str) -> None:
    """The record stays as it was."""
    user = added(client)
    path = f"/api/users/{user['id']}"
    assert_problem(client.patch(path, json={sent: user[sent]}, headers=PATCH), 400, sent)
    assert client.get(path).json() == user


FAULTY: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"email": "nowhere"}, ("email",)),
    ({"password": "password1234567"}, ("password",)),
    ({"password": "fourteen chars"}, ("password",)),
    ({"roles": []}, ("roles",)),
    ({"roles": ["surgeon"]}, ("roles",)),
    ({"roles": "admin"}, ("roles",)),
    ({"roles": ["admin", None]}, ("roles[1]",)),
    ({"email": None, "roles": None}, ("email", "roles")),
    ({"email": "x", "password": "y", "roles": ["z"]}, ("email", "password", "roles")),
]


@pytest.mark.parametrize(("changes", "fields"), FAULTY)
def test_a_faulty_user_is_refused(client: httpx.Client, changes: dict[str, Any], fields: tuple[str, ...]) -> None:
    """With every field at fault, and no value of one."""
    problem = assert_problem(client.post("/api/users", json=new_user(**changes)), 400, *fields)
    assert "fourteen" not in str(problem)


def test_users_are_listed_page_by_page(client: httpx.Client) -> None:
    """Everybody once, those added later further on."""
    mine = [added(client)["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = client.get("/api/users", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["users"]) <= 3
        seen += [user["id"] for user in page["users"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in mine] == mine


def test_only_cursors_that_were_given_are_taken(client: httpx.Client) -> None:
    """Not a changed one, not one made by hand, not one of another list."""
    for _ in range(2):
        added(client)
        registered(client)
    cursor = client.get("/api/users", params={"limit": 1}).json()["nextCursor"]
    sealed = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    sealed[-1] ^= 1
    changed = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
    by_hand = base64.urlsafe_b64encode(NOBODY.encode()).rstrip(b"=").decode()
    others = client.get("/api/patients", params={"limit": 1}).json()["nextCursor"]
    for forged in (changed, by_hand, others, NOBODY, cursor[:-2], "", "ü"):
        assert_problem(client.get("/api/users", params={"cursor": forged}), 400, "cursor")
    assert_problem(client.get("/api/patients", params={"cursor": cursor}), 400, "cursor")
    assert NOBODY[:8] not in cursor
    assert client.get("/api/users", params={"cursor": cursor}).status_code == 200


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x"])
def test_a_page_has_bounds(client: httpx.Client, limit: str) -> None:
    """A page of none, or of thousands, is not given."""
    assert_problem(client.get("/api/users", params={"limit": limit}), 400, "limit")


def test_a_version_that_one_has_is_not_sent_again(client: httpx.Client) -> None:
    """304, and of somebody else's id 404."""
    path = f"/api/users/{added(client)['id']}"
    assert client.get(path, headers={"If-None-Match": '"v1"'}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"v2"'}).status_code == 200
    assert_problem(client.get(f"/api/users/{NOBODY}"), 404)
    assert_problem(client.get("/api/users/ada"), 400, "userId")


def test_a_change_is_on_a_version(client: httpx.Client) -> None:
    """412 for a version that is not the newest; without If-Match it is whatever is there."""
    path = f"/api/users/{added(client)['id']}"
    changed = client.patch(path, json={"roles": ["billing"]}, headers={**PATCH, "If-Match": '"v1"'})
    assert (changed.status_code, etag_of(changed), changed.json()["roles"]) == (200, '"v2"', ["billing"])
    assert_problem(client.patch(path, json={"disabled": True}, headers={**PATCH, "If-Match": '"v1"'}), 412)
    assert client.patch(path, json={"disabled": True}).json()["version"] == 3
    assert client.patch(path, json={}, headers=PATCH).json()["version"] == 3
    assert_problem(client.patch(f"/api/users/{NOBODY}", json={"disabled": True}, headers=PATCH), 404)


@pytest.mark.parametrize("field", ["roles", "disabled", "email"])
def test_nothing_can_be_taken_away_from_a_user(client: httpx.Client, field: str) -> None:
    """RFC 7396 takes away by null: a user has all of these."""
    path = f"/api/users/{added(client)['id']}"
    assert_problem(client.patch(path, json={field: None}, headers=PATCH), 400, field)


def test_a_disabled_user_is_out_everywhere(program: Program, client: httpx.Client, stranger: httpx.Client) -> None:
    """The token ends within the time that gateways follow in, and the password does not help."""
    user = added(client)
    with as_user(program, user["email"]) as theirs:
        assert theirs.get("/api/patients").status_code == 200
        assert client.patch(f"/api/users/{user['id']}", json={"disabled": True}, headers=PATCH).status_code == 200
        until_true(lambda: theirs.get("/api/patients").status_code == 401, seconds=5.0)
    assert not signs_in(stranger, user["email"])
    client.patch(f"/api/users/{user['id']}", json={"disabled": False}, headers=PATCH)
    assert signs_in(stranger, user["email"])


def test_other_roles_count_from_the_next_sign_in(program: Program, client: httpx.Client) -> None:
    """What was got with the old ones ends."""
    user = added(client)
    with as_user(program, user["email"]) as theirs:
        client.patch(f"/api/users/{user['id']}", json={"roles": ["analyst"]}, headers=PATCH)
        until_true(lambda: theirs.get("/api/patients").status_code == 401, seconds=5.0)
    with as_user(program, user["email"]) as theirs:
        assert_problem(theirs.get("/api/patients"), 403)
        assert theirs.get("/api/analytics/summary").status_code == 200


def test_one_may_read_oneself_and_no_more(program: Program, client: httpx.Client) -> None:
    """Others, the list, and every change are for who has the scope."""
    user, other = added(client), added(client)
    with as_user(program, user["email"]) as theirs:
        assert theirs.get(f"/api/users/{user['id']}").json() == user
        assert_problem(theirs.get(f"/api/users/{other['id']}"), 403)
        assert_problem(theirs.get("/api/users"), 403)
        assert_problem(theirs.post("/api/users", json=new_user(roles=["admin"])), 403)
        assert_problem(theirs.patch(f"/api/users/{user['id']}", json={"roles": ["admin"]}, headers=PATCH), 403)
        assert_problem(theirs.patch(f"/api/users/{other['id']}", json={"disabled": True}, headers=PATCH), 403)
        assert_problem(theirs.post(f"/api/users/{other['id']}/password", json={"newPassword": ANOTHER}), 403)


def test_one_changes_ones_own_password(program: Program, client: httpx.Client, stranger: httpx.Client) -> None:
    """With the present one; then that is over, and so is the token."""
    user = added(client)
    path = f"/api/users/{user['id']}/password"
    with as_user(program, user["email"]) as theirs:
        assert_problem(theirs.post(path, json={"newPassword": ANOTHER}), 400, "currentPassword")
        wrong = {"newPassword": ANOTHER, "currentPassword": "not this one at all"}
        assert_problem(theirs.post(path, json=wrong), 400, "currentPassword")
        weak = {"newPassword": "too short", "currentPassword": PASSWORD}
        assert_problem(theirs.post(path, json=weak), 400, "newPassword")
        assert_problem(theirs.post(path, json={"newPassword": ANOTHER, "userId": NOBODY}), 400, "userId")
        answer = theirs.post(path, json={"newPassword": ANOTHER, "currentPassword": PASSWORD})
        assert (answer.status_code, answer.content) == (204, b"")
        until_true(lambda: theirs.get("/auth/validate").status_code == 401, seconds=5.0)
    assert signs_in(stranger, user["email"], ANOTHER)
    assert not signs_in(stranger, user["email"])


def test_an_administrator_sets_anothers_password_but_proves_their_own(
    program: Program, client: httpx.Client, stranger: httpx.Client
) -> None:
    """The scope is for others."""
    user, admin = added(client), added(client, roles=["admin"])
    with as_user(program, admin["email"]) as theirs:
        assert theirs.post(f"/api/users/{user['id']}/password", json={"newPassword": ANOTHER}).status_code == 204
        own = theirs.post(f"/api/users/{admin['id']}/password", json={"newPassword": ANOTHER})
        assert_problem(own, 400, "currentPassword")
        assert_problem(theirs.post(f"/api/users/{NOBODY}/password", json={"newPassword": ANOTHER}), 404)
    assert signs_in(stranger, user["email"], ANOTHER)
    client.patch(f"/api/users/{admin['id']}", json={"disabled": True}, headers=PATCH)


def test_somebody_is_always_left_who_can_repair(client: httpx.Client) -> None:
    """The last administrator is neither disabled nor demoted: 409, and the record stays."""
    me = client.get("/auth/validate").json()["userId"]
    for changes in ({"disabled": True}, {"roles": ["clinician"]}):
        problem = assert_problem(client.patch(f"/api/users/{me}", json=changes, headers=PATCH), 409)
        assert "last enabled user" in problem["detail"]
    assert client.get(f"/api/users/{me}").json()["version"] == 1
