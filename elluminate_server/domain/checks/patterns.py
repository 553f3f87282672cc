"""Patterns of users, matched by RE2: in time that grows with the text, whatever the pattern is.

It grows with the pattern as well, at worst with the product of both (a tenth of a microsecond for each character and
each step of the compiled pattern), so that the product is bounded, too.
"""

import functools
from typing import Any

from elluminate_server.domain.checks.facts import NotJudgedError

__all__ = ["PatternError", "compiled", "is_found", "quoted_for_pattern", "work_of"]

_MOST_MEMORY = 4 << 20
"""Bytes for a compiled pattern and what it remembers of states; one that would need more is refused."""
_MOST_PARTS = 20_000
"""Steps of a compiled pattern; `\\w` has some 700, because Unicode has as many ranges of letters."""
_MOST_WORK = 100_000_000
"""Characters of a text times steps of a pattern: a second or two, at worst."""


class PatternError(ValueError):
    """RE2 does not take a pattern: what is wrong, and where."""


@functools.lru_cache(maxsize=32)
def compiled(pattern: str, *, ignore_case: bool = False) -> Any:
    """A pattern, ready to be searched for.

    Raises:
        PatternError: It is none, or one that takes more than linear time (a look-around, a back-reference).
    """
    import re2  # not needed by those who have no patterns

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    options.case_sensitive = not ignore_case
    try:
        found = re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0]
        message = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise PatternError(_placed(pattern, message)) from None
    except UnicodeEncodeError:
        raise PatternError("it holds a lone surrogate, which UTF-8 has not") from None
    if found.programsize > _MOST_PARTS:
        raise PatternError(
            f"it is too large: it has {found.programsize} steps, and {_MOST_PARTS} are the most"
        )
    return found


def _placed(pattern: str, message: str) -> str:
    what, _, part = message.partition(": ")
    hints = {
        "invalid perl operator": "RE2 has no look-around",
        "invalid escape sequence": "RE2 does not know this",
    }
    hint = f"; {hints[what]}" if what in hints else ""
    place = pattern.find(part) if part else -1
    if part == pattern or place < 0:
        return f"{message}{hint}"
    return f"{what} at character {place + 1} ({part}){hint}"


def is_found(pattern: Any, text: str, *, full_match: bool = False) -> Any:
    """Where a compiled pattern matches first: the match, or None.

    Raises:
        NotJudgedError: The text is too long for such a pattern.
    """
    if work_of(pattern, text) > _MOST_WORK:
        raise NotJudgedError(
            f"The pattern has {pattern.programsize} steps, which are too many for {len(text)} characters."
        )
    if any("\ud800" <= character <= "\udfff" for character in text):
        text = text.encode("utf-8", "replace").decode("utf-8")
    return pattern.fullmatch(text) if full_match else pattern.search(text)


def work_of(pattern: Any, text: str) -> int:
    """What a search takes at worst: characters times steps of the pattern."""
    return int(len(text) * pattern.programsize)


def quoted_for_pattern(text: str) -> str:
    """A text as a pattern that matches it alone."""
    import re2

    return str(re2.escape(text))
