"""The API documentation over HTTP: OpenAPI for programs, and for browsers a page that needs nothing from elsewhere."""

import functools
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from careplane.gateway.docs_page import PAGE_POLICY, page
from careplane.gateway.openapi import Document, documents
from careplane.gateway.routes import RouteTable
from careplane.web.bodies import StrictRequest, header
from careplane.web.reply import Reply

_AGE: Final = (b"cache-control", b"public, max-age=300")
_PAGES: Final = {"/api-docs/patients": "patient", "/api-docs/auth": "identity"}


def endpoints(handlers: Mapping[str, Sequence[HTTPRouteHandler]], table: RouteTable) -> list[HTTPRouteHandler]:
    """Return the handlers that tell about all other `handlers`."""

    @functools.cache
    def made() -> dict[str, Document]:
        return documents(handlers, table)

    @functools.cache
    def written(name: str) -> bytes:
        return msgspec.json.encode(made().get(name, made()[""]))

    @functools.cache
    def shown() -> bytes:
        return page(made()[""]).encode()

    @get("/api-docs", include_in_schema=False)
    async def everything(request: StrictRequest) -> Reply[bytes]:
        if "text/html" in (header(request, b"accept") or ""):
            headers = (_AGE, (b"content-security-policy", PAGE_POLICY), (b"vary", b"accept"))
            return Reply(shown(), headers=headers, media=b"text/html; charset=utf-8")
        return Reply(written(""), headers=(_AGE, (b"vary", b"accept")))

    @get(list(_PAGES), include_in_schema=False)
    async def of_component(request: StrictRequest) -> Reply[bytes]:
        return Reply(written(_PAGES[request.scope["path"]]), headers=(_AGE,))

    return [everything, of_component]
