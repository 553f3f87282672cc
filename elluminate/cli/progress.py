"""How far a suite is: a bar for each model in a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from elluminate._operations.suites import SuiteProgress
from elluminate._progress import ExperimentProgress
from elluminate._tables import printable, shortened
from elluminate.cli.connecting import say

__all__ = ["told_progress"]

_STEP = 20
"""Per cent between two lines."""


@contextmanager
def told_progress(*, quiet: bool) -> Iterator[SuiteProgress | None]:
    """What a run of a suite is to report its progress to; None for nobody.

    Args:
        quiet: Whether nothing is told.
    """
    if quiet:
        yield None
    elif sys.stderr is not None and sys.stderr.isatty() and _has_rich():
        with _bars() as report:
            yield report
    else:
        yield _lines()


def _has_rich() -> bool:
    try:
        import rich.progress  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


@contextmanager
def _bars() -> Iterator[SuiteProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    class Told(TextColumn):
        def render(self, task: object) -> Text:
            return Text(str(task.fields["told"]))  # type: ignore[attr-defined]

    class Named(TextColumn):
        def render(self, task: object) -> Text:
            return Text(str(task.description))  # type: ignore[attr-defined]

    columns = (Named(""), BarColumn(), Told(""), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, object] = {}
        is_news = _waiting()

        def report(model: str, now: ExperimentProgress | None) -> None:
            if model not in tasks:
                name = printable(shortened(model, 40))
                tasks[model] = progress.add_task(name, total=100.0, told="")
            task = tasks[model]
            if now is None:
                progress.stop_task(task)  # type: ignore[arg-type]
            else:
                if is_news(model, now):
                    progress.console.print(Text(printable(f"{shortened(model, 40)}: {now.waits}")))
                progress.update(task, completed=now.percent_complete, told=now.told)  # type: ignore[arg-type]

        yield report


def _lines() -> SuiteProgress:
    reached: dict[str, float] = {}
    is_news = _waiting()

    def report(model: str, now: ExperimentProgress | None) -> None:
        if now is None:
            return
        if is_news(model, now):
            say(f"{shortened(model, 40)}: {now.waits}")
        step = now.percent_complete // _STEP
        if reached.get(model) != step:
            reached[model] = step
            say(f"{shortened(model, 40)}: {now.told}")

    return report


def _waiting() -> Callable[[str, ExperimentProgress], bool]:
    """Tells whether a model's run waits for something that was not told yet."""
    told: dict[str, str] = {}

    def is_news(model: str, now: ExperimentProgress) -> bool:
        is_other = bool(now.waits) and told.get(model) != now.waits
        told[model] = now.waits
        return is_other

    return is_news
