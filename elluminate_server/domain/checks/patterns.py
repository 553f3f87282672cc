"""Patterns of users, matched by RE2: in time that grows with the text, whatever the pattern is."""

import functools
from typing import Any

__all__ = ["PatternError", "compiled", "is_found", "quoted_for_pattern"]

_MOST_MEMORY = 8 << 20
"""Bytes for a compiled pattern; one that would need more is refused."""


class PatternError(ValueError):
    """RE2 does not take a pattern: what is wrong, and where."""


@functools.lru_cache(maxsize=256)
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
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0]
        message = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise PatternError(_placed(pattern, message)) from None
    except UnicodeEncodeError:
        raise PatternError("it holds a lone surrogate, which UTF-8 has not") from None


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
    """Where a compiled pattern matches first: the match, or None."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        text = text.encode("utf-8", "replace").decode("utf-8")
    return pattern.fullmatch(text) if full_match else pattern.search(text)


def quoted_for_pattern(text: str) -> str:
    """A text as a pattern that matches it alone."""
    import re2

    return str(re2.escape(text))
