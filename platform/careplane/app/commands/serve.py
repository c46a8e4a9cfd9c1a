"""`careplane serve`: any set of components and the gateway for production, started only on ground that is safe."""

from collections.abc import Mapping

import msgspec
import structlog

from careplane.app.databases import by_database
from careplane.app.front import cursor_secret_of
from careplane.app.logs import configure_logs
from careplane.app.placement import Placement
from careplane.app.running import Plan, demo_user_in, nothing, run_until_stopped
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say
from careplane.app.this_machine import beyond_this_machine, calls_in_the_open
from careplane.storage.migrations import pending

_log = structlog.get_logger(__name__)


async def run_serve(settings: Settings, names: tuple[str, ...], *, until_input_ends: bool = False) -> None:
    """Run until SIGTERM, or until standard input ends.

    Raises SetupError for what is missing, FailedPrecondition for what is not safe.
    """
    configure_logs(settings.logging.format, settings.logging.level)
    placement = Placement.of(names)
    urls = placement.urls(settings)
    placement.check(settings)
    _warn(settings, placement)
    secret = cursor_secret_of(settings) if placement.gateway else b""
    await _check_migrated(urls)
    demo = settings.identity.demo_user
    if demo:
        _check_alone(settings, placement, urls)
    # Whatever else a file says: a served platform refuses demo users, keys that it made itself and cheap hashing.
    folder = settings.data_dir if demo else None
    identity = msgspec.structs.replace(settings.identity, production=not demo, data_dir=folder)
    plan = Plan(
        settings=msgspec.structs.replace(settings, identity=identity),
        placement=placement,
        urls=urls,
        cursor_secret=secret,
        prepare=demo_user_in if demo else nothing,
        until_input_ends=until_input_ends,
        announce=lambda: say(_told(settings, placement)),
    )
    await run_until_stopped(plan)


def _check_alone(settings: Settings, placement: Placement, urls: Mapping[str, str]) -> None:
    if (setting := beyond_this_machine(settings, placement, urls)) is not None:
        sentence = (
            f"identity.demo_user is set, so that everybody knows a password, and {setting} leads to other machines: "
            "name this one there, as in 127.0.0.1, or leave demo_user out."
        )
        raise SetupError(sentence)


def _warn(settings: Settings, placement: Placement) -> None:
    """Say what is allowed, for a network may encrypt by itself, and dangerous where it does not."""
    if (setting := calls_in_the_open(settings, placement)) is not None:
        how = "set grpc.tls_ca_file, tls_cert_file and tls_key_file, from `careplane certs`"
        _log.warning("calls cross the network in plaintext, personal data included", setting=setting, how=how)


async def _check_migrated(urls: Mapping[str, str]) -> None:
    for url, names in by_database(urls):
        missing = await pending(url, names)
        if missing:
            sentence = f"{len(missing)} migrations are not applied yet: run `careplane migrate` first."
            raise SetupError(sentence)


def _told(settings: Settings, placement: Placement) -> str:
    where = [f"http://{settings.http.host}:{settings.http.port}"] if placement.gateway else []
    where += [f"gRPC on {settings.grpc.host}:{settings.grpc.port}"] if settings.grpc.port else []
    return f"Careplane serves {', '.join(placement.names)}: {', '.join(where)}."
