"""The identity component over HTTP: the handlers of each file here, together."""

from litestar.handlers import HTTPRouteHandler

from careplane.components.identity.api import Identity
from careplane.components.identity.http import clients, second_factor, sessions, sign_in, users
from careplane.web.parts import WebParts


def endpoints(identity: Identity, web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""
    return [
        *sign_in.endpoints(identity, web),
        *sessions.endpoints(identity, web),
        *users.endpoints(identity, web),
        *clients.endpoints(identity, web),
        *second_factor.endpoints(identity, web),
    ]
