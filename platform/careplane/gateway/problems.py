"""Problems: every error as RFC 9457 problem+json, mapped here once, in one shape whatever went wrong."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog
from litestar import Request
from litestar.exceptions import HTTPException, ValidationException
from litestar.exceptions import NotFoundException as LitestarNotFound
from litestar.handlers import HTTPRouteHandler

from careplane.gateway.refusals import BodyMissing, BodyTooLarge, MethodNotAllowed, NoSuchPath, UnsupportedMedia
from careplane.gateway.rows import query_names
from careplane.kernel import errors
from careplane.kernel.context import current
from careplane.kernel.errors import FieldError, Internal, InvalidArgument, PlatformError
from careplane.web.bodies import NO_BODY
from careplane.web.faults import fault
from careplane.web.reply import Reply

MEDIA: Final = b"application/problem+json"
RETRY_AFTER_SECONDS: Final = 1.0
SERVER_FAULT: Final = 500

STATUS: Final[dict[type[PlatformError], int]] = {
    errors.InvalidArgument: 400,
    errors.Unauthenticated: 401,
    errors.PermissionDenied: 403,
    errors.NotFound: 404,
    MethodNotAllowed: 405,
    BodyMissing: 408,
    errors.AlreadyExists: 409,
    errors.Aborted: 409,
    errors.FailedPrecondition: 409,
    errors.Gone: 410,
    errors.StaleVersion: 412,
    BodyTooLarge: 413,
    UnsupportedMedia: 415,
    errors.IdempotencyMismatch: 422,
    errors.ResourceExhausted: 429,
    errors.Internal: 500,
    errors.Unimplemented: 501,
    errors.Unavailable: 503,
    errors.DeadlineExceeded: 504,
}
_BY_CODE: Final = {kind.code: status for kind, status in STATUS.items() if PlatformError in kind.__bases__}
_CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="careplane"')
_WRONG_TOKEN: Final = (b"www-authenticate", b'Bearer realm="careplane", error="invalid_token"')
_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")
_log = structlog.get_logger(__name__)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What went wrong (RFC 9457): `errors` names the fields at fault, `requestId` is what to ask about.

    `error` is the code of RFC 6749, section 5.2, where a token was asked for in the way of OAuth 2.0.
    """

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: tuple[FieldError, ...] = ()
    error: str = ""


def status_of(error: PlatformError) -> int:
    """Return the HTTP status of an error: that of its class, or of the nearest class above it."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return _BY_CODE.get(error.code, SERVER_FAULT)


def problem(error: PlatformError, request_id: str, *, token_sent: bool = False) -> Reply[Problem]:
    """Return the answer that tells the caller about an error."""
    status = status_of(error)
    words = _WORD.sub(" ", type(error).__name__).lower()
    content = Problem(
        type=f"urn:careplane:problem:{words.replace(' ', '-')}",
        title=words.capitalize(),
        status=status,
        detail=error.detail,
        request_id=request_id,
        errors=error.fields,
        error=getattr(error, "oauth", ""),
    )
    return Reply(content, status=status, headers=_headers(error, token_sent=token_sent), media=MEDIA)


def answer(request: Request[Any, Any, Any], exception: Exception) -> Reply[Problem]:
    """Answer whatever a handler raised, or Litestar on its behalf; what was not raised on purpose is logged."""
    error = known(exception, request.scope.get("route_handler"))
    if status_of(error) >= SERVER_FAULT:
        _tell(error, exception, str(request.scope.get("path_template", "-")))
    return problem(error, current().request_id, token_sent=b"authorization" in dict(request.scope["headers"]))


def known(exception: Exception, handler: object = None) -> PlatformError:
    """Return the exception in the platform's own vocabulary; `handler` is whose parameters did not fit, if any."""
    match exception:
        case PlatformError():
            return exception
        case ValidationException(extra=list(found)):
            names = query_names(handler) if isinstance(handler, HTTPRouteHandler) else {}
            return InvalidArgument(fields=tuple(_parameter(item, names) for item in found))
        case LitestarNotFound():
            return NoSuchPath()
        case HTTPException(status_code=status) if status < SERVER_FAULT:
            return InvalidArgument("The request is not valid HTTP for this path. Check the API documentation.")
    return Internal(meta={"fault": type(exception).__name__})


def _parameter(found: dict[str, str], names: Mapping[str, str]) -> FieldError:
    if found.get("key") == "data":
        return NO_BODY
    said = fault(msgspec.ValidationError(found.get("message", "")))
    name = found.get("key", "request")
    words = name.split("_")
    in_camel_case = words[0] + "".join(w.capitalize() for w in words[1:])
    return FieldError(field=names.get(name, in_camel_case), message=said.message)


def _headers(error: PlatformError, *, token_sent: bool) -> list[tuple[bytes, bytes]]:
    fields: list[tuple[bytes, bytes]] = list(getattr(error, "headers", ()))
    if isinstance(error, errors.Unauthenticated) and not any(name == b"www-authenticate" for name, _ in fields):
        fields.append(_WRONG_TOKEN if token_sent else _CHALLENGE)
    wait = error.retry_after
    if wait is None and isinstance(error, errors.Unavailable | errors.ResourceExhausted):
        wait = RETRY_AFTER_SECONDS
    if wait is not None:
        fields.append((b"retry-after", b"%d" % max(1, math.ceil(wait))))
    return fields


def _tell(error: PlatformError, exception: Exception, route: str) -> None:
    if exception is error:
        _log.warning("a call failed", route=route, code=error.code, detail=error.detail, **_private(error))
    else:
        _log.error("an unexpected fault", route=route, exc_info=exception)


def _private(error: PlatformError) -> dict[str, Any]:
    return {f"meta_{name}": value for name, value in error.meta.items()}
