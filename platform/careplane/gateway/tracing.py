"""Request ids and W3C Trace Context: taken from the caller where well-formed, made here where not."""

import re
from typing import Final

from careplane.kernel.context import Context, Trace
from careplane.kernel.ids import NewId

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# A later version may add fields at the end; version 00 has none, and ff is not allowed (Level 1, section 3.2.2).
_TRACEPARENT: Final = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)
_SAMPLED: Final = 1


def first_context(fields: dict[bytes, bytes], new_id: NewId) -> Context:
    """Return the context of a request of which nothing is known yet but its ids; our span is a new one."""
    fresh = new_id()
    sent = fields.get(b"x-request-id")
    own = sent is not None and _REQUEST_ID.fullmatch(sent)
    return Context(
        request_id=own[0].decode() if own else str(fresh), trace=_trace(fields.get(b"traceparent"), fresh.hex)
    )


def _trace(sent: bytes | None, fresh: str) -> Trace:
    span = fresh[16:]  # 62 random bits of the UUIDv7; asking the system for others takes longer than all of this
    if sent is not None:
        found = _TRACEPARENT.fullmatch(sent)
        if found and (found[1] != b"00" or not found[4]):
            return Trace(found[2].decode(), span, int(found[3], 16) & _SAMPLED)
    return Trace(fresh, span, _SAMPLED)
