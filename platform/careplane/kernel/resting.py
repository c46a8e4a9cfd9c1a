"""How long work in the background rests, so that under load it finds much to do at once and nobody waits for long.

A step has its price whatever it finds: transactions, round trips, calls. So it rests as a multiple of what it took.
"""

from typing import Final

RESTS_PER_STEP: Final = 4
LONGEST_REST_SECONDS: Final = 0.05


def rest_after(took: float, *, least: float = 0.0) -> float:
    """Return for how many seconds to rest after a step that took so many; `least` counts where it is more."""
    return max(least, min(RESTS_PER_STEP * took, LONGEST_REST_SECONDS))
