"""A broker of the tests' own: it can be stopped and started, wants a password at one door and TLS at another."""

import tempfile
from asyncio import start_server
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.faults.proxy import HOST, Link
from tests.ports import free_port
from tests.transports.grpc.certificates import Files, Office

from careplane.app.kafka_broker import KafkaBroker
from careplane.app.kafka_broker_conf import Listener

USER, PASSWORD = "careplane", "correct horse battery staple"
_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


class OwnBroker:
    """One Kafka with a plain listener, one behind a link, one that wants a password and one that wants TLS."""

    def __init__(self) -> None:
        """Choose its ports, and make the certificates of it and of its clients."""
        self._folder = tempfile.TemporaryDirectory(prefix="careplane-own-kafka-")
        folder = Path(self._folder.name)
        self.office = Office(folder / "office")
        self.client: Files = self.office.files("patient")
        port, behind, self.link_port, signed, safe = (free_port() for _ in range(5))
        self._behind = behind
        listeners = (
            Listener("LINKED", behind, told_port=self.link_port),
            Listener("SIGNED", signed, "SASL_PLAINTEXT"),
            Listener("SAFE", safe, "SSL"),
        )
        self.broker = KafkaBroker(
            folder / "kafka",
            port,
            listeners=listeners,
            properties={**_signed(), **_safe(self.office)},
            java_options=("-XX:TieredStopAtLevel=1",),
        )
        self.plain, self.linked = f"{HOST}:{port}", f"{HOST}:{self.link_port}"
        self.signed, self.safe = f"{HOST}:{signed}", f"{HOST}:{safe}"

    def __enter__(self) -> Self:
        self.broker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.broker.stop()
        self._folder.cleanup()

    def link(self) -> Link:
        """Make the link that clients of `linked` go by; `open` it before."""
        return _LinkAt(self.link_port, self._behind)


class _LinkAt(Link):
    """A link that listens where the broker tells its clients to come."""

    def __init__(self, port: int, target: int) -> None:
        super().__init__("kafka", (HOST, target))
        self.port = port

    async def open(self) -> None:
        """Listen, and pass on all that comes until told otherwise."""
        self._server = await start_server(self._accept, HOST, self.port)


def _signed() -> dict[str, str]:
    return {
        "listener.name.signed.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.signed.plain.sasl.jaas.config": f'{_LOGIN} required user_{USER}="{PASSWORD}";',
    }


def _safe(office: Office) -> dict[str, str]:
    mine = office.files("localhost", HOST)
    assert mine.tls_cert_file is not None
    assert mine.tls_key_file is not None
    return {
        "listener.name.safe.ssl.client.auth": "required",
        "listener.name.safe.ssl.keystore.type": "PEM",
        "listener.name.safe.ssl.keystore.certificate.chain": mine.tls_cert_file.read_text(),
        "listener.name.safe.ssl.keystore.key": mine.tls_key_file.read_text(),
        "listener.name.safe.ssl.truststore.type": "PEM",
        "listener.name.safe.ssl.truststore.certificates": office.ca.read_text(),
    }
