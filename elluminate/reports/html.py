"""One self-contained HTML file: no script, nothing that is fetched, readable on a phone and on paper."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from elluminate._markup import PACKAGE, Bar, harmless, percent
from elluminate.reports.answers import ShownAnswer, shown_answers, value_in_words
from elluminate.suites.result import SuiteResult, SuiteRun

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["html_report"]

MOST_CHARACTERS = 3_000_000
"""Of the texts of all answers together; a report stays under 5 MB by that."""
MOST_ANSWERS = 5_000
_LONGEST, _SHORTEST = 20_000, 200


def html_report(result: SuiteResult) -> str:
    """The result as one HTML file of less than 5 MB.

    All text is escaped, and a policy in the file forbids scripts and everything that would be fetched. Long texts are
    cut where the file would become too large, and say so; answers that did not pass come first.

    Args:
        result: What a suite came to.

    Raises:
        ModuleNotFoundError: Jinja2 is not installed; it comes with the extra "cli".

    Example:
        >>> from elluminate.reports import html_report
        >>> "<script" in html_report(client.run_suite("suite.yaml"))
        False
    """
    runs = [(run, [] if run.experiment is None else shown_answers(run.experiment)) for run in result.runs]
    longest = _longest_text([answer for _, answers in runs for answer in answers])
    template = _environment().get_template("report.html")
    files = importlib.resources.files
    shared = files(PACKAGE).joinpath("shared.css").read_text("utf-8")
    style = shared + files("elluminate.reports").joinpath("templates", "report.css").read_text("utf-8")
    return template.render(
        result=result,
        runs=[_ShownRun.of(run, answers) for run, answers in runs],
        style=style,
        text=functools.partial(_bounded, longest=longest),
        percent=percent,
        value=value_in_words,
    )


@functools.cache
def _environment() -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([PackageLoader("elluminate.reports"), PackageLoader(PACKAGE)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@frozen
class _ShownRun:
    run: SuiteRun
    bars: Sequence[Bar]
    answers: Sequence[ShownAnswer]
    left_out: int

    @classmethod
    def of(cls, run: SuiteRun, answers: Sequence[ShownAnswer]) -> _ShownRun:
        bars: list[Bar] = []
        figures = run.statistics
        if figures is not None:
            bars = [
                Bar.of(one.name, one.rate, one.verdicts.given, one.verdicts.missing)
                for one in (figures.overall, *figures.criteria)
            ]
        return cls(run, bars, answers[:MOST_ANSWERS], max(0, len(answers) - MOST_ANSWERS))


def _longest_text(answers: Sequence[ShownAnswer]) -> int:
    """Most characters of a text, so that all of them together stay within what a report may hold."""
    sizes = [len(text) for answer in answers[:MOST_ANSWERS] for text in _texts(answer)]
    longest = _LONGEST
    while longest > _SHORTEST and sum(min(size, longest) for size in sizes) > MOST_CHARACTERS:
        longest = max(_SHORTEST, longest * 2 // 3)
    return longest


def _texts(answer: ShownAnswer) -> Sequence[str]:
    values = [value_in_words(value) for value in answer.values.values()]
    of_verdicts = [text for one in answer.verdicts for text in (one.name, one.reason)]
    return [answer.prompt, answer.answer, *values, *of_verdicts]


def _bounded(text: Any, longest: int) -> str:
    whole = str(text)
    cut = whole if len(whole) <= longest else f"{whole[:longest]}… ({len(whole) - longest} more characters)"
    return harmless(cut)
