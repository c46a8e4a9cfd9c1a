"""The billing component over HTTP: nothing of its own; a patient's account is asked for at the patient's path."""

from litestar.handlers import HTTPRouteHandler

from careplane.components.billing.api import Billing
from careplane.web.parts import WebParts


def endpoints(_billing: Billing, _web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers, of which there are none."""
    return []
