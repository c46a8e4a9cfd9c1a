"""Key rotation: announced first, signing later, verifying until the last token has ended, and then retired."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from uuid_utils.compat import uuid7

from careplane.app.commands.keys import run_list, run_rotate
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.components.identity.api import IDENTITY, Login, TokenVerifier
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.key_ring import KeyRing, Standing
from careplane.components.identity.signing.keys import SigningKey, file_name, load_keys, make_key, read_keys
from careplane.components.identity.signing.tokens import TokenSigner
from careplane.kernel.clock import FixedClock
from careplane.kernel.errors import FailedPrecondition, Unauthenticated

T = datetime(2031, 5, 6, 7, 0, 0, tzinfo=UTC)
LEAD, TTL = 30, 900
AFTER = TTL + 5 + LEAD


def settings_of(folder: Path, **more: Any) -> IdentitySettings:
    """Return settings whose keys are in `folder`."""
    return IdentitySettings(keys_dir=folder, production=False, token_ttl_s=TTL, key_lead_s=LEAD, **more)


def ring_of(folder: Path, **more: Any) -> KeyRing:
    """Return the ring of the keys in `folder`."""
    settings = settings_of(folder, **more)
    return KeyRing.of(settings, load_keys(settings))


def make(folder: Path, *names: str | int) -> list[Path]:
    """Make keys: a number is made so many seconds after T, anything else is the name of its file."""
    files = [folder / (file_name(T + timedelta(seconds=n)) if isinstance(n, int) else n) for n in names]
    for file in files:
        make_key(file)
    return files


def at(seconds: float) -> datetime:
    """Return the time so many seconds after T."""
    return T + timedelta(seconds=seconds)


def states(ring: KeyRing, seconds: float) -> dict[str, str]:
    """Return what each key is there for, by its file, oldest first."""
    return {t.key.file.name if t.key.file else "settings": t.standing.value for t in reversed(ring.turns(at(seconds)))}


def test_the_only_key_signs_at_once(tmp_path: Path) -> None:
    """There is nobody to take over from, whenever it says it was made."""
    make(tmp_path, 0)
    for seconds in (-1000, 0, 1, 10**8):
        assert list(states(ring_of(tmp_path), seconds).values()) == ["signing"]


@pytest.mark.parametrize(("seconds", "wanted"), [
    (100, ["signing", "announced"]),
    (100 + LEAD - 1, ["signing", "announced"]),
    (100 + LEAD, ["verifying", "signing"]),
    (100 + LEAD + AFTER - 1, ["verifying", "signing"]),
    (100 + LEAD + AFTER, ["retired", "signing"]),
])  # fmt: skip
def test_a_new_key_takes_over_step_by_step(tmp_path: Path, seconds: int, wanted: list[str]) -> None:
    """To the second; what is retired is no longer announced, and what is announced signs nothing yet."""
    old, new = make(tmp_path, 0, 100)
    ring = ring_of(tmp_path)
    found = states(ring, seconds)
    assert list(found.values()) == wanted
    by_file = {key.file: key.public.kid for key in load_keys(settings_of(tmp_path))}
    kids = [key.kid for key in ring.announced(at(seconds)).keys]
    assert set(kids) == {by_file[f] for f, state in zip((old, new), wanted, strict=True) if state != "retired"}
    assert kids[0] == ring.signing(at(seconds)).public.kid


def test_at_every_moment_one_key_signs_and_no_token_outlives_its_key(tmp_path: Path) -> None:
    """Seven rotations in quick and slow succession: a token made at any second is believed to its end, everywhere."""
    make(tmp_path, 0, 5, 40, 41, 1000, 3000, 9000)
    ring = ring_of(tmp_path)
    for seconds in range(0, 11_000, 7):
        turns = ring.turns(at(seconds))
        assert [turn.standing for turn in turns].count(Standing.SIGNING) == 1
        kid = ring.signing(at(seconds)).public.kid
        for later in (0, TTL // 2, TTL + 5):
            assert kid in {key.kid for key in ring.announced(at(seconds + later)).keys}


def test_every_key_is_announced_for_the_whole_lead_before_it_signs(tmp_path: Path) -> None:
    """Whoever verifies has that long to hear of it."""
    make(tmp_path, 0, 5, 40, 1000)
    ring = ring_of(tmp_path)
    for turn in ring.turns(at(0))[:-1]:
        assert turn.signs_from is not None
        for before in range(1, LEAD + 1):
            moment = turn.signs_from - timedelta(seconds=before)
            assert turn.key.public in ring.announced(moment).keys
            assert ring.signing(moment) != turn.key


def test_names_that_say_no_time_come_before_those_that_do(tmp_path: Path) -> None:
    """The last of them signs until the first one with a time takes over; then all of them go."""
    make(tmp_path, "0001.pem", "zzz.pem", "20310506.pem", 100)
    ring = ring_of(tmp_path)
    plain = ["0001.pem", "20310506.pem", "zzz.pem"]
    assert states(ring, 100) == dict(
        zip([*plain, file_name(at(100))], ["verifying"] * 2 + ["signing", "announced"], strict=True)
    )
    assert list(states(ring, 130).values()) == ["verifying"] * 3 + ["signing"]
    assert list(states(ring, 130 + AFTER).values()) == ["retired"] * 3 + ["signing"]
    (tmp_path / file_name(at(100))).unlink()
    assert list(states(ring_of(tmp_path), 10**9).values()) == ["verifying", "verifying", "signing"]


def test_a_key_in_the_settings_signs_whatever_is_in_the_folder(tmp_path: Path) -> None:
    """And the folder's verify, all of them, for ever: nobody says since when they do not sign."""
    (own,) = make(tmp_path / "own", "own.pem")
    make(tmp_path / "folder", "a.pem", 0, 100)
    ring = ring_of(tmp_path / "folder", private_key=own.read_text())
    assert list(states(ring, 10**8).values())[-1] == "signing"
    assert list(states(ring, 100).values())[-1] == "signing"


def test_no_token_is_refused_on_the_way(tmp_path: Path) -> None:
    """A verifier that hears of the keys a little late believes every token that the signer ever makes."""
    make(tmp_path, 0, 50, 60, 1500)
    ring, clock = ring_of(tmp_path), FixedClock(at(0))
    signer = TokenSigner(ring.signing, issuer="us", audience="you", ttl_s=TTL)
    verifier = TokenVerifier(ring.announced(at(0)), issuer="us", audience="you", clock=clock, scopes=frozenset)
    made: list[tuple[int, str]] = []
    kids = set()
    for seconds in range(0, 4000, 3):
        clock.at = at(seconds)
        token = signer.issue(uuid7(), (), session=uuid7(), epoch=0, now=clock.at, jti=uuid7())
        kids.add(jwt.get_unverified_header(token)["kid"])
        made.append((seconds, token))
        for when, old in (made[0], made[len(made) // 2], made[-1]):
            if when + TTL + 5 > seconds:
                verifier.verify(old)
        made = [(when, old) for when, old in made if when + TTL + 5 > seconds + 3]
        if seconds % (LEAD - 6) == 0:
            verifier.learn(ring.announced(clock.at))
    assert len(kids) == 4


async def test_the_component_signs_by_its_clock_with_the_key_whose_turn_it_is(world: Any, tmp_path: Path) -> None:
    """Old and new tokens are believed side by side, and the old key is gone when its tokens are."""
    await world.add()
    old = await world.identity.login(Login("ada@example.org", "vier zufällige Wörter hier"))
    begun = world.clock.at
    settings = IdentitySettings(data_dir=tmp_path, production=False)
    make_key(tmp_path / "keys" / file_name(begun))
    ring: KeyRing = world.ring
    ring.replace(read_keys(settings))
    kids = []
    for seconds in (0, 29, 30, 900):
        world.clock.at = begun + timedelta(seconds=seconds)
        await world.hear()
        session = await world.identity.login(Login("ada@example.org", "vier zufällige Wörter hier"))
        for token in (old.token, session.token):
            world.verifier.verify(token)
        kids.append(jwt.get_unverified_header(session.token)["kid"])
    assert kids[0] == kids[1] != kids[2] == kids[3]
    world.clock.at = begun + timedelta(seconds=30 + AFTER)
    await world.hear()
    with pytest.raises(Unauthenticated):
        world.verifier.verify(old.token)
    assert [key.kid for key in (await world.identity.keys(IDENTITY.methods["keys"].request())).keys] == [kids[2]]


def rotate(folder: Path, capsys: pytest.CaptureFixture[str], **more: Any) -> str:
    """Run `careplane keys rotate` on a folder."""
    run_rotate(Settings(identity=IdentitySettings(keys_dir=folder, key_lead_s=LEAD, token_ttl_s=TTL, **more)))
    return capsys.readouterr().out


def keys_in(folder: Path) -> list[SigningKey]:
    """Return the keys that `careplane serve` would take, newest first."""
    return list(load_keys(IdentitySettings(keys_dir=folder)))


def test_a_rotated_key_is_one_for_production(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is for its owner only, and is named by the time; that of the data folder says that it is for development."""
    said = rotate(tmp_path / "keys", capsys)
    (key,) = keys_in(tmp_path / "keys")
    assert key.file is not None
    assert (key.file.stat().st_mode & 0o777, key.file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert key.public.kid in said
    assert "signs at once" in said
    assert key.made is not None
    assert abs((datetime.now(UTC) - key.made).total_seconds()) < 60
    make(tmp_path / "data" / "keys", "0001.pem")
    run_rotate(Settings(data_dir=tmp_path / "data"))
    assert "signs from" in capsys.readouterr().out
    with pytest.raises(FailedPrecondition, match="made by Careplane itself"):
        keys_in(tmp_path / "data" / "keys")


def test_rotating_deletes_what_was_retired_long_ago_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A retired key's file is kept for a day, which no token outlives; each is told of."""
    now = datetime.now(UTC)
    ages = {"gone": 500_000, "also gone": 200_000, "retired": 20_000, "verifying": 10_000, "signing": 500}
    files = {name: tmp_path / file_name(now - timedelta(seconds=age)) for name, age in ages.items()}
    for file in files.values():
        make_key(file, production=True)
    said = rotate(tmp_path, capsys)
    left = {name for name, file in files.items() if file.exists()}
    assert left == {"also gone", "retired", "verifying", "signing"}
    assert said.count("Deleted") == 1
    assert str(files["gone"]) in said
    assert said.count("is retired") == 2
    run_list(Settings(identity=IdentitySettings(keys_dir=tmp_path, key_lead_s=LEAD, token_ttl_s=TTL)))
    listed = capsys.readouterr().out
    words = ["announced", "signing", "verifying", "retired"]
    assert [listed.count(f" {word} ") for word in words] == [1, 1, 1, 2]


def test_rotating_says_why_it_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence each: the key stands in the settings, there is nothing to rotate, rubbish is in the way."""
    (own,) = make(tmp_path / "own", "own.pem")
    with pytest.raises(SetupError, match="private_key is set"):
        rotate(tmp_path / "keys", capsys, private_key=own.read_text())
    with pytest.raises(SetupError, match="nothing to rotate yet"):
        run_rotate(Settings(data_dir=tmp_path / "new"))
    with pytest.raises(SetupError, match="no key yet"):
        run_list(Settings(data_dir=tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    (tmp_path / "own" / "rubbish.pem").write_text("x")
    with pytest.raises(FailedPrecondition, match="openssl"):
        rotate(tmp_path / "own", capsys)
    assert len(list((tmp_path / "own").iterdir())) == 2
