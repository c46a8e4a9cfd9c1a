"""A certificate authority, for development and for a house that has none: its key, and the certificates it issues."""

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from careplane.app.setup_error import SetupError

LASTS: Final = timedelta(days=3650)
"""For how long the authority itself is believed, before its certificate is made anew with the same key."""

_BEFORE: Final = timedelta(minutes=5)
"""A certificate begins a little before it is made, for clocks that are behind."""

_BOTH_SIDES: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


class Authority:
    """Issues certificates."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        """Be the authority of that key."""
        self.key = key
        self.certificate = certificate

    @classmethod
    def begun(cls, now: datetime, key: ec.EllipticCurvePrivateKey | None = None) -> "Authority":
        """Return one that begins now; with the `key` of an earlier one it vouches for what that has issued, too."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        name = _named("Careplane development authority")
        builder = _builder(name, key.public_key(), now, LASTS).issuer_name(name)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return cls(key, builder.add_extension(_usage(issues=True), critical=True).sign(key, SHA256()))

    @classmethod
    def read(cls, key: Path, certificate: Path) -> "Authority":
        """Read one from its files; raise SetupError that says what to do."""
        private = read_private(key)
        held = read_certificate(certificate)
        if private is None or held is None or held.public_key() != private.public_key():
            sentence = (
                f"{key} and {certificate} are not an authority's key and certificate. Put them back, or move both away "
                "and run this again: a new authority is made then, and every process needs its certificates."
            )
            raise SetupError(sentence)
        return cls(private, held)

    def issue(
        self, names: Iterable[str], key: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
    ) -> x509.Certificate:
        """Return a certificate for a process that is called and calls by these names, which may be addresses."""
        wanted = tuple(dict.fromkeys(names))
        builder = _builder(_named(wanted[0]), key, now, lasts).issuer_name(self.certificate.subject)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(own, critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(issues=False), critical=True)
        builder = builder.add_extension(_BOTH_SIDES, critical=False)
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in wanted])
        return builder.add_extension(alternatives, critical=False).sign(self.key, SHA256())

    def issued(self, certificate: x509.Certificate) -> bool:
        """Tell whether the certificate is this authority's."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True


def names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the hosts' names and the addresses that the certificate is for."""
    try:
        said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return ()
    return (*said.get_values_for_type(x509.DNSName), *map(str, said.get_values_for_type(x509.IPAddress)))


def ends_within(certificate: x509.Certificate, span: timedelta, now: datetime) -> bool:
    """Tell whether the certificate will have ended when the span is over."""
    return certificate.not_valid_after_utc <= now + span


def read_private(file: Path) -> ec.EllipticCurvePrivateKey | None:
    """Return the key in the file, or None where there is none that serves."""
    try:
        key = load_pem_private_key(_bytes(file), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    fits = isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
    return key if fits and isinstance(key, ec.EllipticCurvePrivateKey) else None


def read_certificate(file: Path) -> x509.Certificate | None:
    """Return the certificate in the file, or None where there is none."""
    try:
        return x509.load_pem_x509_certificate(_bytes(file))
    except ValueError:
        return None


def name_fault(name: str) -> str | None:
    """Return what keeps a name from standing in a certificate, or None."""
    try:
        _alternative(name)
    except ValueError:
        return "is neither a host's name nor an address"
    return None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise SetupError(f"{file} cannot be read ({error.strerror}): run this as its owner.") from error


def _builder(
    name: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(subject_name=name, public_key=key, serial_number=x509.random_serial_number())
    builder = builder.not_valid_before(now.astimezone(UTC) - _BEFORE).not_valid_after(now.astimezone(UTC) + lasts)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if not name or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789.-*") or len(name) > 253:  # noqa: PLR2004
            raise
        return x509.DNSName(name)


def _usage(*, issues: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not issues,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )
