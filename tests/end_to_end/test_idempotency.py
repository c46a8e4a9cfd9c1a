"""Requests sent again under an Idempotency-Key: they happen once, and are answered as the first time."""

import asyncio
import uuid
from typing import Any

import httpx
from tests.end_to_end.patients import assert_problem, etag_of, fresh_word, registered, somebody


def key() -> dict[str, str]:
    """Return a header with a key that was never used."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def same(one: httpx.Response, other: httpx.Response) -> bool:
    """Tell whether two answers say the same."""
    names = ("location", "etag", "content-type")
    return (
        one.status_code == other.status_code
        and one.json() == other.json()
        and all(one.headers.get(name) == other.headers.get(name) for name in names)
    )


def found_by(client: httpx.Client, name: str) -> list[dict[str, Any]]:
    """Return the patients of that name."""
    found: list[dict[str, Any]] = client.get("/api/patients", params={"name": name}).json()["patients"]
    return found


def test_a_registration_sent_again_is_the_same_registration(client: httpx.Client) -> None:
    """Same key and body: the same answer, to the header, and one patient."""
    headers, sent = key(), somebody(name=fresh_word())
    first = client.post("/api/patients", json=sent, headers=headers)
    assert first.status_code == 201
    # The order of the fields and the spaces between them are not the request.
    shuffled = httpx.Request("POST", client.base_url, json=dict(reversed(sent.items()))).content
    again = client.post("/api/patients", json=sent, headers=headers)
    reordered = client.post("/api/patients", content=shuffled, headers={**headers, "Content-Type": "application/json"})
    assert same(first, again)
    assert same(first, reordered)
    assert len(found_by(client, sent["name"])) == 1


def test_the_first_answer_stays_the_answer(client: httpx.Client) -> None:
    """Even after the patient has changed, and been archived, the repeat gets what the first one got."""
    headers, sent = key(), somebody()
    first = client.post("/api/patients", json=sent, headers=headers)
    client.patch(first.headers["location"], json={"name": "Somebody Else"})
    client.delete(first.headers["location"])
    assert same(first, client.post("/api/patients", json=sent, headers=headers))


def test_a_key_is_for_one_request(client: httpx.Client) -> None:
    """The same key with another body, or for another call, is 422, and nothing happens."""
    headers, sent = key(), somebody()
    first = client.post("/api/patients", json=sent, headers=headers)
    name = fresh_word()
    assert_problem(client.post("/api/patients", json=somebody(name=name), headers=headers), 422)
    assert_problem(client.patch(first.headers["location"], json={"name": name}, headers=headers), 422)
    assert_problem(client.delete(first.headers["location"], headers=headers), 422)
    assert found_by(client, name) == []
    assert client.get(first.headers["location"]).json() == first.json()


def test_changes_honour_keys_too(client: httpx.Client) -> None:
    """A change sent again makes no second version, though the record has moved on."""
    patient = registered(client)
    path = f"/api/patients/{patient['id']}"
    headers = {**key(), "If-Match": '"v1"'}
    first = client.patch(path, json={"phone": "5550101"}, headers=headers)
    assert etag_of(first) == '"v2"'
    client.patch(path, json={"phone": "5550102"})
    assert same(first, client.patch(path, json={"phone": "5550101"}, headers=headers))
    assert client.get(path).json()["phone"] == "5550102"
    gone = key()
    assert client.delete(path, headers=gone).status_code == 204
    assert client.delete(path, headers=gone).status_code == 204
    back = key()
    assert same(client.post(f"{path}/restore", headers=back), client.post(f"{path}/restore", headers=back))
    assert len(client.get(f"{path}/history").json()["versions"]) == 5


def test_a_refused_request_does_not_use_its_key_up(client: httpx.Client) -> None:
    """Who corrects a mistake may keep the key: nothing happened under it."""
    headers = key()
    assert_problem(client.post("/api/patients", json=somebody(email="wrong"), headers=headers), 400, "email")
    assert client.post("/api/patients", json=somebody(), headers=headers).status_code == 201


async def test_many_at_once_under_one_key_make_one_patient(client: httpx.Client) -> None:
    """Sent side by side, each gets the one answer, or 409 for as long as the first is being worked on."""
    for _ in range(5):
        headers, sent = key(), somebody(name=fresh_word())
        async with httpx.AsyncClient(base_url=client.base_url, headers=client.headers, timeout=30.0) as crowd:
            answers = await asyncio.gather(
                *(crowd.post("/api/patients", json=sent, headers=headers) for _ in range(12))
            )
            made = [answer for answer in answers if answer.status_code == 201]
            running = [answer for answer in answers if answer.status_code != 201]
            assert made
            assert all(same(made[0], answer) for answer in made)
            for answer in running:
                assert_problem(answer, 409)
                assert answer.headers["retry-after"] == "1"
            assert same(made[0], await crowd.post("/api/patients", json=sent, headers=headers))
        assert len(found_by(client, sent["name"])) == 1


async def test_the_same_email_at_once_makes_one_patient(client: httpx.Client) -> None:
    """Without keys, registrations of one address race: one wins, the others are told of the conflict."""
    sent = somebody(name=fresh_word())
    async with httpx.AsyncClient(base_url=client.base_url, headers=client.headers, timeout=30.0) as crowd:
        answers = await asyncio.gather(*(crowd.post("/api/patients", json=sent) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 11]
    for answer in answers:
        if answer.status_code == 409:
            assert_problem(answer, 409, "email")


async def test_changes_at_once_lose_nothing(client: httpx.Client) -> None:
    """Of many changes on top of one version one goes through; without If-Match all do, one after the other."""
    patient = registered(client)
    path = f"/api/patients/{patient['id']}"
    async with httpx.AsyncClient(base_url=client.base_url, headers=client.headers, timeout=30.0) as crowd:
        patches = [{"phone": f"55501{number}"} for number in range(10, 22)]
        only = {"If-Match": '"v1"'}
        answers = await asyncio.gather(*(crowd.patch(path, json=patch, headers=only) for patch in patches))
        assert sorted(answer.status_code for answer in answers) == [200, *[412] * 11]
        free = await asyncio.gather(*(crowd.patch(path, json={"name": f"N {patch['phone']}"}) for patch in patches))
    assert [answer.status_code for answer in free] == [200] * 12
    assert sorted(answer.json()["version"] for answer in free) == list(range(3, 15))
