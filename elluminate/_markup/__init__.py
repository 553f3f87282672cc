"""What a report and the server's pages show alike: text made harmless, shares in words, rates as bars.

`templates/bars.html` draws them, `shared.css` has their colours: both are files of this package.
"""

from __future__ import annotations

import re

from attrs import frozen

from elluminate.statistics import Interval

__all__ = ["PACKAGE", "Bar", "dollars", "harmless", "interval_text", "percent", "with_label"]

PACKAGE = __name__
"""For loaders of templates and styles."""

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""What HTML cannot hold, and what would turn the direction of the text around it."""


def harmless(text: str) -> str:
    """A text as it may stand in HTML once it is escaped: U+FFFD in the place of what is not to be shown.

    >>> harmless("a\\x00b\\u202ec")
    'a\ufffdb\ufffdc'
    """
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def with_label(text: str, label: str | None) -> str:
    """What a criterion is called where there is room: its label, and its text, once.

    >>> with_label("Is the answer polite?", "polite"), with_label("Is it short?", None)
    ('polite: Is the answer polite?', 'Is it short?')
    """
    return text if not label or label == text else f"{label}: {text}"


def percent(share: float | None) -> str:
    """A share in words, "-" where it is undefined."""
    return "-" if share is None else f"{share:.1%}"


def dollars(amount: float | None, unknown: str = "-") -> str:
    """US dollars in words.

    >>> dollars(0.01234), dollars(0.0), dollars(None)
    ('0.0123 USD', 'free', '-')
    """
    if amount is None:
        return unknown
    return f"{amount:.4f} USD" if amount else "free"


def interval_text(low: float | None, high: float | None) -> str:
    """An interval in words, "-" where it is undefined."""
    return "-" if low is None or high is None else f"{low:.1%} to {high:.1%}"


@frozen
class Bar:
    """A rate as a bar from 0 to 100, with its interval."""

    name: str
    rate: str
    interval: str
    rows: int
    given: int
    missing: int | None
    width: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, name: str, rate: Interval, given: int, missing: int | None) -> Bar:
        """The bar of a rate.

        Args:
            name: What it is the rate of.
            rate: Share and interval, 0 to 1.
            given: Verdicts that it rests on.
            missing: Verdicts that were to be given and were not; None where that is not known yet.
        """
        return cls(
            name=name,
            rate=percent(rate.estimate),
            interval=interval_text(rate.low, rate.high),
            rows=rate.n,
            given=given,
            missing=missing,
            width=round(100 * (rate.estimate or 0.0), 2),
            low=None if rate.low is None else round(100 * rate.low, 2),
            high=None if rate.high is None else round(100 * rate.high, 2),
        )
