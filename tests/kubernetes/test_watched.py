"""What is put into a Secret reaches the processes that run: a volume's files are links, which are replaced at once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from structlog.testing import capture_logs
from tests.components.identity.test_key_rotation import settings_of
from tests.kubernetes.mounted import put
from tests.transports.grpc.certificates import Files, Office
from tests.transports.grpc.test_tls import ask, serving

from careplane.components.identity.signing.key_folder import KeyFolder
from careplane.components.identity.signing.key_ring import KeyRing
from careplane.components.identity.signing.keys import file_name, load_keys, make_key
from careplane.kernel.clock import FixedClock
from careplane_transports.grpc.tls import client_context, server_context

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def key_file(folder: Path, made: datetime) -> dict[str, bytes]:
    """Make a signing key, and return its file's name and content."""
    file = folder / file_name(made)
    make_key(file, production=True)
    return {file.name: file.read_bytes()}


async def test_a_signing_key_is_taken_up_and_let_go(tmp_path: Path) -> None:
    """It comes with the Secret's new content and goes with the next, and nothing is complained about meanwhile."""
    old, new = (key_file(tmp_path / "made", NOW - timedelta(hours=hours)) for hours in (4, 2))
    volume = tmp_path / "volume"
    put(volume, old, turn=1)
    settings = settings_of(volume)
    ring = KeyRing.of(settings, load_keys(settings))
    folder = KeyFolder(settings, ring, FixedClock(NOW))
    with capture_logs() as logs:
        await folder.step()
        put(volume, {**old, **new}, turn=2)
        await folder.step()
        assert {key.file.name for key in ring.keys if key.file} == {*old, *new}
        assert ring.signing(NOW).file == volume / next(iter(new))
        put(volume, new, turn=3)
        await folder.step()
        assert [key.file.name for key in ring.keys if key.file] == [*new]
    assert logs == []


async def test_a_renewed_certificate_is_shown(tmp_path: Path) -> None:
    """To the next who connects, without a restart."""
    office, volume = Office(tmp_path), tmp_path / "volume"
    put(volume, contents(office.files("billing")), turn=1)
    server = Files(volume / "ca.pem", volume / "tls.pem", volume / "tls.key")
    async with serving(server_context(server)) as port:
        assert await ask(port, client_context(office.files("patient")), "billing") == "TLSv1.3"
        put(volume, contents(office.files("billing", "renewed")), turn=2)
        assert await ask(port, client_context(office.files("patient")), "renewed") == "TLSv1.3"


def contents(files: Files) -> dict[str, bytes]:
    """Return certificates as the Secret of a process holds them."""
    paths = {"ca.pem": files.tls_ca_file, "tls.pem": files.tls_cert_file, "tls.key": files.tls_key_file}
    return {name: path.read_bytes() for name, path in paths.items() if path}
