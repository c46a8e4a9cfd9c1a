"""ETags: a record's version, as RFC 9110 writes and compares it."""

import re
from typing import Final

from careplane.kernel.errors import FieldError, InvalidArgument, StaleVersion

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LIST: Final = re.compile(r'\s*(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*)*')
_OURS: Final = re.compile(r"v([1-9][0-9]{0,8})")
ANY: Final = "*"


def etag(version: int) -> bytes:
    """Return the strong ETag of a version."""
    return b'"v%d"' % version


def expected_version(if_match: str | None) -> int | None:
    """Return the version that If-Match asks for, or None where any will do.

    A weak tag never matches here (RFC 9110, section 13.1.1), and of several tags none can be chosen for a change.
    """
    if if_match is None or if_match.strip() == ANY:
        return None
    tags = _tags("If-Match", if_match)
    versions = {_version(weak, opaque) for weak, opaque in tags}
    if len(versions) > 1:
        raise _refused("If-Match", "must name one version, as the ETag header gave it")
    version = versions.pop()
    if version is None:
        raise StaleVersion
    return version


def not_modified(if_none_match: str | None, version: int) -> bool:
    """Tell whether the caller has this version already; a weak tag serves as well here."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == ANY:
        return True
    return any(opaque == f"v{version}" for _, opaque in _tags("If-None-Match", if_none_match))


def _tags(header: str, value: str) -> list[tuple[str, str]]:
    if not _LIST.fullmatch(value):
        raise _refused(header, 'must be an ETag as it was given, in double quotes, such as "v3", or *')
    return _TAG.findall(value)


def _version(weak: str, opaque: str) -> int | None:
    ours = _OURS.fullmatch(opaque)
    return int(ours[1]) if ours and not weak else None


def _refused(header: str, message: str) -> InvalidArgument:
    return InvalidArgument(f"The {header} header is not valid.", fields=(FieldError(field=header, message=message),))
