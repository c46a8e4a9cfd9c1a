"""What only HTTP can get wrong: its form, a method, a media type or a size that a path does not take."""

from typing import Final

from careplane.kernel.errors import InvalidArgument, NotFound, Unimplemented

Headers = tuple[tuple[bytes, bytes], ...]

_CLOSE: Final = (b"connection", b"close")
"""Goes with the refusal of a request whose end two readers might see in different places: nothing more is read."""


class Malformed(InvalidArgument):
    """The request is not HTTP as the standard has it, or could be read in two ways."""

    headers: Headers = (_CLOSE,)


class NoSuchPath(NotFound):
    """The path is not in the route table."""

    default_detail = "There is nothing at this path. Check it against the API documentation at /api-docs."


class MethodNotAllowed(Unimplemented):
    """The path exists, but not for this method."""

    def __init__(self, allowed: str) -> None:
        """Name the methods that are `allowed`."""
        super().__init__(f"This path takes {allowed} only. Check the API documentation at /api-docs.")
        self.headers: Headers = ((b"allow", allowed.encode()),)


class BodyTooLarge(InvalidArgument):
    """The body is larger than the path takes."""

    def __init__(self, limit: int) -> None:
        """Name the `limit`, in bytes."""
        said = f"a body of at most {limit} bytes" if limit else "no body"
        super().__init__(f"This call takes {said}. Send less.")
        self.headers: Headers = (_CLOSE,)


class BodyMissing(InvalidArgument):
    """The body did not arrive, or not in time."""

    headers: Headers = (_CLOSE,)
    default_detail = "The body of the request did not arrive in full and in time. Send it again."


class UnsupportedMedia(InvalidArgument):
    """The body is of a media type that the path does not take."""

    def __init__(self, header: bytes, accepted: tuple[bytes, ...]) -> None:
        """Name the types `accepted`, and the `header` in which to tell."""
        types = b", ".join(accepted)
        super().__init__(f"Send the body as {types.decode()} in UTF-8, and say so in Content-Type.")
        self.headers: Headers = ((header, types),)


class UnsupportedCoding(UnsupportedMedia):
    """The body is compressed, or otherwise coded."""

    def __init__(self) -> None:
        """Say that only a plain body is taken."""
        super().__init__(b"accept-encoding", (b"identity",))
        self.headers = (*self.headers, _CLOSE)
        self.detail = "Send the body as it is, neither compressed nor coded, and without Content-Encoding."
