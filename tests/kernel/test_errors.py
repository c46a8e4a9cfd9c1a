"""The error vocabulary: every kind has a code, says what to do, and is found by its name."""

import pytest
from tests.kernel.kinds import kinds

from careplane.kernel.errors import (
    Code,
    DeadlineExceeded,
    FieldError,
    InvalidArgument,
    NotFound,
    Overloaded,
    PlatformError,
    StillRunning,
    Unavailable,
)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_kind_is_complete(kind: type[PlatformError]) -> None:
    """It can be raised without words, has a sentence of its own or its parent's, and is registered by name."""
    error = kind()
    assert error.detail.endswith(".")
    assert str(error) == error.detail
    assert isinstance(error.code, Code)
    assert PlatformError.kinds[kind.__name__] is kind
    assert (error.fields, error.meta, error.retry_after) == ((), {}, None)


def test_what_may_be_asked_again_says_so() -> None:
    """Asking again helps where time, load or another call was in the way, not where the request is at fault."""
    assert all(kind.retryable for kind in (Unavailable, Overloaded, DeadlineExceeded, StillRunning))
    assert not any(kind.retryable for kind in (InvalidArgument, NotFound))


def test_an_error_keeps_what_it_was_given() -> None:
    """Fields at fault are public; meta is a copy of its own."""
    meta = {"table": "x"}
    error = InvalidArgument("Send a name.", fields=(FieldError(field="name", message="Send one."),), meta=meta)
    meta["table"] = "y"
    assert error.meta == {"table": "x"}
    assert error.fields[0].field == "name"
    assert "x" not in str(error)


def test_a_kind_made_in_its_own_way_is_not_for_transports() -> None:
    """They make errors anew from their kind and the usual parts, and could not make that one."""

    class Peculiar(NotFound):
        """Takes something else."""

        def __init__(self, number: int) -> None:
            super().__init__(f"There is no number {number}.")

    assert Peculiar.__name__ not in PlatformError.kinds
