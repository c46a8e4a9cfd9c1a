"""Something that is done over and over while something else goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def meanwhile(do: Callable[[], None], *, every: float) -> Iterator[None]:
    """Do it each so many seconds, in a thread, as long as the body lasts."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(every):
            do()

    thread = threading.Thread(target=go_on, name="meanwhile")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
