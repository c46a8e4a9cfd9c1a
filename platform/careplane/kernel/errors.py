"""The one error vocabulary: gRPC's code names, a public detail, a private meta, and whether asking again can help."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from careplane.kernel.message import Message


class Code(StrEnum):
    """The canonical status codes (https://grpc.io/docs/guides/status-codes), without OK and UNKNOWN."""

    CANCELLED = "CANCELLED"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    DATA_LOSS = "DATA_LOSS"
    UNAUTHENTICATED = "UNAUTHENTICATED"


class FieldError(Message, frozen=True):
    """What is wrong with one field of a request; `message` never repeats the value, which may be personal."""

    field: str
    message: str


class PlatformError(Exception):
    """Something went wrong that the caller may be told about.

    `detail` is public and says what to do; `meta` stays inside (logs) and must hold no personal data.
    """

    code: ClassVar[Code] = Code.INTERNAL
    retryable: ClassVar[bool] = False
    default_detail: ClassVar[str] = "Something went wrong on our side. Try again; report the request id if it persists."
    kinds: ClassVar[dict[str, type["PlatformError"]]] = {}

    def __init_subclass__(cls) -> None:
        """Register the kind under its class name, so that a transport can raise the same class on the far side.

        One that is made in a way of its own cannot be raised there, and arrives as what its code says.
        """
        super().__init_subclass__()
        if cls.__init__ is PlatformError.__init__:
            PlatformError.kinds[cls.__name__] = cls

    def __init__(
        self,
        detail: str | None = None,
        *,
        fields: tuple[FieldError, ...] = (),
        meta: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Take the public `detail`, the `fields` at fault, private `meta`, and `retry_after` in seconds if known."""
        self.detail = detail or self.default_detail
        self.fields = fields
        self.meta = dict(meta or {})
        self.retry_after = retry_after
        super().__init__(self.detail)


class InvalidArgument(PlatformError):
    """The request itself is wrong, whatever the state of the system."""

    code = Code.INVALID_ARGUMENT
    default_detail = "The request is not valid. Correct the fields listed under errors."


class IdempotencyMismatch(InvalidArgument):
    """An idempotency key came back with another request."""

    default_detail = "This Idempotency-Key was used with a different request. Send a new key for a new request."


class NotFound(PlatformError):
    """There is no such thing, as far as this caller may know."""

    code = Code.NOT_FOUND
    default_detail = "There is nothing under this id. Check the id."


class Gone(NotFound):
    """The thing was there and has been archived."""

    default_detail = "This record is archived. Restore it to work with it again."


class AlreadyExists(PlatformError):
    """The thing that was to be made is there already."""

    code = Code.ALREADY_EXISTS
    default_detail = "This already exists. Use the existing one or choose another value."


class FailedPrecondition(PlatformError):
    """The system is not in a state in which this can be done."""

    code = Code.FAILED_PRECONDITION
    default_detail = "This cannot be done in the present state. Read the record again and decide anew."


class StaleVersion(FailedPrecondition):
    """The record has changed since the version that the caller named."""

    default_detail = "The record has changed since you read it. Read it again and repeat the change on the new version."


class Aborted(PlatformError):
    """Another call stood in the way; asking again can succeed."""

    code = Code.ABORTED
    retryable = True
    default_detail = "Another request on the same record came between. Send the request again."


class StillRunning(Aborted):
    """The same idempotent request is being worked on right now."""

    default_detail = "A request with this Idempotency-Key is still running. Wait a moment and send it again."


class Unauthenticated(PlatformError):
    """The caller has not shown who they are."""

    code = Code.UNAUTHENTICATED
    default_detail = "Sign in and send the token as 'Authorization: Bearer <token>'."


class PermissionDenied(PlatformError):
    """The caller is known and may not do this."""

    code = Code.PERMISSION_DENIED
    default_detail = "Your role does not allow this. Ask an administrator for the scope it needs."


class ResourceExhausted(PlatformError):
    """The caller has used up what it may use for now."""

    code = Code.RESOURCE_EXHAUSTED
    retryable = True
    default_detail = "Too many requests. Wait as long as Retry-After says and send the request again."


class Unavailable(PlatformError):
    """A part of the platform cannot be reached now; what was asked may or may not have happened."""

    code = Code.UNAVAILABLE
    retryable = True
    default_detail = "A part of the platform is not available. Send the request again with the same Idempotency-Key."


class Overloaded(Unavailable):
    """A bounded queue is full; nothing was started."""

    default_detail = "The platform is busy. Nothing was started; wait as long as Retry-After says and send it again."


class DeadlineExceeded(PlatformError):
    """Time ran out: whether it happened is unknown, and asking again with the same key is safe."""

    code = Code.DEADLINE_EXCEEDED
    retryable = True
    default_detail = "This took too long; it may still happen. Send the request again with the same Idempotency-Key."


class Unimplemented(PlatformError):
    """There is no such method."""

    code = Code.UNIMPLEMENTED
    default_detail = "There is no such operation. Check the API documentation."


class Internal(PlatformError):
    """A fault of ours."""


class ReentrantCall(Internal):
    """A component was called again from within a call of its own, which could wait for itself for ever."""

    default_detail = "The platform called itself in a circle. Report the request id."
