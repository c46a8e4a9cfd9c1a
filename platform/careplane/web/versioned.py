"""Answers with a record that has versions: they carry its ETag, and who has that version already is told so."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from careplane.web.bodies import StrictRequest, header
from careplane.web.etags import etag, not_modified
from careplane.web.reply import JSON, Reply


class Versioned(Protocol):
    """What has a version."""

    @property
    def version(self) -> int:
        """Counted from 1."""
        ...


V = TypeVar("V", bound=Versioned)


def versioned(view: V) -> Reply[V]:
    """Answer with a record as it is now."""
    return Reply(view, headers=(_tag(view.version),))


def made(view: V, path: str) -> Reply[V]:
    """Answer with a record that was made, and is found at `path` from now on."""
    return Reply(view, status=201, headers=((b"location", path.encode()), _tag(view.version)))


def unless_known(
    request: StrictRequest,
    version: int,
    content: Any,  # noqa: ANN401 - a message, or bytes of the media type
    *,
    headers: Iterable[tuple[bytes, bytes]] = (),
    media: bytes = JSON,
) -> Reply[Any]:
    """Answer with a record that is read, or with 304 where If-None-Match says that the caller has this version."""
    headers = (_tag(version), *headers)
    if not_modified(header(request, b"if-none-match"), version):
        return Reply(None, status=304, headers=headers)
    return Reply(content, headers=headers, media=media)


def _tag(version: int) -> tuple[bytes, bytes]:
    return (b"etag", etag(version))
