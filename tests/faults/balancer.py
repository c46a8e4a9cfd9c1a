"""A balancer in front of several gateways, in the client: it tries the next where one refuses, hangs up or is busy."""

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Final

import httpx

_BUSY: Final = 503
_REFUSED: Final = (httpx.ConnectError, httpx.ConnectTimeout)
_SAFE: Final = frozenset({"GET", "HEAD"})
_KEY: Final = "Idempotency-Key"


class Balancer(httpx.AsyncBaseTransport):
    """Sends each request to the gateways in turn; `tried` counts why it went on to the next one."""

    def __init__(self, urls: Sequence[str]) -> None:
        """Know the gateways."""
        self._urls = [httpx.URL(url) for url in urls]
        self._turns = itertools.count()
        self._inner = httpx.AsyncHTTPTransport()
        self.tried: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the first answer that is one, or the last there was."""
        turn = next(self._turns)
        gateways = [self._urls[(turn + place) % len(self._urls)] for place in range(len(self._urls))]
        for url in gateways[:-1]:
            try:
                answer = await self._inner.handle_async_request(_sent_to(url, request))
            except httpx.TransportError as error:
                if not isinstance(error, _REFUSED) and not _is_repeatable(request):
                    raise
                self.tried[type(error).__name__] += 1
                continue
            if answer.status_code != _BUSY or not _is_repeatable(request):
                return answer
            self.tried[str(_BUSY)] += 1
            await answer.aclose()
        return await self._inner.handle_async_request(_sent_to(gateways[-1], request))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def _is_repeatable(request: httpx.Request) -> bool:
    return request.method in _SAFE or _KEY in request.headers


def _sent_to(url: httpx.URL, request: httpx.Request) -> httpx.Request:
    there = request.url.copy_with(host=url.host, port=url.port)
    return httpx.Request(request.method, there, headers=request.headers, content=request.content)
