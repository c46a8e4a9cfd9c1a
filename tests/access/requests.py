"""A request to every route that is right in all but perhaps who sends it: paths filled in, bodies from the examples."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from careplane.gateway.routes import Route

_FORM: Final = "application/x-www-form-urlencoded"
_EMAIL: Final = "somebody@example.org"

BODIES: Final[Mapping[str, Callable[[UUID], dict[str, Any]]]] = {
    "POST /api/patients": lambda _: {
        "name": "Somebody New",
        "email": f"{uuid4()}@example.org",
        "address": "1 Way, Town",
        "dateOfBirth": "1980-02-03",
    },
    "PUT /api/patients/{patient_id}": lambda _: {
        "name": "Somebody Else",
        "email": f"{uuid4()}@example.org",
        "address": "1 Way, Town",
        "dateOfBirth": "1980-02-03",
    },
    "PUT /api/patients/{patient_id}/access": lambda caller: {"restricted": True, "careTeam": [str(caller)]},
}
"""Bodies that have to be made for the occasion; the others are the examples of the API documentation."""


class Examples:
    """The bodies that the API documentation gives as examples, by route."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Take the OpenAPI document."""
        self._paths = document["paths"]

    def request(self, route: Route, variables: Mapping[str, str], caller: UUID) -> dict[str, Any]:
        """Return the method, URL, headers and body of a request, as httpx takes them."""
        made: dict[str, Any] = {"method": route.method, "url": route.path.format(**variables)}
        own = BODIES.get(f"{route.method} {route.path}")
        operation = self._paths.get(route.path, {}).get(route.method.lower(), {})
        content = operation.get("requestBody", {}).get("content", {})
        if own is not None:
            made["json"] = own(caller)
        elif _FORM in content:
            made["data"] = content[_FORM]["example"]
        elif content:
            media, described = next(iter(content.items()))
            made["content"] = httpx.Request("POST", "http://x", json=described["example"]).content
            made["headers"] = {"content-type": media}
        return made
