"""How often Python looks for garbage, in a process that is a server's or worker's own: never in a caller's."""

import gc

__all__ = ["look_for_garbage_seldom"]

OBJECTS_BETWEEN = 20_000
"""New objects from one look at the young ones to the next. Python's own 700 are less than one call of a model makes."""


def look_for_garbage_seldom() -> None:
    """Leave alone what was loaded until now, and look at the rest after more objects than usual.

    What was loaded stays for the life of the process: not to look through it at every collection saves a third of the
    time of a large answer. The longer way to the next look saves a tenth of the computing of a run. Call it once, when
    everything has started.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN, *gc.get_threshold()[1:])
