"""Libraries with known faults: the lowest version of each that may run under us, and what is wrong before it."""

from typing import Final

import msgspec


class KnownFault(msgspec.Struct, frozen=True):
    """A library, the lowest version without the fault, and the worst that older ones do."""

    package: str
    lowest: str
    why: str


KNOWN_FAULTS: Final = (
    KnownFault("cryptography", "46.0.7", "a buffer that is not in one piece overflows, CVE-2026-39892"),
    KnownFault("granian", "2.7.4", "one WebSocket header ends the whole process, CVE-2026-42544"),
    KnownFault("h11", "0.16.0", "a malformed chunk can hide a second request, CVE-2025-43859"),
    KnownFault("h2", "4.3.0", "line ends in a header can hide a second request, CVE-2025-57804"),
    KnownFault("hpack", "4.2.0", "a number without end takes quadratic time, CVE-2026-59980"),
    KnownFault("idna", "3.7", "a long host name takes quadratic time, CVE-2024-3651"),
    KnownFault("litestar", "2.20.0", "allowed hosts and origins match others too, CVE-2026-25478, CVE-2026-25479"),
    KnownFault("multipart", "1.3.1", "a crafted header takes exponential time, CVE-2026-28356"),
    KnownFault("pygments", "2.20.0", "crafted code takes exponential time, CVE-2026-4539"),
    KnownFault("pyjwt", "2.15.0", "`crit` is passed over and a key serves as a secret, CVE-2026-32597, CVE-2026-48526"),
    KnownFault("pyyaml", "5.4", "loading YAML can run code, CVE-2020-14343"),
    KnownFault("requests", "2.33.0", "what it unpacks can be swapped by another user of the machine, CVE-2026-25645"),
    KnownFault("urllib3", "2.8.0", "a chunk's size without end fills the memory, CVE-2026-97689"),
    KnownFault("uvloop", "0.23.0", "a cancelled connect can close, or write to, somebody else's connection"),
)
"""By name. What only tests use is in it too: where it is not installed, it does no harm."""
