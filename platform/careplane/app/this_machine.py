"""Whether a process keeps to this machine, in what it listens on and what it reaches; and if not, how safely."""

import ipaddress
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from careplane.app.placement import Placement
from careplane.app.settings import Settings


def beyond_this_machine(settings: Settings, placement: Placement, urls: Mapping[str, str]) -> str | None:
    """Return the first setting by which the process listens to or reaches another machine, or None."""
    for setting, host in _hosts(settings, placement):
        if not _is_here(host):
            return setting
    return next((f"database.component_urls.{name}" for name, url in urls.items() if not _database_is_here(url)), None)


def calls_in_the_open(settings: Settings, placement: Placement) -> str | None:
    """Return the first setting by which calls come from or go to another machine without TLS, or None."""
    if settings.grpc.tls_ca_file is not None:
        return None
    return next((setting for setting, host in _calls(settings, placement) if not _is_here(host)), None)


def _hosts(settings: Settings, placement: Placement) -> Iterator[tuple[str, str]]:
    if placement.gateway:
        yield "http.host", settings.http.host
    if settings.metrics.port:
        yield "metrics.host", settings.metrics.host
    yield from _calls(settings, placement)
    for address in filter(None, settings.kafka.bootstrap_servers.split(",")):
        yield "kafka.bootstrap_servers", address.strip().rpartition(":")[0]


def _calls(settings: Settings, placement: Placement) -> Iterator[tuple[str, str]]:
    if settings.grpc.port:
        yield "grpc.host", settings.grpc.host
    for name in placement.elsewhere:
        for address in settings.grpc.peers[name].split(","):
            yield f"grpc.peers.{name}", address.strip().rpartition(":")[0]


def _database_is_here(url: str) -> bool:
    """Tell whether every host in a database's URL is this machine, or a socket's folder; none named is not enough."""
    parts = urlsplit(url)
    hosts = [unquote(host).rpartition("@")[2] for host in parts.netloc.split(",")]
    named = [host if host.endswith("]") else host.partition(":")[0] for host in hosts]
    asked = [one for value in parse_qs(parts.query).get("host", ()) for one in value.split(",")]
    every = [host for host in (*named, *asked) if host]
    return bool(every) and all(host.startswith("/") or _is_here(host) for host in every)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
