"""Names of experiments that may be meant by one that there is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from elluminate._showing import quoted
from elluminate._tables import shortened
from elluminate.exceptions import NotFoundError

__all__ = ["MOST_NAMES", "not_found"]

MOST_NAMES = 500
"""The newest experiments, whose names are compared."""
_MOST_TOLD = 3


def not_found(given: str, names: Iterable[str]) -> NotFoundError:
    """The error about a name that no experiment has, with the nearest ones.

    Args:
        given: The name.
        names: Those that there are, the newest first.
    """
    wanted = given.casefold()
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(name.casefold(), name)
    near = [name for name in folded if wanted in name]
    near += difflib.get_close_matches(wanted[:1000], [name for name in folded if name not in near])
    hint = "elluminate list experiments names them"
    if near:
        told = [quoted(shortened(folded[name], 200)) for name in near[:_MOST_TOLD]]
        hint = f"did you mean {' or '.join(told)}?"
    elif not folded:
        hint = "there are none at all"
    return NotFoundError(f"there is no experiment named {quoted(given)} in this project; {hint}", 404)
