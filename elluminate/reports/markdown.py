"""Markdown, for a comment on a pull request. Text under test is shown, and is never markup, a link or a mention."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence

from elluminate._markup import dollars, interval_text, percent
from elluminate._tables import shortened
from elluminate.gates import Outcome
from elluminate.reports.answers import ShownAnswer, shown_answers, value_in_words
from elluminate.schemas.comparison import ExperimentComparison
from elluminate.schemas.experiment_statistics import ExperimentStatistics
from elluminate.suites.result import SuiteResult, SuiteRun

__all__ = ["markdown_report"]

MOST_CHARACTERS = 60_000
"""Of a whole report: GitHub refuses comments from 65,536 characters on."""

_SIGNS: dict[Outcome, str] = {"passed": "✅", "failed": "❌", "not measured": "⚠️"}
_MOST_ROWS = 10
_LONGEST = 200
_LONGEST_NAME = 100
"""Characters of what a criterion is called, which leave room for the rest."""
_SPECIAL = re.compile("[^a-zA-Z0-9 ]")


def markdown_report(result: SuiteResult) -> str:
    """The result as GitHub-flavoured Markdown, of at most 60,000 characters.

    Args:
        result: What a suite came to.

    Example:
        >>> from elluminate.reports import markdown_report
        >>> print(markdown_report(client.run_suite("suite.yaml")).splitlines()[0])
        ## ✅ Arithmetic: passed
    """
    lines: list[str] = []
    size = 0
    for line in _lines(result):
        size += len(line) + 1
        if size > MOST_CHARACTERS - 100:
            lines += ["", "The rest is left out: it would be too long for a comment."]
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


def _lines(result: SuiteResult) -> Iterator[str]:
    yield f"## {_SIGNS[result.outcome]} {_escaped(result.suite)}: {result.outcome}"
    yield ""
    head = ["model", "outcome", "pass rate", "interval", "rows", "missing", "cost"]
    yield from _table(head, [_cells_of(run) for run in result.runs])
    for run in result.runs:
        yield f"### {_code(run.model)}"
        yield ""
        findings = [
            [_SIGNS[one.outcome], _code(one.name), _code(one.wanted), _code(one.got), _code(one.reason)]
            for one in run.gate.findings
        ]
        yield from _table(["", "threshold", "wanted", "got", "why"], findings)
        if run.statistics is not None and run.statistics.criteria:
            yield from _of_criteria(run.statistics)
        if run.comparison is not None:
            yield from _of_comparison(run.comparison)
        if run.experiment is not None:
            yield from _of_answers(shown_answers(run.experiment))


def _cells_of(run: SuiteRun) -> list[str]:
    outcome = f"{_SIGNS[run.outcome]} {run.outcome}"
    figures = run.statistics
    if figures is None:
        return [_code(run.model), outcome, "-", "-", "-", "-", "-"]
    rate, verdicts = figures.overall.rate, figures.overall.verdicts
    costs = [figures.answers.cost_usd, figures.judging.cost_usd if figures.judging.count else 0.0]
    known = [cost for cost in costs if cost is not None]
    cost = dollars(sum(known) if len(known) == len(costs) else None, "unknown")
    numbers = [
        percent(rate.estimate),
        interval_text(rate.low, rate.high),
        str(rate.n),
        str(verdicts.missing),
        cost,
    ]
    return [_code(run.model), outcome, *numbers]


def _of_criteria(figures: ExperimentStatistics) -> Iterator[str]:
    rows = [
        [
            _code(shortened(one.name, _LONGEST_NAME)),
            percent(one.rate.estimate),
            interval_text(one.rate.low, one.rate.high),
            str(one.verdicts.missing),
        ]
        for one in figures.criteria
    ]
    yield from _table(["criterion", "rate", "interval", "missing"], rows)


def _of_comparison(comparison: ExperimentComparison) -> Iterator[str]:
    yield f"Compared with {_code(comparison.a)}: **{comparison.verdict}**, {comparison.overall.difference}"
    yield ""
    if comparison.worse:
        rows = [
            [_code(_values(row.values)), percent(row.before), percent(row.after)]
            for row in comparison.worse[:_MOST_ROWS]
        ]
        yield from _table([f"rows that got worse: {len(comparison.worse)}", "before", "after"], rows)


def _of_answers(answers: Sequence[ShownAnswer]) -> Iterator[str]:
    not_passed = [answer for answer in answers if answer.state != "passed"]
    if not not_passed:
        return
    yield "<details>"
    yield f"<summary>Answers that did not pass: {len(not_passed)} of {len(answers)}</summary>"
    yield ""
    rows = []
    for answer in not_passed[:_MOST_ROWS]:
        lacking = [verdict for verdict in answer.verdicts if verdict.verdict != "YES"]
        why = "; ".join(
            f"{one.verdict}: {shortened(one.label or one.criterion, _LONGEST_NAME)}: {one.reason}"
            for one in lacking
        )
        rows.append([_code(_values(answer.values)), _code(answer.answer), _code(why)])
    yield from _table(["row", "answer", "why"], rows)
    if len(not_passed) > _MOST_ROWS:
        yield f"and {len(not_passed) - _MOST_ROWS} more"
        yield ""
    yield "</details>"
    yield ""


def _values(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value_in_words(value)[:100]}" for name, value in values.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _code(text: str) -> str:
    """Text as it stands: in `<code>` nothing is a mention, and as character references nothing is markup."""
    line = shortened(text, _LONGEST)
    return f"<code>{_escaped(line)}</code>" if line else ""


def _escaped(text: str) -> str:
    return _SPECIAL.sub(_reference, shortened(text, _LONGEST))


def _reference(found: re.Match[str]) -> str:
    sign = found.group()
    if sign.isalnum():
        return sign
    if ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 or 0xD800 <= ord(sign) < 0xE000:
        return "\ufffd"
    return sign if sign in ".,;" else f"&#{ord(sign)};" if ord(sign) < 0x80 else html.escape(sign)
