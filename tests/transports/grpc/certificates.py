"""Certificates for tests: an authority, and whatever it or another one could issue to a process."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct

from careplane.app.authority import Authority
from careplane_transports.grpc.call_keys import private_pem


class Files(Struct, frozen=True):
    """The settings that name certificates."""

    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None


class Office:
    """Issues certificates to processes, into files."""

    def __init__(self, folder: Path) -> None:
        """Make an authority whose files are in the folder."""
        self.folder = folder
        self.authority = Authority.begun(datetime.now(UTC) - timedelta(days=10))
        folder.mkdir(exist_ok=True)
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self.authority.certificate.public_bytes(Encoding.PEM))

    def files(self, *names: str, begins: float = -1.0, days: float = 2.0, place: str = "") -> Files:
        """Issue a certificate for these names that begins in so many days (less than none: it has) and lasts `days`."""
        key = ec.generate_private_key(ec.SECP256R1())
        since = datetime.now(UTC) + timedelta(days=begins)
        made = self.authority.issue(names, key.public_key(), since, timedelta(days=days))
        file = self.folder / (place or f"{names[0]} from {begins} for {days}")
        file.with_suffix(".pem").write_bytes(made.public_bytes(Encoding.PEM))
        file.with_suffix(".key").write_bytes(private_pem(key))
        return Files(self.ca, file.with_suffix(".pem"), file.with_suffix(".key"))
