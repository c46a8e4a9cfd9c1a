"""The numbers of a process: what its components, its links with others and its event loop tell of themselves."""

import asyncio
from collections.abc import Callable, Mapping

from careplane.app.host import Host, Hosted
from careplane.app.links import Links
from careplane.gateway.metrics import Metrics, Reading


def process_metrics(host: Host, links: Links) -> Metrics:
    """Return the numbers of the process in which `host` runs."""
    metrics = Metrics()
    metrics.gauge("careplane_tasks", "Tasks of the event loop", lambda: {"": len(asyncio.all_tasks())})
    _tell_of_components(metrics, host)
    metrics.gauge("careplane_link", "What the links with other processes tell", lambda: _read(links.gauges), "gauge")
    return metrics


def _tell_of_components(metrics: Metrics, host: Host) -> None:
    metrics.gauge("careplane_mailbox_calls", "Calls held", _each(host, lambda h: h.mailbox.held), "component")
    metrics.gauge("careplane_pool_in_use", "Connections lent", _each(host, lambda h: h.database.in_use), "component")
    metrics.gauge("careplane_pool_size", "Connections open", _each(host, lambda h: h.database.size), "component")
    unsealed = _each(host, lambda h: h.sealer.waits)
    metrics.gauge("careplane_audit_unsealed_seconds", "Age of the oldest audit row not sealed", unsealed, "component")
    metrics.gauge("careplane_component", "What components tell of themselves", lambda: _gauges(host), "gauge")
    metrics.counter("careplane_batches", "Group commits", lambda: _commits(host, "flushes"), "commit")
    metrics.counter("careplane_batched", "Pieces of work in group commits", lambda: _commits(host, "flushed"), "commit")


def _read(gauges: Mapping[str, Callable[[], float]]) -> Mapping[str, float]:
    return {name: read() for name, read in gauges.items()}


def _each(host: Host, read: Callable[[Hosted], float]) -> Reading:
    return lambda: {name: read(hosted) for name, hosted in host.hosted.items()}


def _gauges(host: Host) -> Mapping[str, float]:
    return {f"{name}_{gauge}": read() for name, h in host.hosted.items() for gauge, read in h.assembly.gauges.items()}


def _commits(host: Host, count: str) -> Mapping[str, float]:
    return {
        f"{name}_{commit}": getattr(group, count)
        for name, hosted in host.hosted.items()
        for commit, group in hosted.assembly.commits.items()
    }
