"""What the gateway must be told; the application fills it in from its own settings."""

from dataclasses import dataclass
from typing import Final

LIMITED_CALLERS_MAX: Final = 50_000
FORWARDED_FOR: Final = b"x-forwarded-for"
IN_FLIGHT: Final = 300
"""So that 256 clients who ask without a pause are all answered."""

HEAD_SECONDS: Final = 5.0
"""How long a head may take to arrive, counted from the answer before it; so an idle connection lasts no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """How the edge meets its callers.

    `cursor_secret` (32 bytes or more) must be the same in all gateways of one platform. `limited_callers` bounds the
    callers that the rate limits remember: the one longest silent is forgotten first. `address_header` is where each of
    the trusted proxies has appended the address that it saw. `in_flight` requests are in work at a time.
    """

    cursor_secret: bytes
    trusted_proxies: int = 0
    address_header: bytes = FORWARDED_FOR
    limited_callers: int = LIMITED_CALLERS_MAX
    in_flight: int = IN_FLIGHT
