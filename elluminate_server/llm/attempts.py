"""When a failed call is made again, and after what pause: RFC 9110, section 10.2.3, for `Retry-After`."""

import math
import random
import time
from collections.abc import Mapping
from email.utils import mktime_tz, parsedate_tz

__all__ = ["LONGEST_PAUSE", "is_passing", "pause_before"]

LONGEST_PAUSE = 120.0
"""Seconds that a `Retry-After` may ask for; after a longer one nothing is tried again."""

FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 8.0
_JITTER = 0.25


def is_passing(status: int) -> bool:
    """Whether a failure of this status may well not come again.

    >>> [is_passing(status) for status in (400, 429, 503)]
    [False, True, True]
    """
    return status in (408, 409, 429) or status >= 500


def pause_before(attempt: int, headers: Mapping[str, str]) -> float | None:
    """Seconds to wait before trying again; None when that is of no use.

    It is when the endpoint asks for more than `LONGEST_PAUSE`, or says `x-should-retry: false`, as OpenAI does of a
    quota that is used up.

    Args:
        attempt: How many attempts were made.
        headers: Headers of the failed answer, names in lower case; empty without an answer.

    >>> pause_before(1, {"retry-after": "2.5"})
    2.5
    """
    if headers.get("x-should-retry") == "false":
        return None
    asked = _asked_for(headers)
    if asked is not None and asked > LONGEST_PAUSE:
        return None
    if asked is not None and asked > 0:
        return asked
    backoff = min(FIRST_BACKOFF * 2.0 ** min(attempt - 1, 30), LONGEST_BACKOFF)
    return backoff * (1 - _JITTER * random.random())  # noqa: S311 - no secret


def _asked_for(headers: Mapping[str, str]) -> float | None:
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return seconds
    date = parsedate_tz(headers.get("retry-after", ""))
    try:
        return None if date is None else mktime_tz(date) - time.time()
    except (ValueError, OverflowError):
        return None
