"""`careplane certs`: what it makes serves, is kept, is renewed in time, and is for nobody's eyes but its owner's."""

import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from careplane.app import cli
from careplane.app.authority import Authority, names_in, read_certificate, read_private
from careplane.app.commands import certs as module
from careplane.app.commands.certs import EVERYBODY, run_certs
from careplane.app.setup_error import SetupError
from careplane_transports.grpc.call_keys import private_pem, read_call_keys

DAY = timedelta(days=1)


def contents(folder: Path) -> dict[str, bytes]:
    """Return all that is in the folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    """Name the files that differ."""
    return {name for name in before | after if before.get(name) != after.get(name)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder after the first run."""
    run_certs(tmp_path / "certs", (), (), 90)
    return tmp_path / "certs"


def test_every_process_gets_all_that_it_needs_and_no_more(folder: Path) -> None:
    """A folder for each to mount: its own keys, the public ones of all, and never the authority's."""
    own = {"ca.pem", "tls.pem", "tls.key", *(f"calls/{name}.pub" for name in EVERYBODY)}
    for name in EVERYBODY:
        assert set(contents(folder / name)) == own | {f"calls/{name}.key"}
        assert set(read_call_keys(folder / name / "calls", (name,)).public) == set(EVERYBODY)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / name / "tls.pem", folder / name / "tls.key")
        context.load_verify_locations(folder / name / "ca.pem")


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask, and again after somebody has opened them."""
    old = os.umask(0)
    try:
        run_certs(tmp_path, ("billing",), (), 90)
    finally:
        os.umask(old)
    keys = [file for file in tmp_path.rglob("*.key") if file.is_file()]
    assert {str(key.relative_to(tmp_path)) for key in keys} == {
        "ca.key",
        "billing/tls.key",
        "billing/calls/billing.key",
    }
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    for key in keys:
        key.chmod(0o644)
    run_certs(tmp_path, ("billing",), (), 90)
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_run_again_it_keeps_everything(folder: Path) -> None:
    """Nothing that is good is made anew: running processes go on."""
    before = contents(folder)
    run_certs(folder, (), (), 90)
    assert contents(folder) == before


def at(monkeypatch: pytest.MonkeyPatch, when: datetime) -> None:
    """Let the command believe that it is that time."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "datetime":  # type: ignore[override]
            return when

    monkeypatch.setattr(module, "datetime", Then)


def test_what_ends_soon_is_renewed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the last third of its time a certificate is made anew, with its key and all its names; call keys stay."""
    run_certs(folder, ("billing",), ("billing.internal", "10.0.0.7"), 90)
    before, now = contents(folder), datetime.now(UTC)
    at(monkeypatch, now + 59 * DAY)
    run_certs(folder, (), (), 90)
    assert contents(folder) == before
    at(monkeypatch, now + 61 * DAY)
    run_certs(folder, (), (), 90)
    assert changed(before, contents(folder)) == {f"{name}/tls.pem" for name in EVERYBODY}
    renewed = read_certificate(folder / "billing" / "tls.pem")
    assert renewed is not None
    assert renewed.not_valid_after_utc > now + 150 * DAY
    assert {"billing", "localhost", "127.0.0.1", "::1", "billing.internal", "10.0.0.7"} == set(names_in(renewed))


def test_the_authority_is_renewed_with_its_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what it issued before stays good under the new certificate, and what it issues now under the old one."""
    issued, old = read_certificate(folder / "patient" / "tls.pem"), read_certificate(folder / "ca.pem")
    at(monkeypatch, datetime.now(UTC) + 3500 * DAY)
    run_certs(folder, (), (), 90)
    new, later = read_certificate(folder / "ca.pem"), read_certificate(folder / "patient" / "tls.pem")
    assert new is not None
    assert old is not None
    assert issued is not None
    assert later is not None
    assert new != old
    assert new.not_valid_after_utc > old.not_valid_after_utc + 3000 * DAY
    issued.verify_directly_issued_by(new)
    later.verify_directly_issued_by(old)
    assert (folder / "patient" / "ca.pem").read_bytes() == (folder / "ca.pem").read_bytes()


def test_a_new_host_is_added_to_those_there_were(folder: Path) -> None:
    """Only the process that it is about gets another certificate."""
    before = contents(folder)
    run_certs(folder, ("patient",), ("patient.internal",), 90)
    run_certs(folder, ("patient",), ("192.0.2.7",), 90)
    assert changed(before, contents(folder)) == {"patient/tls.pem"}
    held = read_certificate(folder / "patient" / "tls.pem")
    assert held is not None
    assert {"patient", "patient.internal", "192.0.2.7"} <= set(names_in(held))


def test_processes_may_be_shared(folder: Path) -> None:
    """What runs together gets one certificate for both names, and the call keys that each name has already."""
    run_certs(folder, ("patient+billing",), (), 90)
    shared = folder / "patient+billing"
    held = read_certificate(shared / "tls.pem")
    assert held is not None
    assert {"patient", "billing"} <= set(names_in(held))
    for name in ("patient", "billing"):
        assert (shared / "calls" / f"{name}.key").read_bytes() == (folder / name / "calls" / f"{name}.key").read_bytes()


def test_processes_made_earlier_hear_of_new_ones(tmp_path: Path) -> None:
    """Their folders get the new name's public key, and nothing else."""
    run_certs(tmp_path, ("gateway",), (), 90)
    before = contents(tmp_path)
    run_certs(tmp_path, ("patient",), (), 90)
    told = {name for name in changed(before, contents(tmp_path)) if name.startswith("gateway/")}
    assert told == {"gateway/calls/patient.pub"}
    assert set(read_call_keys(tmp_path / "patient" / "calls", ("patient",)).public) == {"gateway", "patient"}


def test_what_was_spoiled_is_made_good(folder: Path) -> None:
    """A lost or foreign file of a process is replaced, and everybody hears of a new call key."""
    kept = (folder / "gateway" / "tls.pem").read_bytes()
    (folder / "patient" / "tls.key").write_bytes(private_pem(ec.generate_private_key(ec.SECP256R1())))
    (folder / "billing" / "tls.pem").write_text("hello")
    (folder / "billing" / "ca.pem").unlink()
    (folder / "identity" / "calls" / "identity.key").write_text("hello")
    stranger = Authority.begun(datetime.now(UTC))
    key = read_private(folder / "analytics" / "tls.key")
    assert key is not None
    foreign = stranger.issue(
        ("analytics", "localhost", "127.0.0.1", "::1"), key.public_key(), datetime.now(UTC), 90 * DAY
    )
    (folder / "analytics" / "tls.pem").write_bytes(foreign.public_bytes(Encoding.PEM))
    run_certs(folder, (), (), 90)
    authority = Authority.read(folder / "ca.key", folder / "ca.pem")
    for name in EVERYBODY:
        certificate, private = read_certificate(folder / name / "tls.pem"), read_private(folder / name / "tls.key")
        assert certificate is not None
        assert private is not None
        assert certificate.public_key() == private.public_key()
        assert authority.issued(certificate)
        assert len(read_call_keys(folder / name / "calls", (name,)).public) == len(EVERYBODY)
    assert (folder / "gateway" / "tls.pem").read_bytes() == kept


@pytest.mark.parametrize("lost", ["ca.key", "ca.pem"])
def test_half_an_authority_is_not_replaced(folder: Path, lost: str) -> None:
    """Whoever lost a file hears of it, instead of getting certificates that nobody believes."""
    (folder / lost).unlink()
    before = contents(folder)
    with pytest.raises(SetupError, match="Put them back, or move both away"):
        run_certs(folder, (), (), 90)
    assert contents(folder) == before


@pytest.mark.parametrize("host", ["UPPER", "two words", "http://host", "", "a" * 254])
def test_what_is_no_host_is_refused(tmp_path: Path, host: str) -> None:
    """Before anything is made."""
    with pytest.raises(SetupError, match="neither a host's name nor an address"):
        run_certs(tmp_path / "certs", (), (host,), 90)
    assert not (tmp_path / "certs").exists()


@pytest.mark.parametrize("name", ["pateint", "patient+", "../patient", "patient+billing+x"])
def test_an_unknown_process_is_refused(tmp_path: Path, name: str) -> None:
    """And the ones there are are told."""
    with pytest.raises(SetupError, match="choose from gateway, identity, billing, patient, analytics"):
        run_certs(tmp_path / "certs", (name,), (), 90)
    assert not (tmp_path / "certs").exists()


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """Not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="choose a folder that is yours"):
        run_certs(tmp_path / "file" / "certs", (), (), 90)


def test_it_is_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its words, and it says what it did and until when that is good."""
    words = ["certs", str(tmp_path), "--names", "gateway", "patient+billing", "--hosts", "10.0.0.7", "--days", "7"]
    cli.app(words, exit_on_error=False, print_error=False, result_action="return_value")
    said = capsys.readouterr().out
    ends = datetime.now(UTC) + timedelta(days=7)
    assert f"Made the certificate of patient+billing, good until {ends:%Y-%m-%d}." in said
    assert {place.name for place in tmp_path.iterdir()} == {"ca.key", "ca.pem", "gateway", "patient+billing"}
