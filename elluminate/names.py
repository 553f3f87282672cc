"""Names for what is made anew each time that a program runs."""

from __future__ import annotations

import datetime
import itertools
import secrets

from elluminate._checks import MAX_NAME, checked_name

_SUFFIXES = itertools.count(secrets.randbelow(16**6))
"""From a random place on, so that one process never makes a name twice, and two hardly ever the same."""


def unique_name(base: str) -> str:
    """A name that nothing has yet: experiments' names are unique in a project, and a program runs more than once.

    Args:
        base: What it begins with; what makes it too long is cut off.

    Returns:
        The base, the time in UTC, and six characters more, so that names sort by time and never meet.

    Raises:
        ValidationError: The base is empty, or no text.

    Example:
        >>> unique_name("First try")
        'First try (20...)'
    """
    checked_name(base[:MAX_NAME] if isinstance(base, str) else base, "thing")
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
    last = f" ({stamp} {next(_SUFFIXES) % 16**6:06x})"
    return base[: MAX_NAME - len(last)] + last
