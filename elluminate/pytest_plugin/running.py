"""From a marked test to a suite, and what running it came to."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from elluminate_api.models import RatingMode

from elluminate._checks import known
from elluminate._file_errors import told_of_file
from elluminate._markup import interval_text, percent
from elluminate._row_files import rows_of_file
from elluminate._showing import quoted, shown
from elluminate.client import Client
from elluminate.exceptions import IncompleteResultsWarning, NotFoundError, ValidationError
from elluminate.gates import RateThreshold, RegressionThreshold, Thresholds, check
from elluminate.pytest_plugin.marker import ASKING, THRESHOLDS
from elluminate.schemas.criterion_set import criteria_in
from elluminate.schemas.experiment import Experiment
from elluminate.suites.origins import origin_in
from elluminate.suites.result import SuiteResult, SuiteRun
from elluminate.suites.suite import BaselineChoice, ModelChoice, Suite, TemplateChoice

__all__ = ["baseline_of", "held", "name_of", "run", "told_of"]

_MOST_NAME = 190
"""Characters of an evaluation's name: what is named after it says more behind it."""
_MOST_LOOKED_AT = 500
_ROW = "row"
"""A parameter that takes the whole row, where no column is called so."""


def run(
    client: Client,
    item: pytest.Function,
    said: Mapping[str, Any],
    fixtures: Mapping[str, Any],
    wanted: Sequence[str],
    baseline: BaselineChoice | None,
) -> SuiteRun:
    """Run the evaluation that a test is.

    Args:
        client: Of the server that it runs on.
        item: The test.
        said: What its marker says.
        fixtures: Values of the parameters that are fixtures.
        wanted: The other parameters.
        baseline: What it is compared with.

    Raises:
        ElluminateError: It cannot be run as it is written, or what it names is not there.
    """
    rows = _rows(said["rows"], item.path.parent) if "rows" in said else None
    named = said.get("name", item.nodeid)
    if not isinstance(named, str) or not named.strip():
        raise ValidationError(f"name must be a text, not {shown(named)}")
    thresholds = thresholds_of(said)
    if baseline is not None:
        regression = RegressionThreshold(margin=said.get("margin"))
        thresholds = evolve(thresholds, no_regression=thresholds.no_regression or regression)
    target, template = None, None
    if "template" in said:
        template = TemplateChoice(messages=said["template"])
        if wanted:
            raise ValidationError(
                f"a model is asked for each row, and {item.originalname}() is called once, after it: its parameters "
                f"are fixtures, and there is none called {', '.join(wanted)}"
            )
    else:
        columns = _columns(client, rows, said)
        target = _target(item, columns, fixtures, wanted)
    suite = Suite(
        path=item.path,
        name=named[-_MOST_NAME:],
        description=said.get("description", ""),
        template=template,
        target=target,
        rows=rows,
        collection=said.get("collection"),
        criteria=None if "criteria" not in said else criteria_in(said["criteria"]),
        criterion_set=said.get("criterion_set"),
        models=[ModelChoice(name=said["llm_config"])] if "llm_config" in said else [],
        judge=said.get("judge"),
        rating_mode=known(RatingMode, said.get("rating_mode", RatingMode.DETAILED), "rating_mode"),
        epochs=said.get("epochs", 1),
        cache=said.get("cache", False),
        calling={name: said[name] for name in ASKING if name in said},
        timeout=said.get("timeout"),
        thresholds=thresholds,
        baseline=baseline,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteResultsWarning)  # the test tells it
        (only,) = client.run_suite(suite, new=True).runs  # a test depends on no earlier one
    return only


def _rows(given: Any, folder: Path) -> list[dict[str, Any]]:
    """The rows that are given, or those of a file, which is found from the test's folder."""
    if isinstance(given, str | Path):
        try:
            read = rows_of_file(folder / given)
        except OSError as error:
            raise ValidationError(
                f"the rows cannot be read: {told_of_file(error)}; their path begins at the test's folder"
            ) from None
        if read is None:
            raise ValidationError(
                f"rows must be a list of dicts, or a .csv or .jsonl file, not {shown(given)}"
            )
        rows = read
    elif isinstance(given, Sequence) and all(isinstance(row, Mapping) for row in given):
        rows = [dict(row) for row in given]
    else:
        raise ValidationError(
            'rows must be a list of dicts, such as [{"question": "What is 1 + 1?"}], or a .csv or .jsonl file, '
            f"not {shown(given)}"
        )
    if not rows:
        raise ValidationError(f"there are no rows in {shown(given)}")
    return rows


def _columns(client: Client, rows: Sequence[Mapping[str, Any]] | None, said: Mapping[str, Any]) -> list[str]:
    if rows is not None:
        return list(dict.fromkeys(column for row in rows for column in row))
    collection = client.get_collection(name=said["collection"])
    return [column.name for column in collection.columns if column.name]


def _target(
    item: pytest.Function, columns: Sequence[str], fixtures: Mapping[str, Any], wanted: Sequence[str]
) -> Callable[..., Any]:
    """The test's function as a program that is called with all columns.

    Raises:
        ValidationError: A parameter is neither column nor fixture, or none is a column.
    """
    function = item.obj
    of_row = [name for name in (*wanted, *fixtures) if name in columns]
    takes_row = _ROW in wanted and _ROW not in columns
    nothing = [name for name in wanted if name not in columns and not (takes_row and name == _ROW)]
    there = f"the rows have the columns {', '.join(columns)}"
    if nothing:
        raise ValidationError(
            f"{item.originalname}() has the parameter {quoted(nothing[0])}, and that is neither a column nor a "
            f"fixture; {there}"
        )
    if not of_row and not takes_row:
        raise ValidationError(
            f"{item.originalname}() takes nothing of the rows: name a parameter after a column, or {_ROW!r} for all; "
            f"{there}"
        )

    def called_with(row: dict[str, Any]) -> dict[str, Any]:
        return {**fixtures, **({_ROW: row} if takes_row else {}), **{name: row[name] for name in of_row}}

    async def answer_later(**row: Any) -> Any:
        return await function(**called_with(row))

    def answer(**row: Any) -> Any:
        return function(**called_with(row))

    target = answer_later if inspect.iscoroutinefunction(function) else answer
    target.__name__ = target.__qualname__ = item.originalname or item.name
    return target


def thresholds_of(said: Mapping[str, Any]) -> Thresholds:
    """What an evaluation has to come to: without a word on it, that every verdict is YES."""
    given = said.get("thresholds")
    if given is not None:
        if not isinstance(given, Thresholds):
            raise ValidationError(f"thresholds must be elluminate.gates.Thresholds, not {shown(given)}")
        return given
    rate, bound = said.get("pass_rate"), said.get("lower_bound")
    asks_for_nothing = not any(said.get(name) is not None for name in THRESHOLDS if name != "confidence")
    if asks_for_nothing:
        rate = 1.0
    passing = said.get("passing")
    return Thresholds(
        pass_rate=None if rate is None and bound is None else RateThreshold(at_least=rate, lower_bound=bound),
        passing=RateThreshold(at_least=passing) if passing is not None else None,
        max_cost_usd=said.get("max_cost_usd"),
        confidence=said.get("confidence", 0.95),
    )


def baseline_of(client: Client, name: str) -> BaselineChoice:
    """What a name of --elluminate-baseline means: an experiment, or a branch that evaluations have run on.

    A branch that no evaluation has run on is a slip of the pen, so that it is not measured; one on which others have
    run is a baseline that a new evaluation is not in yet.
    """
    try:
        client.get_experiment(name=name)
    except NotFoundError:
        newest = itertools.islice(client.iter_experiments(), _MOST_LOOKED_AT)
        origins = (origin_in(experiment.description or "") for experiment in newest)
        is_branch = any(origin is not None and origin.branch == name for origin in origins)
        return BaselineChoice(branch=name, is_required=not is_branch)
    return BaselineChoice(against=name)


def held(measured: Any, said: Mapping[str, Any]) -> tuple[SuiteRun, ...]:
    """What was measured, held against thresholds.

    Raises:
        ValidationError: A threshold is not known, or it is nothing that has figures.
    """
    if isinstance(measured, SuiteResult | SuiteRun):
        if said:
            raise ValidationError(
                f"a suite has thresholds of its own; {', '.join(said)} cannot be given here"
            )
        return measured.runs if isinstance(measured, SuiteResult) else (measured,)
    if not isinstance(measured, Experiment):
        raise ValidationError(
            f"an Experiment, or what run_suite() returned, can be checked, not {shown(measured)}"
        )
    unknown = [name for name in said if name not in THRESHOLDS]
    if unknown:
        raise ValidationError(f"there is no threshold {unknown[0]!r}; there is {', '.join(THRESHOLDS)}")
    thresholds = thresholds_of(said)
    figures = measured.statistics(confidence=thresholds.confidence)
    gate = check(figures, thresholds)
    return (SuiteRun(model=measured.name, gate=gate, experiment=measured, statistics=figures),)


def name_of(run: SuiteRun) -> str:
    """What to call what was measured."""
    return run.gate.experiment


def told_of(name: str, run: SuiteRun) -> dict[str, str]:
    """The line of the table at the end: plain texts, which go from one process to another."""
    told = {"evaluation": name, "outcome": run.outcome}
    if run.statistics is not None:
        overall = run.statistics.overall
        told["rows"], told["missing"] = str(overall.rate.n), str(overall.verdicts.missing)
        told["pass rate"] = "-" if overall.rate.estimate is None else percent(overall.rate.estimate)
        told["interval"] = interval_text(overall.rate.low, overall.rate.high)
    return told
