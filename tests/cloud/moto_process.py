"""The program that is `moto_server`, and that ends with whoever started it: as soon as its standard input ends."""

import os
import sys
import threading

from moto.server import main


def _end_with_the_starter() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    main(["--host", "127.0.0.1", "--port", "0"])
