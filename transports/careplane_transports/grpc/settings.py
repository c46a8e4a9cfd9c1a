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
    """Where calls from other processes are taken, where those to other processes go, and how much may be under way."""

    host: Annotated[str, Meta(min_length=1, description="the address on which calls of other processes are taken")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=0, le=65535, description="the port for them; 0 takes none")] = 0
    peers: Annotated[
        dict[str, Annotated[str, Meta(pattern=rf"^{_ADDRESS}(,{_ADDRESS})*$")]],
        Meta(description="where components run that are not in this process, by name", extra={"wanted": _WANTED}),
    ] = field(default_factory=dict)
    keys_dir: Annotated[
        Path | None, Meta(description="the folder of the keys that calls are signed with, from `careplane certs`")
    ] = None
    tls_ca_file: Annotated[Path | None, Meta(description="the certificates of the authority that peers show")] = None
    tls_cert_file: Annotated[Path | None, Meta(description="the certificate that this process shows")] = None
    tls_key_file: Annotated[Path | None, Meta(description="the private key of that certificate")] = None
    sample_clients: Annotated[
        bool, Meta(description="answer BillingService/CreateBillingAccount, as clients of the Java sample call it")
    ] = False
    message_bytes: Annotated[
        int, Meta(ge=65_536, le=1 << 24, description="the largest gRPC message, either way; larger calls go in pieces")
    ] = 1 << 20
    call_bytes: Annotated[
        int, Meta(ge=65_536, le=1 << 30, description="the largest request and the largest reply, all pieces together")
    ] = 1 << 25
    calls_in_flight: Annotated[
        int, Meta(ge=1, le=1_000_000, description="calls under way on one stream; one more is answered Overloaded")
    ] = 2048
    connections: Annotated[int, Meta(ge=1, le=100_000, description="connections that are taken at the same time")] = 256
    connect_timeout_s: Annotated[Seconds, Meta(description="how long making a connection may take")] = 3.0
    ping_every_s: Annotated[Seconds, Meta(description="how long a stream may be quiet until the peer is asked")] = 1.0
    ping_timeout_s: Annotated[Seconds, Meta(description="how long the answer may take until it is given up")] = 2.0
    keepalive_s: Annotated[
        Seconds, Meta(description="HTTP/2 pings that far apart; who says nothing for three of them is cut off")
    ] = 10.0
    backoff_max_s: Annotated[Seconds, Meta(description="the longest pause between two tries to connect")] = 1.0
    resolve_every_s: Annotated[Seconds, Meta(description="how often the names of peers are looked up again")] = 5.0
    patience_s: Annotated[
        Seconds, Meta(description="how long a call waits, within its own time, for a peer that cannot be reached")
    ] = 2.0
    retry_share: Annotated[
        float, Meta(ge=0, le=1, description="how many calls in one may be tries after the first, over time")
    ] = 0.2
    breaker_failures: Annotated[
        int, Meta(ge=1, le=1000, description="failures in a row after which an address is left alone for a while")
    ] = 5
    breaker_open_s: Annotated[Seconds, Meta(description="how long that while is")] = 2.0
