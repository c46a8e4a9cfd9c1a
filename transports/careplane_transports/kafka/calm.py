"""The library's own log: each sentence once a minute, and as a warning, for what it tries again is no error of ours."""

import logging
import time
from typing import Final

EVERY_SECONDS: Final = 60.0
_LIBRARY: Final = "aiokafka"


class OnceAMinute(logging.Filter):
    """Lets a sentence pass, whatever is filled into it, if it has not passed for a while: ten a second come otherwise.

    What the library calls an error (a broker that begins has no coordinator yet) it tries again; where it gives up it
    raises, and whoever called it tells of that.
    """

    def __init__(self) -> None:
        """Have heard nothing."""
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}  # bounded: as many as there are sentences in the library

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be written."""
        now = time.monotonic()
        sentence = (record.name, str(record.msg))
        if now - self._said.get(sentence, -EVERY_SECONDS) < EVERY_SECONDS:
            return False
        self._said[sentence] = now
        if record.levelno > logging.WARNING:
            record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True


_once_a_minute = OnceAMinute()


def calm_library() -> None:
    """Have the library say each thing once a minute, as a warning at most."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == _LIBRARY:
            logging.getLogger(name).addFilter(_once_a_minute)  # a second time changes nothing
