"""What a failed attempt says: whether asking again is of use, who has to wait for that, and for how long.

RFC 9110, section 10.2.3, for `Retry-After`; OpenAI's and Anthropic's pages on rate limits for the headers that tell how
much of a quota is left.
"""

import datetime
import enum
import math
import random
import re
import time
from collections.abc import Mapping
from email.utils import mktime_tz, parsedate_tz
from typing import Any

import attrs

__all__ = [
    "LONGEST_BACKOFF",
    "LONGEST_FORETOLD",
    "UNKNOWN_MODEL",
    "Kind",
    "Refusal",
    "asked_pause",
    "backoff",
    "foretold_pause",
    "kind_of_status",
    "refusal_of",
]

FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 30.0
"""Seconds between two attempts where the endpoint asks for no pause."""
_JITTER = 0.25

LONGEST_ASKED = 365 * 86_400.0
"""Seconds that an endpoint may ask to be left alone; more is no time that anybody means."""

LONGEST_FORETOLD = 60.0
"""Seconds that an endpoint is left alone because an answer says that a quota is used up; more it has to ask for."""


class Kind(enum.Enum):
    """What a failed attempt is about."""

    LOAD = "load"
    """The endpoint has too much to do, or gets too much from this key: it is waited for."""
    OUTAGE = "outage"
    """The endpoint is away: it is waited for."""
    TIME_OUT = "time-out"
    """There was no answer in time."""
    PASSING = "passing"
    """It may well not come again."""
    HOPELESS = "hopeless"
    """Every call of this model with this key fails like this."""
    FINAL = "final"
    """The same call fails again."""


@attrs.frozen
class Refusal:
    """What a failed attempt says.

    Attributes:
        kind: What it is about.
        pause: Seconds that the endpoint asks to be left alone; None when it does not say.
    """

    kind: Kind
    pause: float | None = None

    @property
    def is_passing(self) -> bool:
        """Whether the same call may well succeed later."""
        return self.kind not in (Kind.HOPELESS, Kind.FINAL)

    @property
    def is_waited_for(self) -> bool:
        """Whether it counts as no attempt."""
        return self.kind in (Kind.LOAD, Kind.OUTAGE)


_KINDS = {
    **dict.fromkeys((429, 503, 529), Kind.LOAD),
    # Those above 519 are Cloudflare's, for an origin that it cannot reach.
    **dict.fromkeys((502, 504, *range(520, 525), 530), Kind.OUTAGE),
    **dict.fromkeys((408, 409, 425), Kind.PASSING),
    **dict.fromkeys((401, 402, 403, 404, 407), Kind.HOPELESS),
}

UNKNOWN_MODEL = frozenset({"model_not_found", "DeploymentNotFound"})
"""Codes of errors by which OpenAI and Azure say that they do not know a model."""

_HOPELESS_CODES = frozenset(
    {
        *UNKNOWN_MODEL,
        "account_deactivated",
        "billing_hard_limit_reached",
        "billing_not_active",
        "insufficient_quota",
        "invalid_api_key",
    }
)
"""Codes of errors after which nothing goes through until a person has done something, whatever the status."""

_HOPELESS_WORDS = ("credit balance is too low",)
_TOO_LARGE_WORDS = ("request too large", "tokens must be reduced")
"""What OpenAI says, with 429, of a request that is larger than a minute's quota."""


def kind_of_status(status: int) -> Kind:
    """What an error status is about when nothing else is known.

    >>> [kind_of_status(status).value for status in (400, 401, 429, 500, 502)]
    ['final', 'hopeless', 'load', 'passing', 'outage']
    """
    return _KINDS.get(status, Kind.PASSING if status >= 500 else Kind.FINAL)


def refusal_of(status: int, headers: Mapping[str, str], error: Any, said: str) -> Refusal:
    """What an answer with an error status says.

    Args:
        status: Its status.
        headers: Its headers, names in lower case unless they may be written in any.
        error: The provider's error object, or whatever stands in its place.
        said: The provider's words.
    """
    kind = kind_of_status(status)
    codes = (error.get("code"), error.get("type")) if isinstance(error, Mapping) else ()
    words = said.lower()
    if any(isinstance(code, str) and code in _HOPELESS_CODES for code in codes) or any(
        sign in words for sign in _HOPELESS_WORDS
    ):
        return Refusal(Kind.HOPELESS)
    is_of_no_use = headers.get("x-should-retry") == "false" or (
        kind is Kind.LOAD and any(sign in words for sign in _TOO_LARGE_WORDS)
    )
    if is_of_no_use and kind is not Kind.HOPELESS:
        return Refusal(Kind.FINAL)
    pause = asked_pause(headers)
    if pause is None and kind is Kind.LOAD:
        pause = foretold_pause(headers)
    return Refusal(kind, pause)


def backoff(attempt: int, longest: float = LONGEST_BACKOFF) -> float:
    """Seconds to wait after so many attempts where nobody says how long.

    >>> 0.375 <= backoff(1) <= 0.5 and 22.5 <= backoff(5000) <= 30
    True
    """
    pause = min(FIRST_BACKOFF * 2.0 ** min(attempt - 1, 30), longest)
    return pause * (1 - _JITTER * random.random())  # noqa: S311 - no secret


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to be left alone for, `LONGEST_ASKED` at most; None when it does not, or for no time.

    >>> asked_pause({"retry-after": "2.5"})
    2.5
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return min(seconds * unit, LONGEST_ASKED) if seconds > 0 else None
    date = parsedate_tz(headers.get("retry-after", ""))
    try:
        seconds = None if date is None else mktime_tz(date) - time.time()
    except (ValueError, OverflowError):
        return None
    return min(seconds, LONGEST_ASKED) if seconds is not None and seconds > 0 else None


def foretold_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds until a quota that is used up is there again, `LONGEST_FORETOLD` at most; None when none is used up.

    >>> foretold_pause({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m0.5s"})
    60.0
    """
    pauses = [
        pause
        for left, reset in _QUOTAS
        if (quota := headers.get(left)) is not None
        and _number(quota) == 0
        and (pause := _seconds_until(headers.get(reset, ""))) > 0
    ]
    return min(max(pauses), LONGEST_FORETOLD) if pauses else None


_QUOTAS = [
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
    *(
        pair
        for what in ("requests", "tokens")
        for pair in (
            (f"x-ratelimit-remaining-{what}", f"x-ratelimit-reset-{what}"),
            (f"anthropic-ratelimit-{what}-remaining", f"anthropic-ratelimit-{what}-reset"),
        )
    ),
]
"""Headers that say how much of a quota is left, and when it is there again."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

_EARLIEST_DATE = 1e9
"""A number of seconds from here on is a date, and a thousand times as much one in milliseconds."""


def _seconds_until(reset: str) -> float:
    """Seconds until a moment that is given as a duration (`6m0s`, `250ms`, `12`) or as a date; 0 when it is neither."""
    text = reset.strip()
    number = _number(text)
    if number is not None:
        if number >= _EARLIEST_DATE * 1000:
            return number / 1000 - time.time()
        return number - time.time() if number >= _EARLIEST_DATE else number
    parts = _DURATION.findall(text)
    if parts and "".join(amount + unit for amount, unit in parts) == text:
        return sum(float(amount) * _UNITS[unit] for amount, unit in parts)
    try:
        return datetime.datetime.fromisoformat(text).timestamp() - time.time()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
