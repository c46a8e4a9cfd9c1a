"""The garbage collector, told what kind of program this is."""

import gc

_YOUNG_OBJECTS = 20_000


def settle_memory() -> None:
    """Spare the garbage collector what lives as long as we do, and look for garbage less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 50)
