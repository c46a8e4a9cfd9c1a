"""Where ids come from, as something handed in."""

from collections.abc import Callable
from uuid import UUID

NewId = Callable[[], UUID]
"""Makes a fresh UUIDv7 (RFC 9562, section 5.7): unique, and sorted by the time it was made."""
