"""What the data folder gives the processes of `careplane split`: databases, certificates, keys and secrets."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from careplane.app.anchors import anchor_file_of
from careplane.app.kept_secrets import cursor_secret_in, keep_secret, second_factors_key_in
from careplane.app.settings import Settings
from careplane.app.split_plan import SplitProcess
from careplane.components.identity.api import IDENTITY

_NOT_FOR_CHILDREN: Final = (
    "DATABASE_URL",
    "CAREPLANE_DATABASE_URL",
    "CAREPLANE_DATABASE_COMPONENT_URLS",
    "CAREPLANE_DATABASE_PASSWORD",
    "CAREPLANE_DATABASE_LOGINS",
    "CAREPLANE_HTTP_CURSOR_SECRET",
    "CAREPLANE_IDENTITY_SECRETS_KEY",
)
"""What begins so leads to a database as its owner, or is given to each process as a file of its own."""


def certificates_in(settings: Settings) -> Path:
    """Return the folder of the authority, and of what each process gets from it."""
    return settings.data_dir / "certs"


def environment_of(process: SplitProcess, settings: Settings, urls: Mapping[str, str], brokers: str) -> dict[str, str]:
    """Return the environment of a process, under the `settings` of all; what is secret is in files that it names."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_CHILDREN)}
    certificates = certificates_in(settings) / process.runs
    return {
        **ours,
        "CAREPLANE_DATA_DIR": str(settings.data_dir),
        "CAREPLANE_IDENTITY_DEMO_USER": "true",
        "CAREPLANE_AUDIT_ANCHOR_FILE": str(anchor_file_of(settings)),
        "CAREPLANE_HTTP_PORT": str(process.settings.http.port),
        "CAREPLANE_KAFKA_BOOTSTRAP_SERVERS": brokers,
        "CAREPLANE_GRPC_KEYS_DIR": str(certificates / "calls"),
        "CAREPLANE_GRPC_TLS_CA_FILE": str(certificates / "ca.pem"),
        "CAREPLANE_GRPC_TLS_CERT_FILE": str(certificates / "tls.pem"),
        "CAREPLANE_GRPC_TLS_KEY_FILE": str(certificates / "tls.key"),
        **_secrets(process, settings, urls),
    }


def _secrets(process: SplitProcess, settings: Settings, urls: Mapping[str, str]) -> dict[str, str]:
    """Write what this process needs to know and nobody else, and return the variables that name the files."""
    known: dict[str, bytes] = {}
    own = {entry.name: urls[entry.name] for entry in process.placement.entries}
    if own:
        known["CAREPLANE_DATABASE_COMPONENT_URLS_FILE"] = msgspec.json.encode(own)
    if process.placement.gateway:
        known["CAREPLANE_HTTP_CURSOR_SECRET_FILE"] = cursor_secret_in(settings.data_dir).hex().encode()
    if IDENTITY.name in own:
        known["CAREPLANE_IDENTITY_SECRETS_KEY_FILE"] = second_factors_key_in(settings.data_dir).encode()
    folder = settings.data_dir / "split" / process.name
    files = {variable: folder / variable.removeprefix("CAREPLANE_").lower() for variable in known}
    for variable, file in files.items():
        keep_secret(file, known[variable])
    return {variable: str(file) for variable, file in files.items()}
