"""On whose behalf the running code works: a request, a task."""

import re
import uuid
from contextvars import ContextVar

__all__ = ["current_request_id", "current_role", "current_task_id", "request_id_from"]

current_request_id: ContextVar[str | None] = ContextVar("elluminate_request_id", default=None)
"""The id of the request that is being answered; None outside of one."""

current_task_id: ContextVar[str | None] = ContextVar("elluminate_task_id", default=None)
"""The id of the task that is being worked on; None outside of one."""

current_role: ContextVar[str] = ContextVar("elluminate_role", default="answer")
"""What the model that is asked does: `answer`, `judge`, `user` (plays one), `propose` (criteria and rows)."""

_FITTING = re.compile(rb"[A-Za-z0-9_.:-]{1,128}")


def request_id_from(given: bytes | None) -> str:
    """The id that a client gave to its request, or a new one.

    What could break a log line, or hide something in it, is no id.

    Args:
        given: The value of `X-Request-ID`; None where there is none.

    >>> request_id_from(b"nightly-7:42")
    'nightly-7:42'
    >>> len(request_id_from(b"two words"))
    16
    """
    if given is not None and _FITTING.fullmatch(given):
        return given.decode("ascii")
    return uuid.uuid4().hex[:16]
