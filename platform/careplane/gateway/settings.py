"""What the gateway must be told; the application fills it in from its own settings."""

from dataclasses import dataclass
from typing import Final

LIMITED_CALLERS_MAX: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """How the edge meets its callers.

    `cursor_secret` (32 bytes or more) must be the same in all gateways of one platform. `limited_callers` bounds the
    callers that the rate limits remember: the one longest silent is forgotten first.
    """

    cursor_secret: bytes
    trusted_proxies: int = 0
    limited_callers: int = LIMITED_CALLERS_MAX
