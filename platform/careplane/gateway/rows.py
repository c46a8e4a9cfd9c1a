"""A row at work: a route of the table, joined with what its handler takes and with its numbers."""

from collections.abc import Iterator
from typing import Final

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.routes import HTTPRoute

from careplane.gateway.matching import Matcher
from careplane.gateway.routes import Route, RouteTable
from careplane.web.notes import OPT, Notes

_RESERVED: Final = frozenset({"data", "request", "headers", "query", "scope", "state", "socket", "body", "cookies"})


class Row:
    """What the edge looks at for a path and method."""

    __slots__ = ("form", "method", "queries", "route")

    def __init__(self, route: Route, queries: frozenset[str], *, form: bool = False) -> None:
        """Join the route with the query parameters that its handler takes, and whether it takes a form."""
        self.route = route
        self.method = route.method
        self.queries = queries
        self.form = form


def matcher(table: RouteTable, app: Litestar) -> Matcher[Row]:
    """Join each route with its handler; raise RouteFileError where one has no other."""
    handlers = dict(_handlers(app))
    table.check_handlers(handlers.keys())
    return Matcher([(r.path, r.method, _row(r, handlers[r.path, r.method])) for r in table.routes])


def _row(route: Route, handler: HTTPRouteHandler) -> Row:
    notes: Notes = handler.opt.get(OPT, Notes())
    return Row(route, _queries(handler), form=bool(notes.form))


def _handlers(app: Litestar) -> Iterator[tuple[tuple[str, str], HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    if method != "OPTIONS":
                        yield (route.path_format, str(method)), handler


def _queries(handler: HTTPRouteHandler) -> frozenset[str]:
    return frozenset(query_names(handler).values())


def query_names(handler: HTTPRouteHandler) -> dict[str, str]:
    """Return the names of a handler's query parameters: as the URL has them, by how the code calls them."""
    return dict(_query_names(handler))


def _query_names(handler: HTTPRouteHandler) -> Iterator[tuple[str, str]]:
    in_path = {name for path in handler.paths for name in path.replace("{", "/").replace(":", "/").split("/")}
    for name, field in handler.parsed_fn_signature.parameters.items():
        if name in _RESERVED or name in in_path:
            continue
        kwarg = field.kwarg_definition
        yield name, (kwarg.name if isinstance(kwarg, ParameterKwarg) else None) or name
