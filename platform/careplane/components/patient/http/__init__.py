"""The patient component over HTTP: JSON in, messages to the registry, JSON out."""

from litestar.handlers import HTTPRouteHandler

from careplane.components.patient.api import Patients
from careplane.components.patient.http import access, changes, emergencies, history, reading
from careplane.web.parts import WebParts

__all__ = ["endpoints"]


def endpoints(patients: Patients, web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""
    return [
        *reading.endpoints(patients, web),
        *changes.endpoints(patients, web),
        *history.endpoints(patients),
        *access.endpoints(patients),
        *emergencies.endpoints(patients, web),
    ]
