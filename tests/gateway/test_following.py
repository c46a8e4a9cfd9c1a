"""Following identity: what is called back is refused, and on old word nothing is believed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from tests.end_to_end.program import until_true_async
from tests.gateway.conftest import World
from tests.gateway.feed import NOW, SESSION, USER, Stage, made_stage, new_key

from careplane.components.identity.api import Revocation
from careplane.gateway import following as module
from careplane.gateway.following import Following
from careplane.kernel.errors import Unauthenticated, Unavailable

N = int(NOW.timestamp())
SUMMARY = "/api/analytics/summary"


@pytest.fixture
async def stage(tmp_path: Path) -> Stage:
    """Give a gateway that has heard nothing yet, five seconds of grace, and clocks that stand still."""
    return made_stage(tmp_path)


async def test_it_asks_as_the_gateway_and_goes_on_from_where_it_was(stage: Stage) -> None:
    """With the one scope that following needs, page by page until there is no more."""
    stage.feed.page = 2
    stage.feed.revocations = [Revocation("session", str(UUID(int=n)), 0, N + 900) for n in range(5)]
    await stage.following.ask()
    stage.feed.revocations.append(Revocation("session", str(SESSION), 0, N + 900))
    await stage.following.ask()
    assert stage.feed.asked == ["", "2", "4", "5"]
    assert stage.feed.callers == {("component:gateway", frozenset({"identity:follow"}))}
    assert len(stage.verifier.denied) == 6


@pytest.mark.parametrize(("revocation", "token", "good"), [
    (Revocation("session", str(SESSION), 0, N + 900), {}, False),
    (Revocation("session", str(UUID(int=99)), 0, N + 900), {}, True),
    (Revocation("user", str(USER), 3, N + 900), {"epoch": 2}, False),
    (Revocation("user", str(USER), 3, N + 900), {"epoch": 3}, True),
    (Revocation("user", str(USER), 3, N + 900), {"epoch": 4}, True),
    (Revocation("user", str(UUID(int=99)), 3, N + 900), {"epoch": 2}, True),
])  # fmt: skip
async def test_what_is_called_back_is_refused_even_if_it_was_just_believed(
    stage: Stage, revocation: Revocation, token: dict[str, int], *, good: bool
) -> None:
    """A session's tokens, and those of a user with an earlier epoch; all others are believed as before."""
    await stage.following.ask()
    shown = stage.token(**token)  # type: ignore[arg-type]
    assert stage.following.verify(shown).id == str(USER)
    stage.feed.revocations.append(revocation)
    await stage.following.ask()
    for text in (shown, stage.token(**token, jti=2)):  # type: ignore[arg-type]
        if good:
            assert stage.following.verify(text).session == str(SESSION)
        else:
            with pytest.raises(Unauthenticated):
                stage.following.verify(text)


async def test_revocations_in_any_order_and_again_come_to_the_same(stage: Stage) -> None:
    """An epoch that was heard of never goes back."""
    stage.feed.revocations = [Revocation("user", str(USER), epoch, N + 900) for epoch in (2, 5, 3, 5, 1)]
    await stage.following.ask()
    for epoch in range(7):
        if epoch < 5:
            with pytest.raises(Unauthenticated):
                stage.following.verify(stage.token(epoch=epoch))
        else:
            stage.following.verify(stage.token(epoch=epoch))


async def test_what_is_over_is_forgotten(stage: Stage) -> None:
    """Memory is bounded by what tokens can be alive of."""
    stage.feed.revocations = [Revocation("session", str(UUID(int=n)), 0, N + n) for n in range(100)]
    await stage.following.ask()
    assert len(stage.verifier.denied) == 99
    stage.clock.at += timedelta(seconds=60)
    await stage.following.ask()
    assert len(stage.verifier.denied) == 39


async def test_nothing_is_believed_before_the_first_word_and_after_five_seconds_without(stage: Stage) -> None:
    """Whoever cannot say is not available: neither a good token nor a bad one gets another answer."""
    token = stage.token()
    with pytest.raises(Unavailable):
        stage.following.verify(token)
    await stage.following.ask()
    stage.feed.fault = Unavailable()
    for seconds, heard in ((1000.0, True), (1004.9, True), (1005.0, False), (2000.0, False)):
        stage.seconds[0] = seconds
        with pytest.raises(Unavailable):
            await stage.following.ask()
        for text in (token, "forged"):
            if heard and text == token:
                stage.following.verify(text)
            else:
                with pytest.raises(Unauthenticated if heard else Unavailable):
                    stage.following.verify(text)
    stage.feed.fault = None
    await stage.following.ask()
    stage.following.verify(token)


async def test_its_word_is_as_old_as_the_question(stage: Stage) -> None:
    """An answer that took three seconds is believed for two more, for what is in it may be as old as that."""
    stage.feed.gate.clear()
    asking = asyncio.ensure_future(stage.following.ask())
    await until_true_async(lambda: stage.feed.asked)
    stage.seconds[0] += 3.0
    stage.feed.gate.set()
    await asking
    assert stage.following.seconds_left == 2.0


async def test_identity_that_hangs_is_not_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that does not come is none."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    stage.feed.gate.clear()
    with pytest.raises(Unavailable):
        await stage.following.ask()


async def test_a_new_key_is_heard_of_when_it_is_shown(stage: Stage, tmp_path: Path) -> None:
    """Once a second at most, together for all who ask, and not for keys that stay unknown."""
    await stage.following.ask()
    new = new_key(tmp_path, "b.pem")
    token = stage.token(new)
    with pytest.raises(Unauthenticated):
        stage.following.verify(token)
    stage.feed.keys.insert(0, new)
    await asyncio.gather(*(stage.following.catch_up() for _ in range(50)))
    assert len(stage.feed.asked) == 2
    assert stage.following.verify(token).id == str(USER)
    for step in (0.0, 0.5, 0.4):
        stage.seconds[0] += step
        await stage.following.catch_up()
    assert len(stage.feed.asked) == 2
    stage.seconds[0] += 0.2
    await stage.following.catch_up()
    assert len(stage.feed.asked) == 3


async def test_a_key_that_is_taken_away_is_believed_no_longer(stage: Stage, tmp_path: Path) -> None:
    """Though its tokens were remembered; those of the others are not read anew."""
    new = new_key(tmp_path, "b.pem")
    stage.feed.keys.append(new)
    await stage.following.ask()
    old, good = stage.token(), stage.token(new)
    for token in (old, good):
        stage.following.verify(token)
    stage.feed.keys.remove(stage.key)
    await stage.following.ask()
    with pytest.raises(Unauthenticated):
        stage.following.verify(old)
    assert len(stage.verifier._verified) == 1
    stage.following.verify(good)


async def test_who_gives_up_does_not_take_the_answer_from_the_others(stage: Stage) -> None:
    """Several wait for one question; that one of them leaves changes nothing."""
    stage.feed.gate.clear()
    asking = [asyncio.ensure_future(stage.following.ask()) for _ in range(3)]
    await until_true_async(lambda: stage.feed.asked)
    asking[0].cancel()
    await asyncio.wait(asking[:1])
    stage.feed.gate.set()
    await asyncio.gather(*asking[1:])
    assert asking[0].cancelled()
    assert len(stage.feed.asked) == 1


@pytest.fixture
async def kept_up(stage: Stage) -> AsyncIterator[Stage]:
    """Give a gateway that asks a thousand times a second."""
    stage.following = Following(stage.feed, stage.verifier, grace_s=5.0, clock=stage.clock, every_s=0.001)  # type: ignore[arg-type]
    async with stage.following.kept_up():
        yield stage


async def test_it_keeps_asking_whatever_goes_wrong(kept_up: Stage) -> None:
    """A failure is taken note of, and the next question asked; what was missed is heard then."""
    await until_true_async(lambda: kept_up.following.seconds_left)
    kept_up.feed.fault = Unavailable()
    await until_true_async(lambda: kept_up.following.failures > 3)
    kept_up.feed.revocations.append(Revocation("session", str(SESSION), 0, N + 900))
    kept_up.following.verify(kept_up.token())
    kept_up.feed.fault = None
    await until_true_async(lambda: len(kept_up.verifier.denied))
    assert kept_up.following.failures == 0
    with pytest.raises(Unauthenticated):
        kept_up.following.verify(kept_up.token())


async def test_a_question_that_is_open_at_the_end_is_given_up(stage: Stage) -> None:
    """Identity need not answer for a gateway to stop."""
    stage.feed.gate.clear()
    async with stage.following.kept_up():
        await until_true_async(lambda: stage.feed.asked)
    assert stage.following._asking is None


async def test_it_stops_with_its_body(stage: Stage) -> None:
    """Afterwards nobody asks any more."""
    async with stage.following.kept_up():
        await until_true_async(lambda: stage.feed.asked)
    asked = len(stage.feed.asked)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(stage.feed.asked) == asked


@pytest.fixture
def behind(stage: Stage, world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], httpx.AsyncClient]:
    """Give clients, by their token, of a gateway that follows."""
    monkeypatch.setattr(world, "verify", stage.following.verify)
    monkeypatch.setattr(world, "catch_up", stage.following.catch_up)
    return world.client


async def test_over_http_it_is_401_or_503_with_when_to_come_again(
    stage: Stage, behind: Callable[[str], httpx.AsyncClient]
) -> None:
    """Not known is 503, with Retry-After, and the documentation is there all the same; called back is 401."""
    client = behind(stage.token())
    answer = await client.get(SUMMARY)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.get("/health/live")).status_code == 200
    await stage.following.ask()
    assert (await client.get(SUMMARY)).status_code == 200
    stage.feed.revocations.append(Revocation("session", str(SESSION), 0, N + 900))
    await stage.following.ask()
    answer = await client.get(SUMMARY)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="careplane", error="invalid_token"'


async def test_over_http_a_new_key_costs_nobody_a_401(
    stage: Stage, behind: Callable[[str], httpx.AsyncClient], tmp_path: Path
) -> None:
    """The first token under it is answered as any other; one under a key that nobody has is refused like all."""
    await stage.following.ask()
    new, nobodys = new_key(tmp_path, "b.pem"), new_key(tmp_path, "c.pem")
    stage.feed.keys.append(new)
    assert (await behind(stage.token(new)).get(SUMMARY)).status_code == 200
    stage.seconds[0] += 2.0
    answer = await behind(stage.token(nobodys)).get(SUMMARY)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:careplane:problem:unauthenticated"
    assert len(stage.feed.asked) == 3
