"""Errors as plain gRPC clients read them: a status, and the details of google.rpc that their libraries know."""

from datetime import timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from careplane.kernel.errors import FieldError, PlatformError

DOMAIN: Final = "careplane"
FIELDS_BYTES: Final = 4096
"""Errors travel as a header, and common clients take 8 KiB of those: of very many faults the first ones are told."""


def raised(error: PlatformError) -> GRPCError:
    """Return what grpclib sends for the error; `meta` stays here."""
    details: list[Message] = [ErrorInfo(reason=type(error).__name__, domain=DOMAIN)]
    if error.fields:
        details.append(_bad_request(error.fields))
    if error.retry_after is not None:
        delay = Duration()
        delay.FromTimedelta(timedelta(seconds=error.retry_after))
        details.append(RetryInfo(retry_delay=delay))
    return GRPCError(Status[error.code], error.detail, details)


def _bad_request(fields: tuple[FieldError, ...]) -> BadRequest:
    found, room = BadRequest(), FIELDS_BYTES
    for fault in fields:
        violation = BadRequest.FieldViolation(field=fault.field, description=fault.message)
        room -= violation.ByteSize()
        if room < 0:
            break
        found.field_violations.append(violation)
    return found
