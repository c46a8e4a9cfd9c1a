"""The numbers: requests by route template, and gauges that others add as callbacks."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from careplane.gateway.numbers import RequestNumbers

Reading = Callable[[], Mapping[str, float]]
"""Returns a number for each value of one label, such as each component; a single unlabelled number is under ''."""

_Family = GaugeMetricFamily | CounterMetricFamily


class Metrics:
    """What Prometheus is told. Route templates only, never paths: a label must not hold an id, nor grow for ever."""

    def __init__(self) -> None:
        """Make a registry of its own, so that several platforms fit into one process."""
        self.registry = CollectorRegistry(auto_describe=False)
        self.requests = RequestNumbers()
        self.registry.register(self.requests)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def gauge(self, name: str, meaning: str, read: Reading, label: str = "") -> None:
        """Tell of something that goes up and down, read at each scrape, such as the calls in each mailbox."""
        self.registry.register(_Read(GaugeMetricFamily, name, meaning, read, label))

    def counter(self, name: str, meaning: str, read: Reading, label: str = "") -> None:
        """Tell of something that somebody else counts, such as batches; `_total` is put behind its name."""
        self.registry.register(_Read(CounterMetricFamily, name, meaning, read, label))


class _Read(Collector):
    def __init__(self, kind: Callable[..., _Family], name: str, meaning: str, read: Reading, label: str) -> None:
        self._labels = [label] if label else []
        self._family: Callable[[], _Family] = lambda: kind(name, meaning, labels=self._labels)
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Return its name, so that a second one of that name is refused."""
        return [self._family()]

    def collect(self) -> Iterator[Metric]:
        """Read it now."""
        family = self._family()
        for value, number in self._read().items():
            family.add_metric([value] if self._labels else [], number)
        yield family
