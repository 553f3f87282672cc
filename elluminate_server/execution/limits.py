"""How much the runs of one process do at a time. How many calls an endpoint gets is for its gate to say."""

import asyncio

__all__ = ["MAX_WORKERS", "reading_slots"]

MAX_WORKERS = 200
"""Most rows at a time that one run answers and rates."""

MAX_READERS = 6


def reading_slots() -> asyncio.Semaphore:
    """Slots for the runs' reading transactions, so that requests find free connections."""
    return asyncio.Semaphore(MAX_READERS)
