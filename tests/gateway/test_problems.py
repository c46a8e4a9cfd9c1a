"""Problems: every error of the platform in the words of HTTP."""

import msgspec
import pytest
from litestar.exceptions import ClientException, HTTPException, InternalServerException, NotFoundException
from tests.kernel.kinds import kinds

from careplane.gateway.problems import STATUS, known, problem, status_of
from careplane.gateway.refusals import BodyTooLarge, MethodNotAllowed, NoSuchPath, UnsupportedMedia
from careplane.kernel import errors
from careplane.kernel.errors import FieldError, PlatformError

EXPECTED = {
    "InvalidArgument": 400,
    "Unauthenticated": 401,
    "PermissionDenied": 403,
    "NotFound": 404,
    "AlreadyExists": 409,
    "Aborted": 409,
    "StillRunning": 409,
    "FailedPrecondition": 409,
    "Gone": 410,
    "StaleVersion": 412,
    "IdempotencyMismatch": 422,
    "ResourceExhausted": 429,
    "Internal": 500,
    "ReentrantCall": 500,
    "Unimplemented": 501,
    "Unavailable": 503,
    "Overloaded": 503,
    "DeadlineExceeded": 504,
}


@pytest.mark.parametrize(("name", "status"), EXPECTED.items())
def test_each_error_has_its_status(name: str, status: int) -> None:
    """By its class, or the nearest above it."""
    assert status_of(getattr(errors, name)()) == status


def test_no_error_of_the_kernel_is_forgotten() -> None:
    """A new one must be thought about here."""
    assert {kind.__name__ for kind in kinds()} == set(EXPECTED)


def test_an_error_of_another_making_goes_by_its_code() -> None:
    """A component may refine an error; one that stands alone counts by its code, or as ours."""

    class Refined(errors.NotFound):
        """A kind of its own."""

    class Odd(PlatformError):
        """Says nothing about itself but what all do."""

    try:
        assert status_of(Refined()) == 404
        assert status_of(Odd()) == 500
    finally:
        del PlatformError.kinds["Refined"], PlatformError.kinds["Odd"]


def test_a_problem_says_all_that_may_be_said() -> None:
    """Type, title, status, detail, the request's id and the fields at fault; meta stays inside."""
    error = errors.InvalidArgument(fields=(FieldError("name", "is required"),), meta={"table": "patients"})
    reply = problem(error, "r-1")
    assert msgspec.json.decode(msgspec.json.encode(reply.content)) == {
        "type": "urn:careplane:problem:invalid-argument",
        "title": "Invalid argument",
        "status": 400,
        "detail": errors.InvalidArgument.default_detail,
        "requestId": "r-1",
        "errors": [{"field": "name", "message": "is required"}],
    }
    assert (reply.status_code, reply.media) == (400, b"application/problem+json")


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (errors.Unauthenticated(), (b"www-authenticate", b'Bearer realm="careplane"')),
        (errors.Overloaded(retry_after=0.2), (b"retry-after", b"1")),
        (errors.ResourceExhausted(retry_after=7), (b"retry-after", b"7")),
        (errors.Unavailable(), (b"retry-after", b"1")),
        (MethodNotAllowed("GET, POST"), (b"allow", b"GET, POST")),
        (UnsupportedMedia(b"accept", (b"application/json",)), (b"accept", b"application/json")),
    ],
)
def test_what_a_client_needs_to_go_on_is_in_the_headers(error: PlatformError, header: tuple[bytes, bytes]) -> None:
    """When to come again, how to sign in, what is taken."""
    assert header in problem(error, "r").fields


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (errors.Gone(), errors.Gone),
        (NotFoundException(), NoSuchPath),
        (ClientException("anything about the request"), errors.InvalidArgument),
        (HTTPException(status_code=418), errors.InvalidArgument),
        (InternalServerException("secret"), errors.Internal),
        (KeyError("secret"), errors.Internal),
        (BodyTooLarge(0), BodyTooLarge),
    ],
)
def test_whatever_is_raised_is_put_into_our_words(raised: Exception, kind: type[PlatformError]) -> None:
    """And its own words, which may hold anything, are not repeated."""
    error = known(raised)
    assert type(error) is kind
    assert "secret" not in error.detail


def test_the_table_holds_client_errors_for_what_only_http_knows() -> None:
    """None of them is a fault of ours."""
    assert all(400 <= STATUS[kind] < 500 for kind in STATUS if kind.__module__.endswith("refusals"))
