"""How the embedded Kafka is set up: one node that is broker and controller, on this machine's own address only."""

import base64
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

HOST = "127.0.0.1"
CLIENTS = "CLIENTS"
_CONTROLLER = "CONTROLLER"
_ONE_NODE = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": _CONTROLLER,
    "inter.broker.listener.name": CLIENTS,
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}
_SMALL = {
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "log.cleaner.dedupe.buffer.size": str(4 * 2**20),
    "num.network.threads": "2",
    "num.io.threads": "4",
}
_OURS = {
    # After a kill the new one must wait until the old one's session is over: 9 seconds unless told otherwise.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "auto.create.topics.enable": "false",  # a mistyped name shall be an error, not a topic
    "group.initial.rebalance.delay.ms": "0",  # the first member need not wait for others
    "group.min.session.timeout.ms": "1000",
}


class Listener(NamedTuple):
    """One more address to be reached at: by which name and protocol, and what port clients are told to come back to."""

    name: str
    port: int
    protocol: str = "PLAINTEXT"
    told_port: int | None = None

    @property
    def told(self) -> str:
        """What clients are told; a proxy's port where one stands between them and the broker."""
        return f"{self.name}://{HOST}:{self.told_port or self.port}"


def properties_of(
    log: Path, listeners: Sequence[Listener], controller_port: int, more: Mapping[str, str]
) -> dict[str, str]:
    """Return the properties of a broker that keeps its records in `log`; what `more` says goes before ours."""
    inside = Listener(_CONTROLLER, controller_port)
    everywhere = (*listeners, inside)
    return {
        **_ONE_NODE,
        **_SMALL,
        **_OURS,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": ",".join(f"{one.name}://{HOST}:{one.port}" for one in everywhere),
        "advertised.listeners": ",".join(one.told for one in listeners),
        "listener.security.protocol.map": ",".join(f"{one.name}:{one.protocol}" for one in everywhere),
        "log.dirs": str(log),
        **more,
    }


def write_properties(file: Path, properties: Mapping[str, str]) -> None:
    """Write a properties file, which only its owner may read: it can hold a listener's passwords."""
    text = "".join(f"{name}={_escaped(value)}\n" for name, value in properties.items())
    file.touch(mode=0o600)
    file.write_text(text, "latin-1")


def _escaped(value: str) -> str:
    ascii_only = "".join(one if one.isascii() else f"\\u{ord(one):04x}" for one in value.replace("\\", "\\\\"))
    return ascii_only.replace("\n", "\\n")


def new_cluster_id() -> str:
    """Return a random id as Kafka writes them; one that begins with a dash would be read as an option."""
    return "C" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii")[1:22]
