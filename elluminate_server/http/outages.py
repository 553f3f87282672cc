"""What a client is told when the machine or the database cannot do for the moment what was asked."""

import errno

from elluminate_server.http.problems import Problem, Unavailable
from elluminate_server.llm.shortages import SHORTAGES
from elluminate_server.store.failures import BusyError, DatabaseAwayError

__all__ = ["outage_problem"]

RETRY_AFTER = 5
"""Seconds: a full disk is not emptied, nor a server started, in one."""

_SCARCE = {**SHORTAGES, errno.ENOSPC: "its disk is full"}
if hasattr(errno, "EDQUOT"):  # not on Windows
    _SCARCE[errno.EDQUOT] = "its disk quota is used up"


def outage_problem(error: Exception, *, is_idempotent: bool) -> Problem | None:
    """The answer to a request that met an outage; None for any other error.

    Args:
        error: What the request met.
        is_idempotent: Whether the request may be sent again although it may have been done.
    """
    if isinstance(error, BusyError):
        if not error.may_be_done:
            retry_after = RETRY_AFTER if isinstance(error, DatabaseAwayError) else 1
            return Unavailable(f"{error} Nothing was done.", retry_after=retry_after)
        told = f"{error} It may have been done, or not."
        if is_idempotent:
            return Unavailable(f"{told} Send it again.", retry_after=RETRY_AFTER)
        # Clients repeat what was answered with 503, whatever it was.
        return Problem(f"{told} Look before you send it again.")
    if isinstance(error, OSError) and error.errno in _SCARCE:
        told = f"The server cannot answer for the moment: {_SCARCE[error.errno]}. Nothing was done."
        return Unavailable(told, retry_after=RETRY_AFTER)
    return None
