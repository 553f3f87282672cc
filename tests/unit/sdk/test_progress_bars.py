"""Progress as a person sees it: widgets in a notebook, a line that is rewritten, or plain lines."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import attrs
import pytest

from elluminate import ExperimentProgress
from elluminate._progress import reporter

HALF = ExperimentProgress(responses_generated=2, responses_rated=1, total_responses=2)
WHOLE = ExperimentProgress(responses_generated=2, responses_rated=2, total_responses=2)
FLAWED = attrs.evolve(WHOLE, responses_failed=1)


class Widget(SimpleNamespace):
    """A widget of ipywidgets, as far as bars use it: properties that are set while it is shown."""


class Kernel:
    """IPython, and ipywidgets, as this process has them; remembers what was displayed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, in_notebook: bool, widgets: bool) -> None:
        self.displayed: list[Any] = []
        shell = SimpleNamespace(kernel=object()) if in_notebook else SimpleNamespace()
        ipython = ModuleType("IPython")
        display = ModuleType("IPython.display")
        ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]
        display.display = self.displayed.append  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "IPython.display", display)
        package = ModuleType("ipywidgets")
        package.FloatProgress = lambda **values: Widget(bar_style="", **values)  # type: ignore[attr-defined]
        package.Label = lambda **values: Widget(**values)  # type: ignore[attr-defined]
        package.HBox = lambda children: Widget(children=children)  # type: ignore[attr-defined]
        # None in sys.modules is what an import of something that is not installed comes to.
        monkeypatch.setitem(sys.modules, "ipywidgets", package if widgets else None)


def told(*progress: ExperimentProgress, name: str = "First try") -> None:
    report = reporter(True, name)
    assert report is not None
    for now in progress:
        report(now)
    report(None)


def test_a_notebook_with_widgets_shows_one_bar_that_moves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = Kernel(monkeypatch, in_notebook=True, widgets=True)
    report = reporter(True, "First try")
    assert report is not None
    (box,) = kernel.displayed
    bar, words = box.children
    assert (bar.value, bar.min, bar.max, words.value) == (0.0, 0.0, 100.0, "First try")

    report(HALF)
    assert (bar.value, bar.bar_style) == (50.0, "")
    assert words.value == "First try: 50 %, 2 of 2 answered, 1 rated"
    report(WHOLE)
    report(None)

    assert (bar.value, bar.bar_style) == (100.0, "success")
    assert kernel.displayed == [box]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("last", "why"), [(FLAWED, "1 failed"), (HALF, "1 rated")])
def test_a_bar_that_ends_with_something_wrong_does_not_look_like_success(
    monkeypatch: pytest.MonkeyPatch, last: ExperimentProgress, why: str
) -> None:
    kernel = Kernel(monkeypatch, in_notebook=True, widgets=True)
    told(last)
    bar, words = kernel.displayed[0].children
    assert bar.bar_style == "warning"
    assert why in words.value


def test_a_notebook_without_widgets_shows_one_line_that_is_rewritten(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Kernel(monkeypatch, in_notebook=True, widgets=False)
    told(HALF, WHOLE)
    assert capsys.readouterr().err == (
        "\rFirst try:  50 %, 2 of 2 answered, 1 rated\rFirst try: 100 %, 2 of 2 answered, 2 rated\n"
    )


def test_widgets_that_cannot_be_made_are_done_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Kernel(monkeypatch, in_notebook=True, widgets=True)
    monkeypatch.delattr(sys.modules["ipywidgets"], "HBox")
    told(WHOLE)
    assert capsys.readouterr().err == "\rFirst try: 100 %, 2 of 2 answered, 2 rated\n"


def test_ipython_in_a_terminal_has_no_kernel_and_gets_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = Kernel(monkeypatch, in_notebook=False, widgets=True)
    told(HALF, WHOLE)
    assert kernel.displayed == []
    assert capsys.readouterr().err == (
        "First try:  50 %, 2 of 2 answered, 1 rated\nFirst try: 100 %, 2 of 2 answered, 2 rated\n"
    )


def test_a_terminal_gets_one_line_that_is_rewritten(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    told(FLAWED, WHOLE)
    first = "First try: 100 %, 1 of 2 answered, 1 rated, 1 failed"
    last = "First try: 100 %, 2 of 2 answered, 2 rated"
    assert capsys.readouterr().err == f"\r{first}\r{last.ljust(len(first))}\n"


def test_elsewhere_widgets_are_not_even_looked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    asked: list[str] = []
    monkeypatch.setattr("elluminate._progress_bars.import_module", asked.append)
    told(HALF, HALF, WHOLE)
    assert asked == []
    assert capsys.readouterr().err.count("\n") == 2


def test_a_name_does_not_move_a_terminals_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    told(WHOLE, name="evil\x1b[2J\r\nname " + "x" * 100)
    shown = capsys.readouterr().err
    assert shown == f"evil [2J  name {'x' * 24}…: 100 %, 2 of 2 answered, 2 rated\n"


def test_what_a_run_waits_for_has_a_line_of_its_own_once(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = attrs.evolve(HALF, waits="Waits, and asks again in 2 s: nobody answers.")

    told(HALF, waiting, attrs.evolve(waiting, responses_rated=2), WHOLE)

    lines = capsys.readouterr().err.splitlines()
    assert lines.count("First try: Waits, and asks again in 2 s: nobody answers.") == 1
    assert len(lines) == 4 + 1
