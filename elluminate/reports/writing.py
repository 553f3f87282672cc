"""Reports into files, whose names say what they are."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from elluminate._file_errors import refuse_unwritable
from elluminate.exceptions import ValidationError
from elluminate.gates import Thresholds, check
from elluminate.reports.html import html_report
from elluminate.reports.json import json_report
from elluminate.reports.junit import junit_report
from elluminate.reports.markdown import markdown_report
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.experiment_statistics import ExperimentStatistics
from elluminate.suites.result import SuiteResult, SuiteRun

__all__ = ["FORMATS", "checked_report_path", "report_in", "result_of", "write_report"]

FORMATS: Mapping[str, Callable[[SuiteResult], str]] = {
    ".html": html_report,
    ".md": markdown_report,
    ".xml": junit_report,
    ".json": json_report,
}
"""Ending of a file to what is written into it: HTML, Markdown, JUnit XML, JSON."""


def checked_report_path(path: str | os.PathLike[str]) -> Path:
    """The path of a report, if one can be written there.

    Raises:
        ValidationError: Its ending says none of the formats, or its folder is not there.
    """
    file = Path(path)
    if file.suffix.lower() not in FORMATS:
        raise ValidationError(
            f"{str(path)!r}: a report ends in .html, .md (Markdown), .xml (JUnit) or .json, for example report.html"
        )
    refuse_unwritable(file)
    # One that is there is replaced, which takes its folder.
    if not os.access(file.absolute().parent, os.W_OK):
        raise ValidationError(f"{str(path)!r}: nothing can be written into {str(file.absolute().parent)!r}")
    return file


def report_in(result: SuiteResult, ending: str) -> str:
    """The report that a file of this ending holds.

    Args:
        result: What a suite came to.
        ending: One of `FORMATS`, like ".md".
    """
    return FORMATS[ending.lower()](result)


def write_report(result: SuiteResult, path: str | os.PathLike[str]) -> None:
    """Write a report; its file is there whole, or as it was before.

    Args:
        result: What a suite came to, or `result_of(experiment, …)`.
        path: Its ending says which: .html, .md (Markdown), .xml (JUnit), .json.

    Raises:
        ValidationError: The path is of no report.
        OSError: It cannot be written.

    Example:
        >>> from elluminate.reports import write_report
        >>> write_report(client.run_suite("suite.yaml"), "report.html")
    """
    file = checked_report_path(path)
    text = report_in(result, file.suffix)
    temporary = file.absolute().with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n", errors="replace") as opened:
            opened.write(text)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def result_of(
    experiment: Experiment, figures: ExperimentStatistics, thresholds: Thresholds | None = None
) -> SuiteResult:
    """One experiment as what a suite came to, to be reported alike.

    Args:
        experiment: With its responses.
        figures: `experiment.statistics()`.
        thresholds: What it has to come to; None asks for nothing but that nothing is missing.
    """
    model = experiment.llm_config.name if experiment.llm_config else None
    run = SuiteRun(
        model=model or ("target" if experiment.answers_from_elsewhere else "default"),
        gate=check(figures, thresholds or Thresholds()),
        experiment=experiment,
        statistics=figures,
    )
    return SuiteResult(suite=experiment.name, runs=(run,))
