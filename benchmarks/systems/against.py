"""Any other server that answers the simple patients API, run by somebody else on this machine: `--against URL`."""

import sys
from urllib.parse import urlsplit

from benchmarks.systems.running import Running

HERE = frozenset({"127.0.0.1", "localhost", "::1"})


def against(url: str, token: str) -> Running:
    """Return the system at a base address, for who bears the token; without one nobody is asked who they are there.

    Ends the run where the address is not one of this machine: nobody else's may be loaded.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in HERE or parts.path not in {"", "/"} or parts.query:
        sys.exit(
            f"{url} cannot be measured: --against takes the base address of a server on this machine, "
            "such as http://127.0.0.1:8080, with nothing behind the port."
        )
    base = f"http://{parts.netloc}"
    return Running("against", base, token)
