"""Names for what is made anew each time that a program runs."""

from __future__ import annotations

import datetime
import uuid

from elluminate._checks import MAX_NAME, checked_name


def unique_name(base: str) -> str:
    """A name that nothing has yet: experiments' names are unique in a project, and a program runs more than once.

    Args:
        base: What it begins with; what makes it too long is cut off.

    Returns:
        The base, the time in UTC, and six random characters, so that names sort by time and never meet.

    Raises:
        ValidationError: The base is empty, or no text.

    Example:
        >>> unique_name("First try")
        'First try (20...)'
    """
    checked_name(base[:MAX_NAME] if isinstance(base, str) else base, "thing")
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
    last = f" ({stamp} {uuid.uuid4().hex[:6]})"
    return base[: MAX_NAME - len(last)] + last
