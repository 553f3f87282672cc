"""What a person reads: which rows failed and why, and the table at the end."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from elluminate._tables import printable, shortened, text_table

if TYPE_CHECKING:
    from elluminate.reports.answers import ShownAnswer
    from elluminate.suites.result import SuiteRun

__all__ = ["in_words", "summary"]

_MOST_ANSWERS = 10
_LONGEST = 500
_HEAD = ("evaluation", "rows", "pass rate", "interval", "missing", "outcome")
_MODELS = ("ELLUMINATE_LLM_BASE_URL", "ELLUMINATE_LLM_MODEL", "ELLUMINATE_LLM_API_KEY")


def in_words(run: SuiteRun, *, is_all: bool) -> str:
    """What a run came to, and the answers that did not pass: row, answer, criterion, and the judge's words.

    Args:
        run: The run.
        is_all: Whether all of them are told, and in full.
    """
    others = [finding for finding in run.gate.findings if finding.outcome != "passed"]
    others.sort(key=lambda finding: finding.outcome != run.outcome)  # the first line is what a summary shows
    lines = [" ".join(str(finding).removeprefix(run.outcome).split()) for finding in others]
    if run.experiment is not None:
        lines.append(f"experiment: {run.gate.experiment}")
        from elluminate.reports.answers import shown_answers

        answers = [one for one in shown_answers(run.experiment) if one.state != "passed"]
        told = answers if is_all else answers[:_MOST_ANSWERS]
        for answer in told:
            lines += ["", *_answer(answer, is_all=is_all)]
        if len(told) < len(answers):
            lines += ["", f"{len(answers) - len(told)} more answers did not pass; -vv shows them all"]
    return printable("\n".join(lines))


def _answer(answer: ShownAnswer, *, is_all: bool) -> list[str]:
    from elluminate.reports.answers import value_in_words

    def cut(text: str) -> str:
        return text if is_all else shortened(text, _LONGEST)

    lines = [f"row: {column} = {cut(value_in_words(value))}" for column, value in answer.values.items()]
    if answer.epoch > 1:
        lines.append(f"  epoch: {answer.epoch}")
    lines.append(f"  {'no answer' if answer.is_error else 'answer'}: {cut(answer.answer)}")
    for verdict in answer.verdicts:
        if verdict.verdict != "YES" and not (answer.is_error and verdict.reason == answer.answer):
            lines.append(f"  {verdict.verdict}: {cut(verdict.name)}")
            lines.append(f"    reasoning: {cut(verdict.reason) or '(none)'}")
    return lines


def summary(told: Sequence[Mapping[str, str]], server: str) -> str:
    """The table at the end.

    Args:
        told: A line for each evaluation.
        server: Where they ran; "" for a new server in each process.
    """
    rows = [
        [
            shortened(printable(one["evaluation"]), 100),
            *(one.get(column, "-") for column in _HEAD[1:]),
        ]
        for one in sorted(told, key=lambda one: one["evaluation"])
    ]
    notes = []
    if not server:
        notes.append(
            "Run on a new, empty server, which is gone; --elluminate-server=local:evals.db keeps experiments."
        )
    if not any(os.environ.get(name) for name in _MODELS) and (not server or server.startswith("local:")):
        notes.append(
            "No model is configured: verdicts come from the built-in offline model, which knows nothing. Set "
            "ELLUMINATE_LLM_BASE_URL, ELLUMINATE_LLM_MODEL and ELLUMINATE_LLM_API_KEY for a real one."
        )
    return "\n".join([text_table(_HEAD, rows), *notes])
