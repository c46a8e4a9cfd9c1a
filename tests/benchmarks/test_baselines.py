"""The systems that Careplane is measured against: they do what is said of them."""

import asyncio
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import islice
from pathlib import Path

import httpx
import pytest
from benchmarks.load.patients import body_of, client
from benchmarks.population import people
from benchmarks.systems.against import against
from benchmarks.systems.common import common
from benchmarks.systems.noop import noop
from benchmarks.systems.per_request import submit_alone
from benchmarks.systems.raw import written
from benchmarks.systems.running import Running

from careplane.kernel.errors import Aborted, PlatformError
from careplane.storage.group_commit import GroupCommit
from careplane.storage.migrations import migrate

_ONE = body_of(next(people()), "0")


@pytest.fixture(scope="module")
def common_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the common stack for the tests of this file."""
    with common(tmp_path_factory.mktemp("common")) as running:
        yield running


def changed(asking: httpx.Client, patient: str, version: str) -> httpx.Response:
    """Change the address of a patient whose version is the one of this ETag."""
    return asking.patch(
        f"/api/patients/{patient}", json={"address": f"moved after {version}"}, headers={"If-Match": version}
    )


def test_noop_answers_as_the_gateway_does(tmp_path: Path) -> None:
    """A stranger is refused, a registration validated, a patient shown with an ETag, and a change answered."""
    with noop(tmp_path) as system, client(system) as asking:
        assert httpx.get(f"{system.url}/api/patients").status_code == HTTPStatus.UNAUTHORIZED
        assert asking.post("/api/patients", json={**_ONE, "name": ""}).status_code == HTTPStatus.BAD_REQUEST
        assert asking.post("/api/patients", json=_ONE).json()["name"] == _ONE["name"]
        page = asking.get("/api/patients", params={"limit": 3}).json()
        following = asking.get("/api/patients", params={"limit": 3, "cursor": page["nextCursor"]}).json()
        assert len({one["id"] for one in (*page["patients"], *following["patients"])}) == 6
        patient = page["patients"][0]
        shown = asking.get(f"/api/patients/{patient['id']}")
        assert (shown.json(), shown.headers["etag"]) == (patient, '"v1"')
        assert changed(asking, patient["id"], '"v1"').json()["version"] == 2
        assert changed(asking, patient["id"], '"v2"').status_code == HTTPStatus.PRECONDITION_FAILED
        assert asking.get("/api/patients", params={"name": "Ada"}).status_code == HTTPStatus.CONFLICT
        assert asking.get(f"/api/patients/{patient['id'][:-4]}ffff").status_code == HTTPStatus.NOT_FOUND


def test_common_writes_four_rows_or_none(common_stack: Running) -> None:
    """Patient, account, event and audit row are there after a registration, and nothing after one that is refused."""
    with client(common_stack) as asking:
        made = asking.post("/api/patients", json={**_ONE, "email": "four@example.org"})
        assert made.status_code == HTTPStatus.CREATED
        again = asking.post("/api/patients", json={**_ONE, "email": "four@example.org"})
        assert again.status_code == HTTPStatus.CONFLICT
        whose = made.json()["id"]
    assert common_stack.sql("SELECT status FROM accounts WHERE patient_id = $1", whose)[0][0] == "ACTIVE"
    assert [row[0] for row in common_stack.sql("SELECT type FROM outbox WHERE subject = $1", whose)] == [
        "patient.registered"
    ]
    assert [row[0] for row in common_stack.sql("SELECT action FROM audit WHERE subject = $1", whose)] == ["register"]
    assert len(common_stack.sql("SELECT FROM accounts")) == len(common_stack.sql("SELECT FROM patients"))


def test_common_notes_who_reads(common_stack: Running) -> None:
    """A read and a search each have their audit row."""
    with client(common_stack) as asking:
        whose = asking.post("/api/patients", json={**_ONE, "email": "read@example.org"}).json()["id"]
        assert asking.get(f"/api/patients/{whose}").headers["etag"] == '"v1"'
        assert [one["id"] for one in asking.get("/api/patients?email=read@example.org").json()["patients"]] == [whose]
    noted = common_stack.sql("SELECT action FROM audit WHERE subject = $1 OR detail->'patients' ? $2", whose, whose)
    assert sorted(row[0] for row in noted) == ["read", "register", "search"]


def test_common_changes_the_version_that_was_seen(common_stack: Running) -> None:
    """Whoever comes with an old one is told so."""
    with client(common_stack) as asking:
        whose = asking.post("/api/patients", json={**_ONE, "email": "etag@example.org"}).json()["id"]
        assert changed(asking, whose, '"v1"').headers["etag"] == '"v2"'
        assert changed(asking, whose, '"v1"').status_code == HTTPStatus.PRECONDITION_FAILED


@pytest.mark.parametrize("token", ["none", "e30.e30.", "a.b.c"])
def test_common_lets_no_stranger_in(common_stack: Running, token: str) -> None:
    """Nor anybody with a token that is not good."""
    answer = httpx.get(f"{common_stack.url}/api/patients", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == HTTPStatus.UNAUTHORIZED


async def test_per_request_flushes_each_piece_alone() -> None:
    """Each has a flush of its own, side by side, and the error that is its answer is raised."""
    flushed: list[Sequence[int]] = []

    async def flush(work: Sequence[int]) -> Sequence[int | PlatformError]:
        flushed.append(work)
        await asyncio.sleep(0)
        return [Aborted() if one < 0 else one * 2 for one in work]

    commit: GroupCommit[int, int] = GroupCommit(flush)
    found = await asyncio.gather(*(submit_alone(commit, n) for n in (1, 2, -1)), return_exceptions=True)
    assert flushed == [[1], [2], [-1]]
    assert found[:2] == [2, 4]
    assert isinstance(found[2], Aborted)


def test_raw_writes_all_rows_of_a_registration(database_url: str) -> None:
    """As many patients, intents, events and audit rows as were asked for, where the batches do not come out even."""
    asyncio.run(migrate(database_url, ["patient"]))
    system = Running("raw", "", "", database=database_url)
    assert written(system, patients=50, batch=16, seed=1) > 0
    assert written(system, patients=50, batch=64, seed=1) > 0
    for table in ("patients", "billing_intents", "outbox", "audit"):
        assert system.sql(f"SELECT count(*) FROM patient.{table}")[0][0] == 100


@pytest.mark.parametrize(
    "url", ["http://example.org", "https://127.0.0.1:1", "http://10.0.0.1:80", "http://127.0.0.1/x"]
)
def test_only_this_machine_is_loaded(url: str) -> None:
    """Nobody else's server is, whatever is asked for."""
    with pytest.raises(SystemExit, match="on this machine"):
        against(url, "token")


def test_people_of_one_seed_have_addresses_of_their_own() -> None:
    """The mark tells apart what else is the same."""
    assert len({body_of(one, f"{one.number}")["email"] for one in islice(people(), 50)}) == 50
