"""Overload: what is too much is refused at once, what was let in is answered, and afterwards all is as before."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from tests.gateway.conftest import World
from tests.gateway.stand_ins import Counts

from careplane.components.analytics.api import GetSummary, Summary
from careplane.gateway import shedding
from careplane.gateway.exchange import Exchange
from careplane.gateway.settings import EdgeSettings
from careplane.gateway.shedding import LOOK_EVERY_S, SLOW_BODY_S, Room

SUMMARY = "/api/analytics/summary"
LOGIN = {"email": "a@b.org", "password": "right"}


@dataclass
class Hands:
    """A clock that stands still until somebody moves its hands."""

    at: float = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.at


@dataclass
class Busy:
    """A gateway with few places, and analytics that answers nobody until it is let."""

    world: World
    free: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    wanted: int = 0
    full: asyncio.Event = field(default_factory=asyncio.Event)

    async def summary(self, request: GetSummary, /) -> Summary:
        """Wait."""
        self.asked += 1
        if self.asked == self.wanted:
            self.full.set()
        await asyncio.wait_for(self.free.wait(), 10)
        return await Counts().summary(request)

    async def fill(self, count: int) -> list[asyncio.Task[httpx.Response]]:
        """Send so many requests, and return when all of them are in work."""
        client = self.world.client()
        self.wanted = self.asked + count
        self.full.clear()
        tasks = [asyncio.create_task(client.get(SUMMARY)) for _ in range(count)]
        await asyncio.wait_for(self.full.wait(), 10)
        return tasks


@pytest.fixture
async def busy(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Busy]:
    """Return a gateway with nine places."""
    world.settings = EdgeSettings(cursor_secret=b"s" * 32, in_flight=9)
    made = Busy(world)
    monkeypatch.setattr(world.counts, "summary", made.summary)
    yield made
    made.free.set()


def number(world: World, name: str) -> float | None:
    """Return what a metric says."""
    return world.metrics.registry.get_sample_value(name)


async def test_one_too_many_is_refused_at_once(busy: Busy) -> None:
    """503 with Retry-After, as any other problem, whatever was asked for and by whom; those who are in are answered."""
    tasks = await busy.fill(9)
    for token, path in (("admin", SUMMARY), ("guess", "/api/patients"), (None, "/nope")):
        answer = await busy.world.client(token).get(path, headers={"X-Request-Id": "call-7"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:careplane:problem:overloaded"
        assert answer.json()["requestId"] == answer.headers["x-request-id"] == "call-7"
        assert answer.headers["cache-control"] == "no-store"
        assert int(answer.headers["content-length"]) == len(answer.content)
    assert busy.asked == 9
    busy.free.set()
    assert {(await task).status_code for task in tasks} == {200}
    assert (await busy.world.client().get(SUMMARY)).status_code == 200
    assert number(busy.world, "careplane_http_shed_total") == 3
    assert number(busy.world, "careplane_http_in_flight") == 0
    labels = {"route": shedding.SHED, "method": "(any)", "status": "503"}
    assert busy.world.metrics.registry.get_sample_value("careplane_http_requests_total", labels) == 3


async def test_its_problem_is_the_one_that_the_mailbox_would_have_sent(busy: Busy) -> None:
    """The prebuilt answer has the same members, and an id of its own where the caller sent none that is good."""
    await busy.fill(9)
    client = busy.world.client()
    answers = [await client.get(SUMMARY, headers={"X-Request-Id": odd}) for odd in ('"', "x" * 65, "")]
    ids = [answer.json()["requestId"] for answer in answers]
    assert len(set(ids)) == 3
    assert all(len(one) == 36 for one in ids)
    assert set(answers[0].json()) == {"type", "title", "status", "detail", "requestId"}
    assert answers[0].json()["status"] == 503


async def test_health_and_sign_in_are_answered_all_the_same(busy: Busy) -> None:
    """Nobody restarts a gateway because it has much to do, and who is not signed in yet can be."""
    await busy.fill(9)
    stranger = busy.world.client(token=None)
    for _ in range(5):
        assert (await stranger.get("/health/live")).status_code == 200
        assert (await stranger.get("/health/ready")).status_code == 200
        assert (await stranger.post("/auth/login", json=LOGIN)).status_code == 200
        assert (await busy.world.client().get(SUMMARY)).status_code == 503


async def test_to_head_nothing_but_the_headers_are_sent(busy: Busy) -> None:
    """As with every other answer."""
    await busy.fill(9)
    answer = await busy.world.client().head(SUMMARY)
    assert (answer.status_code, answer.content) == (503, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    "headers", [[(b"Transfer-Encoding", b"chunked")], [(b"Content-Length", b"0"), (b"Content-Length", b"0")]]
)
async def test_the_connection_ends_where_two_readers_might_differ(
    busy: Busy, headers: list[tuple[bytes, bytes]]
) -> None:
    """What is refused unread must not leave another request behind it."""
    await busy.fill(9)
    client = busy.world.client()
    assert (await client.get(SUMMARY, headers=headers)).headers["connection"] == "close"
    assert "connection" not in (await client.get(SUMMARY)).headers


@pytest.mark.parametrize(
    ("proxies", "scheme", "headers", "told"),
    [
        (0, "https", {}, True),
        (0, "http", {"X-Forwarded-Proto": "https"}, False),
        (1, "http", {"X-Forwarded-Proto": "https"}, True),
    ],
)
async def test_a_refusal_over_tls_says_to_stay_there(
    busy: Busy, proxies: int, scheme: str, headers: dict[str, str], *, told: bool
) -> None:
    """HSTS goes with it as with every answer, where TLS is what the caller speaks."""
    busy.world.settings = EdgeSettings(cursor_secret=b"s" * 32, in_flight=9, trusted_proxies=proxies)
    await busy.fill(9)
    answer = await busy.world.client().get(f"{scheme}://gateway{SUMMARY}", headers=headers)
    assert answer.status_code == 503
    assert ("strict-transport-security" in answer.headers) is told


async def test_in_overload_only_a_third_is_let_in(busy: Busy) -> None:
    """The queue is let run down to what keeps the process busy, so that who is let in is answered soon."""
    tasks = await busy.fill(9)
    client = busy.world.client()
    assert (await client.get(SUMMARY)).status_code == 503
    assert number(busy.world, "careplane_http_overload") == 1
    busy.free.set()
    await asyncio.gather(*tasks)
    busy.free.clear()
    await busy.fill(3)
    assert (await client.get(SUMMARY)).status_code == 503


async def test_whose_body_does_not_come_takes_nobodys_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that send slowly cannot fill the room; when the body is there at last, it is answered."""
    world.settings = EdgeSettings(cursor_secret=b"s" * 32, in_flight=8)
    monkeypatch.setattr(shedding, "SLOW_BODY_S", 0.0)
    sent, all_begun, begun = asyncio.Event(), asyncio.Event(), itertools.count(1)

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"email": "a@b.org", '
        if next(begun) == 12:
            all_begun.set()
        await asyncio.wait_for(sent.wait(), 10)
        yield b'"password": "right"}'

    stranger, json = world.client(token=None), {"Content-Type": "application/json"}
    tasks = [asyncio.create_task(stranger.post("/auth/login", content=slowly(), headers=json)) for _ in range(12)]
    await asyncio.wait_for(all_begun.wait(), 10)
    assert (await world.client().get(SUMMARY)).status_code == 200
    sent.set()
    assert {(await task).status_code for task in tasks} == {200}
    assert number(world, "careplane_http_in_flight") == 0


def spent(room: Room, admitted: int, refused: int) -> None:
    """Let so many in and out again, then turn so many away from a full room."""
    room.admitted += admitted
    room.taken, before = room.bound, room.refused
    while room.refused < before + refused:
        assert room.turns_away("/a")
    room.taken = 0


def test_when_next_to_nobody_is_refused_any_more_the_whole_room_is_there_again() -> None:
    """So that a few who come again and again do not keep it small for ever; while there is overload it stays small."""
    clock = Hands()
    room = Room(90, clock=clock)
    spent(room, 0, 1)
    assert (room.crowded, room.bound) == (True, 30)
    for _ in range(3):
        clock.at += LOOK_EVERY_S / 2
        spent(room, 100, 50)
        clock.at += LOOK_EVERY_S / 2
        spent(room, 0, 1)
        assert (room.crowded, room.bound) == (True, 30)
    clock.at += LOOK_EVERY_S / 2
    spent(room, 100, 2)
    clock.at += LOOK_EVERY_S / 2
    room.taken = 30
    assert not room.turns_away("/a")
    assert (room.crowded, room.bound) == (False, 90)


def test_the_whole_room_is_tried_again_after_a_while() -> None:
    """Clients who come back at once must not be refused for ever; where it is too much again, the next try is later."""
    clock = Hands()
    room = Room(90, clock=clock)
    tried: list[float] = []
    for second in range(40):
        spent(room, 0, 10)
        clock.at += LOOK_EVERY_S / 2
        spent(room, 0, 10)
        clock.at += LOOK_EVERY_S / 2
        room.taken = 30
        if not room.turns_away("/a"):
            tried.append(second)
    assert tried == [3, 11, 27]


def test_after_a_pause_there_is_no_overload() -> None:
    """Whatever happened before: nobody came, so nobody was refused."""
    clock = Hands()
    room = Room(90, clock=clock)
    spent(room, 0, 500)
    clock.at += LOOK_EVERY_S
    room.taken = 30
    assert not room.turns_away("/a")
    assert (room.crowded, room.bound) == (False, 90)


def test_those_who_are_always_let_in_have_a_bound_too() -> None:
    """A quarter of the room on top, then they are refused like anybody."""
    room = Room(8, ["/always"])
    room.taken = 9
    assert not room.turns_away("/always")
    room.taken = 10
    assert room.turns_away("/always")


def test_a_slow_body_is_passed_over_once() -> None:
    """It gives its place back, and takes one when it has come."""
    clock = Hands()
    room = Room(8, clock=clock)
    scope = {"type": "http", "method": "POST"}
    slow, quick = (Exchange(scope, None) for _ in range(2))  # type: ignore[arg-type]
    slow.started, quick.started = clock.at, clock.at + SLOW_BODY_S
    room.taken = 8
    room.reading = {slow: None, quick: None}
    assert room.turns_away("/a")
    clock.at += SLOW_BODY_S
    room.crowded, room.bound = False, 8
    assert not room.turns_away("/a")
    assert (room.taken, list(room.reading)) == (7, [quick])
    room.has_read(quick)
    assert room.taken == 7
    room.has_read(slow)
    assert room.taken == 8
