"""Mutual TLS between processes: each shows a certificate of the platform's own authority, and asks the other for one.

All three files are set, or none and calls go in plaintext; half of it is refused, for it would look safe and not be.
The server looks at its files with every new connection, and whoever calls makes a context for each: certificates are
replaced by replacing the files.
"""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

import structlog
from cryptography import x509

from careplane.kernel.errors import FailedPrecondition

_HOW: Final = "make them with `careplane certs FOLDER`, or ask whoever runs your certificate authority"
_Stamps = tuple[tuple[int, int], ...]
_log = structlog.get_logger(__name__)


class TlsFiles(Protocol):
    """The settings that name the certificates: all three or none."""

    @property
    def tls_ca_file(self) -> Path | None:
        """The certificates of the authorities that are believed."""
        ...

    @property
    def tls_cert_file(self) -> Path | None:
        """The certificate of this process, with those between it and the authority's."""
        ...

    @property
    def tls_key_file(self) -> Path | None:
        """The private key of that certificate, not encrypted."""
        ...


def server_context(settings: TlsFiles) -> ssl.SSLContext | None:
    """Return what connections are accepted with, None for plaintext; raise FailedPrecondition that says what to do."""
    files = _files(settings)
    if files is None:
        return None
    fresh = _Fresh(files)
    context = _server(files)

    def renewed(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = fresh.context

    context.sni_callback = renewed
    return context


def client_context(settings: TlsFiles) -> ssl.SSLContext | None:
    """Return what one connection is made with, None for plaintext; raise FailedPrecondition that says what to do.

    The name that the other side must prove is that of the component, wherever it runs.
    """
    files = _files(settings)
    return None if files is None else _loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), files)


class _Fresh:
    """A server's context that follows its files; as long as they are unfit, what was there before stays."""

    def __init__(self, files: tuple[Path, Path, Path]) -> None:
        self._files = files
        self._seen = _stamps(files)
        self._context = _server(files)

    @property
    def context(self) -> ssl.SSLContext:
        """The context for the connection that begins now."""
        seen = _stamps(self._files)
        if seen != self._seen:
            self._seen = seen
            try:
                self._context = _server(self._files)
            except FailedPrecondition as error:
                _log.error("the new certificates are passed over: mend them", fault=error.detail)
        return self._context


def _files(settings: TlsFiles) -> tuple[Path, Path, Path] | None:
    ca, certificate, key = settings.tls_ca_file, settings.tls_cert_file, settings.tls_key_file
    if ca is not None and certificate is not None and key is not None:
        return ca, certificate, key
    named = {"grpc.tls_ca_file": ca, "grpc.tls_cert_file": certificate, "grpc.tls_key_file": key}
    missing = [name for name, file in named.items() if file is None]
    if len(missing) == len(named):
        return None
    detail = f"TLS is configured by half: {' and '.join(missing)} not set. Set all three files, or none for plaintext."
    raise FailedPrecondition(detail)


def _server(files: tuple[Path, Path, Path]) -> ssl.SSLContext:
    context = _loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), files)
    context.verify_mode = ssl.CERT_REQUIRED
    context.options |= ssl.OP_NO_TICKET  # who comes again shows the certificate again
    context.num_tickets = 0
    return context


def _loaded(context: ssl.SSLContext, files: tuple[Path, Path, Path]) -> ssl.SSLContext:
    ca, certificate, key = files
    _check_time(certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["h2"])
    try:
        context.load_verify_locations(ca)
    except (OSError, ssl.SSLError) as error:
        raise FailedPrecondition(f"{ca} holds no certificates of an authority ({_why(error)}): {_HOW}.") from error
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ssl.SSLError, ValueError) as error:
        detail = f"{certificate} and {key} are not a certificate and its unencrypted key ({_why(error)}): {_HOW}."
        raise FailedPrecondition(detail) from error
    return context


def _no_password() -> str:
    """Keep OpenSSL from asking at the terminal."""
    raise ValueError("the key is encrypted")


def _check_time(certificate: Path) -> None:
    try:
        own = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise FailedPrecondition(f"{certificate} is not a certificate in PEM ({_why(error)}): {_HOW}.") from error
    now = datetime.now(UTC)
    if now >= own.not_valid_after_utc:
        raise FailedPrecondition(f"{certificate} ended on {own.not_valid_after_utc:%Y-%m-%d %H:%M} UTC: {_HOW}.")
    if now < own.not_valid_before_utc:
        begins = f"{own.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        raise FailedPrecondition(f"{certificate} begins on {begins} only: check this machine's clock, or {_HOW}.")


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not readable"
    return error.strerror or "not readable" if isinstance(error, OSError) else "not readable"


def _stamps(files: tuple[Path, ...]) -> _Stamps:
    return tuple(_stamp(file) for file in files)


def _stamp(file: Path) -> tuple[int, int]:
    """Return what changes when a file is replaced; of one that cannot be looked at, reading it will tell why."""
    try:
        stat = file.stat()
    except OSError:
        return 0, 0
    return stat.st_ino, stat.st_mtime_ns
