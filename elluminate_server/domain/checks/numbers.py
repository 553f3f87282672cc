"""Numbers in texts, read strictly: what could be read in two ways is not read at all."""

import re
from decimal import Decimal

from elluminate_server.domain.checks.facts import NotJudgedError, told

__all__ = ["number_in", "read_number"]

_CANDIDATE = re.compile(
    r"(?<![\w.,])[-+\u2212]?(?:\d[\d.,]*\d|\d)(?:[eE][-+\u2212]?\d+(?!\w))?|(?<![\w.,])[-+\u2212]?\.\d+"
)
"""What looks like a number: not a part of a word, without a stop or comma at its end."""
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d{1,4})?")
"""Digits, or groups of three with commas; a point before decimals; a power of ten."""
_MOST_DIGITS = 1000


def read_number(text: str) -> Decimal | None:
    """A number that is written by itself, perhaps with a percent sign, which is left aside; None where it is none.

    >>> read_number("1,234.5"), read_number("-12 %"), read_number("1.234,5")
    (Decimal('1234.5'), Decimal('-12'), None)
    """
    bare = text.strip().removesuffix("%").rstrip().replace("\u2212", "-")
    if len(bare) > _MOST_DIGITS or not bare.isascii() or not any(map(str.isdigit, bare)):
        return None
    return Decimal(bare.replace(",", "")) if _NUMBER.fullmatch(bare) else None


def number_in(text: str, which: str) -> Decimal | None:
    """The number of a text that counts; None where the text has none.

    Args:
        text: The text.
        which: `last`, `first`, or `only`: the text is the number, and nothing else.

    Raises:
        NotJudgedError: What stands there may be read in more than one way.

    >>> number_in("Of 12 apples, 3 are left.", "last")
    Decimal('3')
    """
    if which == "only":
        return read_number(text)
    found = _CANDIDATE.findall(text)
    if not found:
        return None
    chosen = found[0 if which == "first" else -1]
    number = read_number(chosen)
    if number is None:
        raise NotJudgedError(
            f"The answer's {which} number is written {told(chosen)}, which can be read in more than one way. Numbers "
            "are written like 1234.5, 1,234.5 or 1.2e3."
        )
    return number
