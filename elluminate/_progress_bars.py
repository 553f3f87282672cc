"""How progress is shown to a person: a bar in a notebook, else a line on stderr."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from typing import Any, Protocol

logger = logging.getLogger("elluminate")


class Bar(Protocol):
    """What shows how far something is."""

    def show(self, percent: float, told: str, wrong: int) -> None:
        """Show it.

        Args:
            percent: How much is done, 0 to 100.
            told: How far it is, in words.
            wrong: How much went wrong, which the words tell, too.
        """
        ...

    def say(self, text: str) -> None:
        """Say something beside it, such as what is waited for."""
        ...

    def end(self) -> None:
        """Leave it as it is: nothing follows."""
        ...


def bar_for(name: str) -> Bar:
    """A bar of widgets in a notebook whose kernel has ipywidgets, else a line on stderr.

    Args:
        name: Of what it shows; in one line, and at most 40 characters of it.
    """
    title = _title(name)
    if _is_kernel():
        try:
            return _WidgetBar(title)
        except Exception as error:  # noqa: BLE001  # not installed, or too old or broken: the line does without
            logger.debug("ipywidgets cannot be used, progress is a line: %r", error)
    return Line(title)


def _title(name: str) -> str:
    """A name that cannot move a terminal's cursor, nor begin another line."""
    line = _in_one_line(name)
    return line if len(line) <= 40 else f"{line[:39]}…"


def _in_one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _is_kernel() -> bool:
    """Whether this process is a notebook's kernel. IPython in a terminal has a shell, and no kernel."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return getattr(get_ipython() if callable(get_ipython) else None, "kernel", None) is not None


class _WidgetBar:
    """A bar with words beside it, which a notebook redraws in place."""

    def __init__(self, title: str) -> None:
        widgets: Any = import_module("ipywidgets")  # in a kernel alone: it takes part of a second
        self._title = title
        self._bar = widgets.FloatProgress(value=0.0, min=0.0, max=100.0)
        self._words = widgets.Label(
            value=title
        )  # a label shows text; a bar's description may take it for HTML
        import_module("IPython.display").display(widgets.HBox([self._bar, self._words]))

    def show(self, percent: float, told: str, wrong: int) -> None:
        self._bar.value = percent
        self._bar.bar_style = "warning" if wrong else ""
        self._words.value = f"{self._title}: {percent:.0f} %, {told}"

    def say(self, text: str) -> None:
        self._words.value = f"{self._title}: {text}"

    def end(self) -> None:
        if not self._bar.bar_style:
            self._bar.bar_style = "success" if self._bar.value >= 100.0 else "warning"


class Line:
    """One line on stderr, rewritten in a terminal and in a notebook; elsewhere a line per change."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._in_place = sys.stderr.isatty() or _is_kernel()
        self._open = False
        self._width = 0

    def show(self, percent: float, told: str, wrong: int) -> None:
        """Write or rewrite the line; see :class:`Bar`."""
        text = f"{self._title}: {percent:3.0f} %, {told}"
        shown = text.ljust(self._width)  # blanks over what a longer text has left
        self._open, self._width = self._in_place, len(text)
        self._write(f"\r{shown}" if self._in_place else f"{text}\n", text)

    def say(self, text: str) -> None:
        """Write a line of its own; see :class:`Bar`."""
        self.end()
        self._open, self._width = False, 0
        line = f"{self._title}: {_in_one_line(text)}"
        self._write(f"{line}\n", line)

    def _write(self, text: str, plain: str) -> None:
        try:
            sys.stderr.write(text)
        except UnicodeEncodeError:  # a terminal without UTF-8, as on some Windows machines
            sys.stderr.write(plain.encode("ascii", "replace").decode("ascii") + "\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._open:
            sys.stderr.write("\n")
            sys.stderr.flush()
