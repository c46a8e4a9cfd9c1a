"""Mutual TLS is effective: over real connections, each way of not being who one says is refused, by either side."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpclib.client import Channel
from grpclib.config import Configuration
from grpclib.exceptions import StreamTerminatedError
from grpclib.health.service import Health
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest
from grpclib.server import Server
from tests.transports.grpc.certificates import Files, Office

from careplane.kernel.errors import FailedPrecondition
from careplane_transports.grpc.tls import client_context, server_context

REFUSED = (ssl.SSLError, ConnectionError, StreamTerminatedError)
"""How it ends for who is not let in; that nothing happens within the time is none of them."""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """The platform's authority."""
    return Office(tmp_path / "ours")


@asynccontextmanager
async def serving(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Answer with that context on a port of this machine."""
    server = Server([Health()])
    listening = socket.create_server(("127.0.0.1", 0))
    await server.start(sock=listening, ssl=context)
    try:
        yield listening.getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def ask(port: int, context: ssl.SSLContext | None, name: str = "billing") -> str:
    """Make a connection, ask over it, and return the TLS version of it."""
    config = Configuration(ssl_target_name_override=name)
    async with Channel("127.0.0.1", port, ssl=context, config=config) as channel:
        await HealthStub(channel).Check(HealthCheckRequest(), timeout=10)
        assert channel._protocol is not None
        transport = channel._protocol.connection._transport
        tls = transport.get_extra_info("ssl_object")
        return tls.version() if tls else "plaintext"


def shown(files: Files, change: Callable[[ssl.SSLContext], object] = lambda _: None) -> ssl.SSLContext:
    """Return a caller's context that shows whatever certificate it has, without looking at it first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["h2"])
    context.load_verify_locations(str(files.tls_ca_file))
    if files.tls_cert_file is not None:
        context.load_cert_chain(str(files.tls_cert_file), str(files.tls_key_file))
    change(context)
    return context


async def test_the_right_one_is_let_in(office: Office) -> None:
    """Both show a certificate of the platform's authority: the newest TLS, and the older one that is still sound."""
    async with serving(server_context(office.files("billing"))) as port:
        assert await ask(port, client_context(office.files("patient"))) == "TLSv1.3"
        older = shown(
            office.files("patient"), lambda context: setattr(context, "maximum_version", ssl.TLSVersion.TLSv1_2)
        )
        assert await ask(port, older) == "TLSv1.2"


async def test_without_files_it_is_plaintext() -> None:
    """By setting none of the three."""
    assert client_context(Files()) is None
    async with serving(server_context(Files())) as port:
        assert await ask(port, None) == "plaintext"


def too_old(context: ssl.SSLContext) -> None:
    """Let a context speak TLS 1.1 alone, whatever this machine's policy says."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1


CALLERS: dict[str, Callable[[Office, Office], ssl.SSLContext | None]] = {
    "plaintext": lambda ours, _: None,
    "no certificate": lambda ours, _: shown(Files(ours.ca)),
    "another authority's": lambda ours, other: shown(
        Files(ours.ca, *(getattr(other.files("patient"), name) for name in ("tls_cert_file", "tls_key_file")))
    ),
    "one that has ended": lambda ours, _: shown(ours.files("patient", begins=-3, days=2)),
    "one that has not begun": lambda ours, _: shown(ours.files("patient", begins=1, days=2)),
    "TLS 1.1": lambda ours, _: shown(ours.files("patient"), too_old),
}


@pytest.mark.parametrize("caller", CALLERS)
async def test_a_wrong_caller_is_refused(office: Office, tmp_path: Path, caller: str) -> None:
    """The server lets nobody in but who shows a good certificate; then the right one still gets in."""
    context = CALLERS[caller](office, Office(tmp_path / "theirs"))
    async with serving(server_context(office.files("billing"))) as port:
        with pytest.raises(REFUSED):
            await ask(port, context)
        assert await ask(port, client_context(office.files("patient"))) == "TLSv1.3"


ANSWERING: dict[str, Callable[[Office, Office], ssl.SSLContext | None]] = {
    "plaintext": lambda ours, _: None,
    "another authority's": lambda ours, other: server_context(other.files("billing")),
    "another component's": lambda ours, _: server_context(ours.files("identity")),
    "one that has ended": lambda ours, _: answering(ours.files("billing", begins=-3, days=2)),
    "one that has not begun": lambda ours, _: answering(ours.files("billing", begins=1, days=2)),
    "TLS 1.1": lambda ours, _: answering(ours.files("billing"), too_old),
}


def answering(files: Files, change: Callable[[ssl.SSLContext], object] = lambda _: None) -> ssl.SSLContext:
    """Return the context of one who answers with whatever certificate it has, and asks callers for none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(str(files.tls_cert_file), str(files.tls_key_file))
    change(context)
    return context


@pytest.mark.parametrize("who", ANSWERING)
async def test_a_wrong_one_who_answers_is_refused(office: Office, tmp_path: Path, who: str) -> None:
    """The caller tells nothing to who is not the component it wants, at whatever address that answers."""
    context = ANSWERING[who](office, Office(tmp_path / "theirs"))
    async with serving(context) as port:
        with pytest.raises(REFUSED):
            await ask(port, client_context(office.files("patient")))


async def test_the_forged_ones_who_answer_are_otherwise_right(office: Office) -> None:
    """Else they would be refused for another reason than the one tested."""
    async with serving(answering(office.files("billing"))) as port:
        assert await ask(port, client_context(office.files("patient"))) == "TLSv1.3"
        assert await ask(port, shown(office.files("patient"))) == "TLSv1.3"


async def test_new_files_are_for_new_connections(office: Office, tmp_path: Path) -> None:
    """Certificate, key and authority are replaced under a server that goes on; what is unfit changes nothing."""
    files = office.files("billing", place="live")
    async with serving(server_context(files)) as port:
        assert await ask(port, client_context(office.files("patient"))) == "TLSv1.3"
        assert files.tls_cert_file is not None
        good = files.tls_cert_file.read_bytes()
        files.tls_cert_file.write_text("half a certif")
        assert await ask(port, client_context(office.files("patient"))) == "TLSv1.3"
        files.tls_cert_file.write_bytes(good)
        office.files("billing", "second", place="live")
        assert await ask(port, client_context(office.files("patient")), "second") == "TLSv1.3"
        other = Office(tmp_path / "theirs")
        other.files("billing", place="live")
        for name in ("ca.pem", "live.key", "live.pem"):
            (other.folder / name).replace(office.folder / name)
        other.ca = office.ca
        assert await ask(port, client_context(other.files("patient"))) == "TLSv1.3"
        old = Office(tmp_path / "old")
        old.authority = office.authority
        with pytest.raises(REFUSED):
            await ask(port, shown(Files(office.ca, *pair(old.files("patient")))))


def pair(files: Files) -> tuple[Path | None, Path | None]:
    """Return a certificate and its key."""
    return files.tls_cert_file, files.tls_key_file


@pytest.mark.parametrize("named", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)])
def test_half_a_configuration_is_refused(office: Office, named: tuple[int, ...]) -> None:
    """It would look safe and not be: what is missing is named."""
    whole = office.files("billing")
    fields = ("tls_ca_file", "tls_cert_file", "tls_key_file")
    files = Files(**{fields[n]: getattr(whole, fields[n]) for n in named})
    for make in (server_context, client_context):
        with pytest.raises(FailedPrecondition, match="configured by half") as caught:
            make(files)
        assert [name in caught.value.detail for name in fields] == [n not in named for n in range(3)]


SPOILT: dict[str, tuple[str, Callable[[Office, Files], Files]]] = {
    "no authority": ("authority", lambda ours, files: Files(ours.folder / "none", *pair(files))),
    "an empty authority": ("authority", lambda ours, files: Files(emptied(ours.folder / "empty"), *pair(files))),
    "no certificate": ("in PEM", lambda ours, files: Files(ours.ca, ours.folder / "none", files.tls_key_file)),
    "a key for a certificate": ("in PEM", lambda ours, files: Files(ours.ca, files.tls_key_file, files.tls_key_file)),
    "no key": ("unencrypted key", lambda ours, files: Files(ours.ca, files.tls_cert_file, ours.folder / "none")),
    "another's key": (
        "unencrypted key",
        lambda ours, files: Files(ours.ca, files.tls_cert_file, ours.files("other").tls_key_file),
    ),
    "ended": ("ended on", lambda ours, files: ours.files("billing", begins=-3, days=2)),
    "not begun": ("check this machine's clock", lambda ours, files: ours.files("billing", begins=1, days=2)),
}


def emptied(file: Path) -> Path:
    """Make an empty file."""
    file.write_text("")
    return file


@pytest.mark.parametrize("what", SPOILT)
def test_unfit_files_are_refused_at_start(office: Office, what: str) -> None:
    """With what to do, before the first connection."""
    said, spoil = SPOILT[what]
    files = spoil(office, office.files("billing"))
    for make in (server_context, client_context):
        with pytest.raises(FailedPrecondition, match=said) as caught:
            make(files)
        assert "careplane certs" in caught.value.detail


def test_nobody_is_asked_for_a_password(office: Office) -> None:
    """OpenSSL would ask at the terminal, for ever where nobody sits."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    files = office.files("billing")
    assert files.tls_key_file is not None
    from careplane.app.authority import read_private

    key = read_private(files.tls_key_file)
    assert key is not None
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    files.tls_key_file.write_bytes(locked)
    with pytest.raises(FailedPrecondition, match="unencrypted key"):
        server_context(files)
