"""A connection to one address, as grpclib's channel: made within a bounded time, and gone at once when it is closed."""

import asyncio
import ssl
from typing import cast

from grpclib.client import Channel, Handler
from grpclib.protocol import H2Protocol

from careplane_transports.grpc.http2 import Http2, configuration, gone
from careplane_transports.grpc.settings import GrpcSettings


class PeerChannel(Channel):
    """Connects once: whoever wants another connection makes another channel."""

    def __init__(self, host: str, port: int, settings: GrpcSettings, *, name: str, tls: ssl.SSLContext | None) -> None:
        """Be about to connect to `host`, which must prove to be `name` where there is TLS."""
        super().__init__(host, port, ssl=tls, config=configuration(settings, name if tls else None))
        self._settings = settings
        self._made: Http2 | None = None

    async def end(self) -> None:
        """End the connection, and return when its socket is closed."""
        made, self._made = self._made, None
        if made is None:
            return
        made.say_goodbye()
        self.close()
        await gone((made,))

    def abort(self) -> None:
        """End the connection without a word: the other side does not listen."""
        if self._made is not None:
            self._made.abort()

    def _protocol_factory(self) -> H2Protocol:
        return Http2(Handler(), self._config, self._h2_config, self._settings)

    async def _create_connection(self) -> H2Protocol:
        async with asyncio.timeout(self._settings.connect_timeout_s):
            self._made = cast("Http2", await super()._create_connection())
        return self._made
