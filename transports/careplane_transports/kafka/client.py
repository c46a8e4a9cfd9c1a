"""How every client of ours reaches the brokers: addresses, encryption, signing in, patience."""

import ssl
from typing import Any

from careplane.kernel.errors import FailedPrecondition
from careplane_transports.kafka.settings import KafkaSettings

_RETRY_MS = 100
_METADATA_MAX_AGE_MS = 60_000  # so that new brokers and leaders are known within a minute, whoever sends meanwhile


def client_options(settings: KafkaSettings, purpose: str) -> dict[str, Any]:
    """Return what aiokafka's clients are made with; raise FailedPrecondition where the settings contradict themselves.

    `purpose` tells our clients apart in the broker's logs.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers.split(","),
        "client_id": f"careplane-{purpose}",
        "request_timeout_ms": round(settings.request_timeout_s * 1000),
        "retry_backoff_ms": _RETRY_MS,
        "metadata_max_age_ms": _METADATA_MAX_AGE_MS,
        "security_protocol": settings.security_protocol,
        "ssl_context": tls_context(settings),
    }
    if settings.security_protocol.startswith("SASL_"):
        if not settings.sasl_username or not settings.sasl_password:
            raise FailedPrecondition(
                f"kafka.security_protocol is {settings.security_protocol}: set kafka.sasl_username and "
                "kafka.sasl_password (or sasl_password_file) too."
            )
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password,
        }
    return options


def tls_context(settings: KafkaSettings) -> ssl.SSLContext | None:
    """Return how to encrypt, or None where the protocol does not; the brokers' certificates and names are checked."""
    encrypts = settings.security_protocol.endswith("SSL")
    files = {
        "kafka.tls_ca_file": settings.tls_ca_file,
        "kafka.tls_cert_file": settings.tls_cert_file,
        "kafka.tls_key_file": settings.tls_key_file,
    }
    if not encrypts:
        given = [name for name, file in files.items() if file is not None]
        if given:
            raise FailedPrecondition(
                f"{given[0]} is set, but kafka.security_protocol {settings.security_protocol} does not encrypt: "
                "choose SSL or SASL_SSL."
            )
        return None
    if (settings.tls_cert_file is None) != (settings.tls_key_file is None):
        raise FailedPrecondition("Set kafka.tls_cert_file and kafka.tls_key_file together, or neither.")
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=settings.tls_ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.tls_cert_file is not None:
            context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file)
    except OSError as error:  # ssl.SSLError is one
        named = ", ".join(f"{name} = {file}" for name, file in files.items() if file is not None)
        raise FailedPrecondition(
            f"The TLS files for Kafka cannot be read ({error.strerror or type(error).__name__}): check {named}."
        ) from error
    return context
