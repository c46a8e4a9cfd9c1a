"""What can be set about Kafka."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

_SECRET = {"secret": True}
Seconds = Annotated[float, Meta(gt=0)]


class KafkaSettings(Struct, frozen=True, kw_only=True):
    """Which Kafka carries the events between processes, and how its topics are made."""

    bootstrap_servers: Annotated[
        str,
        Meta(
            pattern=r"^([^\s,:]+:[0-9]{1,5}(,[^\s,:]+:[0-9]{1,5})*)?$",
            description="host:port of its brokers, with commas between; empty: events stay in this process",
            extra={"wanted": "must be host:port, and several with a comma between them"},
        ),
    ] = ""
    topic_prefix: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9._-]{0,100}$",
            description="put before the name of every topic and group, where several platforms share one Kafka",
        ),
    ] = ""
    partitions: Annotated[
        int,
        Meta(ge=1, le=1000, description="partitions of a topic made here; each is read by one process at a time"),
    ] = 6
    replication_factor: Annotated[
        int, Meta(ge=1, le=10, description="how many brokers hold each topic; 3 where nothing may be lost")
    ] = 1
    retention_hours: Annotated[
        int, Meta(ge=1, le=87_600, description="how long the topics keep events; the outbox keeps them for good")
    ] = 168
    compression: Annotated[
        Literal["none", "gzip", "snappy", "lz4", "zstd"], Meta(description="how what is sent is packed")
    ] = "lz4"
    security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        Meta(description="SSL and SASL_SSL encrypt; SASL_SSL and SASL_PLAINTEXT sign in with a name and a password"),
    ] = "PLAINTEXT"
    sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], Meta(description="how to sign in")
    ] = "SCRAM-SHA-512"
    sasl_username: Annotated[str, Meta(description="whom to sign in as")] = ""
    sasl_password: Annotated[str, Meta(description="the password to sign in with", extra=_SECRET)] = ""
    tls_ca_file: Annotated[
        Path | None, Meta(description="who is believed about the brokers' names; unset: the system's authorities")
    ] = None
    tls_cert_file: Annotated[Path | None, Meta(description="our certificate, where the brokers want one")] = None
    tls_key_file: Annotated[Path | None, Meta(description="the key of that certificate")] = None
    send_timeout_s: Annotated[
        float,
        Meta(ge=1, le=30, description="how long to wait until Kafka has taken events, before they are sent again"),
    ] = 10.0
    request_timeout_s: Annotated[
        float, Meta(ge=1, le=60, description="how long a broker may take to answer, before it counts as gone")
    ] = 5.0
    session_timeout_s: Annotated[
        float, Meta(ge=1, le=300, description="after how much silence of a process others read its partitions")
    ] = 10.0
