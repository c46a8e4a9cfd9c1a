"""Problems in the API documentation: their shape, what each status means, and an example of each, made by the code."""

from typing import Any, Final

import msgspec

from careplane.gateway.problems import problem
from careplane.gateway.refusals import BodyMissing, BodyTooLarge, UnsupportedMedia
from careplane.gateway.request_body import JSON
from careplane.gateway.routes import BODY_LIMIT
from careplane.kernel import errors

Document = dict[str, Any]

_REQUEST_ID: Final = "01890a5d-ac96-774b-bcce-b302099a8057"
_FIELD: Final = errors.FieldError(field="dateOfBirth", message="must be a real date, written YYYY-MM-DD")
_MEANT: Final = {
    400: "The request is not valid; `errors` names the fields.",
    401: "Not signed in, or the token is not valid.",
    403: "The caller's roles do not allow it.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "It conflicts with what is there, or with the same call still running.",
    410: "The record is archived.",
    412: "The record has changed since the version in If-Match.",
    413: "The body is too large.",
    415: "The body is of a kind that this does not take.",
    422: "The Idempotency-Key was used for another request.",
    429: "Too many requests; Retry-After says when to come again.",
    500: "A fault of ours.",
    503: "Overloaded or not available; Retry-After says when to come again.",
    504: "It took too long and may still happen: send it again with the same Idempotency-Key.",
}
_RAISED: Final = {
    400: errors.InvalidArgument(fields=(_FIELD,)),
    401: errors.Unauthenticated(),
    403: errors.PermissionDenied(),
    404: errors.NotFound(),
    408: BodyMissing(),
    409: errors.AlreadyExists(),
    410: errors.Gone(),
    412: errors.StaleVersion(),
    413: BodyTooLarge(BODY_LIMIT),
    415: UnsupportedMedia(b"accept", JSON),
    422: errors.IdempotencyMismatch(),
    429: errors.ResourceExhausted(),
    500: errors.Internal(),
    503: errors.Overloaded(),
    504: errors.DeadlineExceeded(),
}
_WITH_RETRY_AFTER: Final = frozenset({429, 503})
_RETRY_AFTER: Final = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}

SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "requestId"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "The kind of problem."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and what to do."},
        "requestId": {"type": "string"},
        "error": {"type": "string", "description": "The code of RFC 6749, where a program asks for a token."},
        "errors": {
            "type": "array",
            "description": "The fields at fault, a hundred at most.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
"""A problem (RFC 9457)."""


def examples() -> Document:
    """Return an example of each status, by the name that `response` refers to it by."""
    return {_name(status): {"value": _example(status)} for status in _RAISED}


def response(status: int) -> Document:
    """Return what the documentation says of an answer with that status."""
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "examples": {"problem": {"$ref": f"#/components/examples/{_name(status)}"}},
    }
    said = {"description": _MEANT[status], "content": {"application/problem+json": content}}
    return said | ({"headers": {"Retry-After": _RETRY_AFTER}} if status in _WITH_RETRY_AFTER else {})


def _name(status: int) -> str:
    return f"Problem{status}"


def _example(status: int) -> Document:
    made: Document = msgspec.to_builtins(problem(_RAISED[status], _REQUEST_ID).content)
    return made
