"""Telling how far a run is: to a function of the caller's, or as a line of text."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from elluminate.exceptions import ValidationError

if TYPE_CHECKING:
    from elluminate.streaming import ExperimentProgress

Progress: TypeAlias = "bool | Callable[[ExperimentProgress], object]"
"""False tells nothing, True writes a line to stderr, a function gets every change."""

Report: TypeAlias = "Callable[[ExperimentProgress | None], None] | None"
"""What is to be called with each progress, and with None in the end; None where nobody asked."""


def reporter(progress: Progress, name: str) -> Report:
    """The report of a run named `name` that a caller's `progress` asks for.

    Raises:
        ValidationError: `progress` is neither a bool nor a function.
    """
    if progress is False:
        return None
    if progress is not True and not callable(progress):
        raise ValidationError(f"progress must be True, False or a function, not {progress!r:.80}")
    tell: Callable[[ExperimentProgress], object] = _Line(str(name)) if progress is True else progress
    last: ExperimentProgress | None = None

    def report(now: ExperimentProgress | None) -> None:
        nonlocal last
        if now is None:
            if isinstance(tell, _Line):
                tell.end()
        elif now != last:
            last = now
            tell(now)

    return report


class _Line:
    """One line on stderr, rewritten in a terminal; elsewhere a line per change."""

    def __init__(self, name: str) -> None:
        self._name = name if len(name) <= 40 else f"{name[:39]}…"
        self._in_place = sys.stderr.isatty()
        self._open = False
        self._width = 0

    def __call__(self, progress: ExperimentProgress) -> None:
        text = (
            f"{self._name}: {progress.percent_complete:3.0f} %, {progress.responses_generated} of "
            f"{progress.total_responses} answered, {progress.responses_rated} rated"
        )
        shown = text.ljust(self._width)  # blanks over what a longer text has left
        self._open, self._width = self._in_place, len(text)
        try:
            sys.stderr.write(f"\r{shown}" if self._in_place else f"{text}\n")
        except UnicodeEncodeError:  # a terminal without UTF-8, as on some Windows machines
            sys.stderr.write(text.encode("ascii", "replace").decode("ascii") + "\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._open:
            sys.stderr.write("\n")
            sys.stderr.flush()
