"""The route table: which paths exist, and on what terms; read from a file, and checked against the handlers."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import careplane
from careplane.gateway.yaml_reading import Node, RouteFileError, read_yaml

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODY_LIMIT: Final = 1024 * 1024
GATEWAY: Final = "gateway"
"""The name in the table of what the gateway answers itself."""

REFUSED: Final = "refused"
"""The rate class of tokens that turn out to be wrong; it must be in the table."""

LOST: Final = "open"
"""The rate class of requests that lead nowhere: to no path, by no method; where there is none, it is `REFUSED`."""

_RATE_KEYS: Final = ("per_second", "burst", "per")
_ROUTE_KEYS: Final = ("path", "methods", "component", "access", "scopes", "owner", "rate", "timeout", "body_limit")
_OPTIONAL: Final = ("scopes", "owner", "body_limit")
_PATH: Final = re.compile(r"(?:/(?:[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}))+|/")
_BODY_MAX: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Known:
    """What a row may refer to."""

    components: Collection[str]
    scopes: Collection[str]


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate class: so many requests a second, and so many at once, for each user or each address."""

    name: str
    per_second: float
    burst: int
    per_user: bool


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One path and method that exists, and on what terms; `where` is its line in the file.

    `owner` is the place, among the path's segments, of the user id whose owner needs none of the scopes.
    """

    path: str
    method: str
    component: str
    bearer: bool
    scopes: tuple[str, ...]
    owner: int | None
    rate: Rate
    timeout: float
    body_limit: int
    where: str


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All that exists."""

    source: str
    routes: tuple[Route, ...]
    rates: Mapping[str, Rate]

    def times(self, factor: float) -> "RouteTable":
        """Return the table with all rates multiplied, such as for a load test."""
        rates = {
            name: replace(rate, per_second=rate.per_second * factor, burst=max(1, round(rate.burst * factor)))
            for name, rate in self.rates.items()
        }
        return replace(self, rates=rates, routes=tuple(replace(r, rate=rates[r.rate.name]) for r in self.routes))

    def check_handlers(self, handlers: Collection[tuple[str, str]]) -> None:
        """Raise RouteFileError unless each (path, method) that is handled has its row, and each row its handler."""
        rows = {(route.path, route.method): route for route in self.routes}
        faults = [f"{r.where}: nothing handles {r.method} {r.path}" for k, r in rows.items() if k not in handlers]
        faults += [
            f"{self.source}:1: no row for {method} {path}" for path, method in handlers if (path, method) not in rows
        ]
        if faults:
            raise RouteFileError(tuple(faults))


def default_routes_file() -> Path:
    """Return the route table that comes with Careplane: inside an installed package, or beside a clone's source."""
    package = Path(careplane.__file__).parent
    inside = package / "gateway" / "gateway.yaml"
    return inside if inside.exists() else package.parents[1] / "config" / "gateway.yaml"


def read_routes(path: Path, *, components: Collection[str], scopes: Collection[str]) -> RouteTable:
    """Read the table; raise RouteFileError with every mistake in it, each with its line.

    `components` and `scopes` are those that exist; `BODY_LIMIT` holds for routes that set none.
    """
    faults: list[str] = []
    known = _Known({*components, GATEWAY}, scopes)
    top = read_yaml(path, faults).fields(("rates", "routes"))
    rates = dict(_rates(top["rates"])) if "rates" in top else {}
    if "rates" in top and REFUSED not in rates:
        top["rates"].wrong(f"missing the rate {REFUSED!r}, which tokens that are wrong fall under")
    routes: list[Route] = []
    for node in top["routes"].elements() if "routes" in top else ():
        routes.extend(_routes(node, rates, known))
    faults.extend(_twice(routes))
    if faults:
        raise RouteFileError(tuple(faults))
    return RouteTable(str(path), tuple(routes), rates)


def _rates(node: Node) -> Iterator[tuple[str, Rate]]:
    for name, inner in node.items():
        fields = inner.fields(_RATE_KEYS)
        if len(fields) == len(_RATE_KEYS):
            yield (
                name,
                Rate(
                    name,
                    fields["per_second"].number(float, 0.001, 1_000_000, 1.0),
                    fields["burst"].number(int, 1, 1_000_000, 1),
                    fields["per"].text(("user", "address"), "kind of caller") == "user",
                ),
            )


def _routes(node: Node, rates: Mapping[str, Rate], known: _Known) -> Iterator[Route]:
    fields = node.fields(_ROUTE_KEYS, optional=_OPTIONAL)
    if not set(_ROUTE_KEYS) <= {*fields, *_OPTIONAL}:
        return
    path = fields["path"].text(what="path")
    if not _PATH.fullmatch(path):
        fields["path"].wrong(f"the path {path!r} must be of the form /a/{{b}}/c, with nothing at its end")
    component = fields["component"].text(known.components, "component")
    bearer = fields["access"].text(("public", "bearer"), "access") == "bearer"
    needed = tuple(n.text(known.scopes, "scope") for n in fields["scopes"].elements()) if "scopes" in fields else ()
    if needed and not bearer:
        fields["scopes"].wrong("a public route has no scopes; make it bearer or take them out")
    if bearer and "scopes" not in fields:
        node.wrong("a bearer route names its scopes; write scopes: [] if everybody who has signed in may come")
    owner = _owner(fields["owner"], path) if "owner" in fields else None
    rate = rates.get(fields["rate"].text(rates, "rate"))
    timeout = fields["timeout"].number(float, 0.01, 3600, 1.0)
    limit = fields["body_limit"].number(int, 0, _BODY_MAX, 0) if "body_limit" in fields else BODY_LIMIT
    methods = [method.text(METHODS, "method") for method in fields["methods"].elements()]
    if rate is not None:
        for method in methods:
            yield Route(path, method, component, bearer, needed, owner, rate, timeout, limit, node.where)


def _owner(node: Node, path: str) -> int | None:
    segments = path.split("/")
    variables = [segment[1:-1] for segment in segments if segment.startswith("{")]
    name = node.text(variables, "variable of the path")
    return segments.index(f"{{{name}}}") if name in variables else None


def _twice(routes: list[Route]) -> Iterator[str]:
    seen: dict[tuple[str, str], Route] = {}
    for route in routes:
        key = (re.sub(r"\{[^}]*\}", "{}", route.path), route.method)
        first = seen.setdefault(key, route)
        if first is not route:
            yield f"{route.where}: {route.method} {route.path} is there already ({first.where}); keep one of them"
