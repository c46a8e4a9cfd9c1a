"""The real program split over processes: a `careplane split` that runs, and how to talk to it."""

import re
import uuid
from typing import Final

import httpx
from tests.end_to_end.program import Program
from tests.wirings.split_folder import GATEWAY_PORT, METRICS_PORT, write_split_folder

from careplane.app.split_plan import split_processes

BROKERS: Final = "KAFKA_BOOTSTRAP_SERVERS"
_SPEAKER = re.compile(r"^[a-z]+ +\| ", re.MULTILINE)


class SplitProgram(Program):
    """A `careplane split`: the gateway and each component in a process of its own, over gRPC and Kafka."""

    def _words(self) -> tuple[tuple[str, ...], dict[str, str]]:
        self.folder = write_split_folder(
            self.data.with_suffix(".split"), {GATEWAY_PORT: self.port, METRICS_PORT: self.metrics_port}
        )
        words = ("split", "--data", str(self.data), "--config", str(self.folder))
        prefix = self.data.with_suffix(".topics")  # those who start on the same folder again go on with its topics
        if not prefix.exists():
            prefix.write_text(f"{uuid.uuid4().hex[:8]}-")
        return words, {"CAREPLANE_KAFKA_TOPIC_PREFIX": prefix.read_text()}

    def said(self) -> str:
        """Return all that its processes have written so far, without their names before it."""
        return _SPEAKER.sub("", super().said())

    def metrics(self) -> str:
        """Return what all its processes tell Prometheus."""
        ports = [process.settings.metrics.port for process in split_processes(self.folder)]
        return "".join(httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10.0).text for port in ports)
