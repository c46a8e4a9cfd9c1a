"""What can be set about Kafka."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct


class KafkaSettings(Struct, frozen=True, kw_only=True):
    """Which Kafka carries the events between processes, and how its topics are made: patient, billing and analytics."""

    bootstrap_servers: Annotated[
        str,
        Meta(
            pattern=r"^([^\s,:]+:[0-9]{1,5}(,[^\s,:]+:[0-9]{1,5})*)?$",
            description="host:port of its brokers, with commas between; empty: events stay in this process",
            extra={
                "wanted": "must be host:port, and several with a comma between them",
                "when": "Wherever patient and analytics do not share a process; the same in both, and in billing.",
            },
        ),
    ] = ""
    topic_prefix: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9._-]{0,100}$",
            description="put before the name of every topic and group, where several platforms share one Kafka",
            extra={
                "wanted": "must be 100 letters, digits, dots, underscores and hyphens at most",
                "when": "Such as `clinic-a.`; the same in all processes, from the beginning.",
            },
        ),
    ] = ""
    partitions: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="partitions of a topic made here; each is read by one process at a time",
            extra={
                "when": "At least as many as analytics will ever have processes: a topic that is there keeps its own."
            },
        ),
    ] = 6
    replication_factor: Annotated[
        int,
        Meta(
            ge=1,
            le=10,
            description="how many brokers hold each topic made here; with 3 or more, two must have what is sent",
            extra={"when": "3 in production, with three brokers or more."},
        ),
    ] = 1
    retention_hours: Annotated[
        int,
        Meta(
            ge=1,
            le=87_600,
            description="how long the topics keep events; the outbox keeps them for good",
            extra={"when": "Longer than analytics may be down: after that `careplane analytics rebuild` mends it."},
        ),
    ] = 168
    compression: Annotated[
        Literal["none", "gzip", "snappy", "lz4", "zstd"],
        Meta(description="how what is sent is packed", extra={"when": "`zstd` for less traffic and more work."}),
    ] = "lz4"
    security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        Meta(
            description="SSL and SASL_SSL encrypt; SASL_SSL and SASL_PLAINTEXT sign in with a name and a password",
            extra={"when": "`SASL_SSL`, or `SSL` with a certificate, wherever the network is not ours alone."},
        ),
    ] = "PLAINTEXT"
    sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        Meta(description="how to sign in", extra={"when": "As the brokers want it."}),
    ] = "SCRAM-SHA-512"
    sasl_username: Annotated[
        str, Meta(description="whom to sign in as", extra={"when": "With `SASL_*`; another one for each component."})
    ] = ""
    sasl_password: Annotated[
        str, Meta(description="the password to sign in with", extra={"secret": True, "when": "With `SASL_*`."})
    ] = ""
    tls_ca_file: Annotated[
        Path | None,
        Meta(
            description="who is believed about the brokers' names; unset: the system's authorities",
            extra={"when": "With `SSL` and `SASL_SSL`, where the brokers' authority is a private one."},
        ),
    ] = None
    tls_cert_file: Annotated[
        Path | None,
        Meta(description="our certificate, where the brokers want one", extra={"when": "With `tls_key_file`."}),
    ] = None
    tls_key_file: Annotated[
        Path | None, Meta(description="the key of that certificate", extra={"when": "With `tls_cert_file`."})
    ] = None
    send_timeout_s: Annotated[
        float,
        Meta(
            ge=1,
            le=30,
            description="how long to wait until Kafka has taken events, before they are sent again",
            extra={"when": "Raise it where brokers are far or slow; no caller waits for it."},
        ),
    ] = 10.0
    request_timeout_s: Annotated[
        float,
        Meta(
            ge=1,
            le=60,
            description="how long a broker may take to answer, before it counts as gone",
            extra={"when": "Raise it where brokers are far or slow."},
        ),
    ] = 5.0
    session_timeout_s: Annotated[
        float,
        Meta(
            ge=1,
            le=300,
            description="after how much silence of a process others read its partitions",
            extra={"when": "Within what the brokers allow (6 s or more by default)."},
        ),
    ] = 10.0
