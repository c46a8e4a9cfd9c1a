"""What can be set about calls between processes."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, field

_HOST = r"([A-Za-z0-9_.\-]+|\[[0-9A-Fa-f:.%]+\])"
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_ADDRESS = rf"\s*{_HOST}:{_PORT}\s*"
_WANTED = 'must be names with addresses, such as billing = "billing:50051" or "10.0.0.1:50051, 10.0.0.2:50051"'
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class GrpcSettings(Struct, frozen=True, kw_only=True):
    """Calls between processes, where components do not share one: where they come in, and where others are."""

    host: Annotated[
        str,
        Meta(
            min_length=1,
            description="the address on which calls of other processes are taken",
            extra={"when": "`0.0.0.0` in a container; else the machine's address in the internal network."},
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="the port for them; 0 takes none",
            extra={"when": "4010 in every process without a gateway: nobody could call it otherwise."},
        ),
    ] = 0
    peers: Annotated[
        dict[str, Annotated[str, Meta(pattern=rf"^{_ADDRESS}(,{_ADDRESS})*$")]],
        Meta(
            description="where components run that are not in this process, by name",
            extra={
                "wanted": _WANTED,
                "by_component": True,
                "when": "Name what this process calls: a gateway all four, patient billing, analytics patient. "
                "All addresses of a name are used.",
            },
        ),
    ] = field(default_factory=dict)
    keys_dir: Annotated[
        Path | None,
        Meta(
            description="the folder of the keys that calls are signed with, from `careplane certs`",
            extra={"when": "`calls/` of this process. Wherever calls come in or go out."},
        ),
    ] = None
    tls_ca_file: Annotated[
        Path | None,
        Meta(
            description="the certificates of the authority that peers show",
            extra={
                "when": "All three of `tls_*` in production; none of them only where the network itself encrypts. "
                "Read anew for each connection."
            },
        ),
    ] = None
    tls_cert_file: Annotated[
        Path | None,
        Meta(description="the certificate that this process shows", extra={"when": "With the other two."}),
    ] = None
    tls_key_file: Annotated[
        Path | None,
        Meta(description="the private key of that certificate", extra={"when": "With the other two."}),
    ] = None
    sample_clients: Annotated[
        bool,
        Meta(
            description="answer BillingService/CreateBillingAccount, as clients of the Java sample call it",
            extra={"when": "Only in billing's process, for such clients: they bring no token."},
        ),
    ] = False
    message_bytes: Annotated[
        int,
        Meta(
            ge=65_536,
            le=1 << 24,
            description="the largest gRPC message, either way; larger calls go in pieces",
            extra={"when": "Leave it; where it is changed, to the same in all processes."},
        ),
    ] = 1 << 20
    call_bytes: Annotated[
        int,
        Meta(
            ge=65_536,
            le=1 << 30,
            description="the largest request and the largest reply, all pieces together",
            extra={"when": "Leave it; where it is changed, to the same in all processes."},
        ),
    ] = 1 << 25
    calls_in_flight: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="calls under way on one stream; one more is answered Overloaded",
            extra={"when": "Lower it to have less waiting in memory, not to serve more."},
        ),
    ] = 2048
    connections: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="connections that are taken at the same time",
            extra={"when": "More than there are processes that call this one, times two while they are replaced."},
        ),
    ] = 256
    connect_timeout_s: Annotated[
        Seconds,
        Meta(description="how long making a connection may take", extra={"when": "Raise it between far places."}),
    ] = 3.0
    ping_every_s: Annotated[
        Seconds,
        Meta(
            description="how long a stream may be quiet until the peer is asked for a sign of life",
            extra={"when": "With `ping_timeout_s` it is how soon a frozen process is given up."},
        ),
    ] = 1.0
    ping_timeout_s: Annotated[
        Seconds,
        Meta(
            description="how long the answer may take until the peer is given up",
            extra={"when": "Raise it where machines pause for longer."},
        ),
    ] = 2.0
    keepalive_s: Annotated[
        Seconds,
        Meta(
            description="HTTP/2 pings that far apart; who says nothing for three of them is cut off",
            extra={"when": "Below the idle time after which something between the processes forgets connections."},
        ),
    ] = 10.0
    backoff_max_s: Annotated[
        Seconds,
        Meta(description="the longest pause between two tries to connect", extra={"when": "Leave it."}),
    ] = 1.0
    resolve_every_s: Annotated[
        Seconds,
        Meta(
            description="how often the names of peers are looked up again",
            extra={"when": "That long, and the record's own life, until a new process is found."},
        ),
    ] = 5.0
    patience_s: Annotated[
        Seconds,
        Meta(
            description="how long a call waits, within its own time, for a peer that cannot be reached",
            extra={"when": "Longer than a process takes to be replaced by one that runs already."},
        ),
    ] = 2.0
    retry_share: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="how many calls in one may be tries after the first, over time",
            extra={"when": "Lower it where retries keep an overloaded component down."},
        ),
    ] = 0.2
    breaker_failures: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="failures in a row after which an address is left alone for a while",
            extra={"when": "Leave it."},
        ),
    ] = 5
    breaker_open_s: Annotated[Seconds, Meta(description="how long that while is", extra={"when": "Leave it."})] = 2.0
