"""`elluminate run` and `elluminate compare`."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from elluminate._config import LOCAL_SCHEME
from elluminate._file_errors import told_of_file
from elluminate.async_client import AsyncClient
from elluminate.cli.connecting import connected, say
from elluminate.cli.nearest import MOST_NAMES, not_found
from elluminate.cli.progress import told_progress
from elluminate.exceptions import ElluminateError, NotFoundError, ValidationError
from elluminate.gates import RegressionThreshold, Thresholds, check, not_measured
from elluminate.gates.checking import NOTHING_TO_COMPARE_WITH
from elluminate.schemas.experiment import Experiment
from elluminate.suites.reading import load_suite
from elluminate.suites.result import NO_MODEL, SuiteResult, SuiteRun

_NOT_WRITTEN = 2

__all__ = ["compare", "meant", "run", "write_reports"]


async def run(options: argparse.Namespace) -> int:
    """Run a suite, write its reports, and say whether it passed; the exit code.

    Raises:
        ElluminateError: The suite cannot be used, or a report cannot be written; nothing was run.
    """
    from elluminate.reports import checked_report_path

    outputs = [checked_report_path(path) for path in options.output]
    try:
        suite = load_suite(options.suite)
    except FileNotFoundError as error:
        raise ValidationError(
            f"{told_of_file(error)}; 'elluminate init' writes a suite that runs as it is"
        ) from None
    if options.model:
        suite = suite.with_models(options.model)
    try:
        async with connected(options.base_url, runs=True) as client:
            with told_progress(quiet=options.quiet) as progress:
                result = await client.run_suite(
                    suite, branch=options.branch, progress=progress, new=options.new
                )
            _tell(result, options.quiet)
            are_written = write_reports(result, outputs)
    except ElluminateError as error:
        # Whoever reads the reports is told, too.
        gate = not_measured(suite.name, str(error))
        result = SuiteResult(suite=suite.name, runs=(SuiteRun(model=NO_MODEL, gate=gate),))
        _tell(result, options.quiet)
        are_written = write_reports(result, outputs)
    return result.exit_code if are_written else _NOT_WRITTEN


def _tell(result: SuiteResult, quiet: bool) -> None:
    print(_in_short(result) if quiet else result, flush=True)
    for one in result.runs:
        if one.experiment is not None and not quiet:
            say(f"Experiment {one.experiment.id}: {one.experiment.name}")
            if place := _place_of(one.experiment):
                say(f"  {place}")


def _place_of(experiment: Experiment) -> str | None:
    """Where a browser shows it: an address, or the command that opens one; None where it is gone with this process."""
    if experiment.url is not None:
        return experiment.url
    file = experiment._bound_session().config.base_url.removeprefix(LOCAL_SCHEME)
    if file.startswith(":memory:"):  # also one with a name
        return None
    return f"in a browser: {shlex.join(['elluminate', 'view', *([file] if file else [])])}"


def _in_short(result: SuiteResult) -> str:
    """The outcome, and what did not pass, or has passed because there was nothing to compare with."""
    lines = str(result).split("\n")
    return "\n".join(
        line for line in lines if not line.strip().startswith("passed  ") or NOTHING_TO_COMPARE_WITH in line
    )


def write_reports(result: SuiteResult, outputs: Sequence[Path]) -> bool:
    """Write each report, and say so; whether all of them could be written."""
    from elluminate.reports import write_report

    are_written = True
    for path in outputs:
        try:
            write_report(result, path)
        except OSError as error:
            are_written = False
            say(f"elluminate: {path} could not be written: {error.strerror or error}")
        else:
            say(f"Written: {path}")
    return are_written


async def compare(options: argparse.Namespace) -> int:
    """Compare two experiments; the exit code."""
    async with connected(options.base_url) as client:
        before, after = await meant(client, options.before), await meant(client, options.after)
        comparison = await client.compare(before, after, level=options.level)
        if options.format == "json":
            print(json.dumps(comparison.to_dicts(), ensure_ascii=False))
        else:
            print(comparison)
        if not options.fail_if_worse and options.margin is None:
            return 0
        wanted = Thresholds(no_regression=RegressionThreshold(margin=options.margin, level=options.level))
        gate = check(await after.astatistics(), wanted, comparison)
    if options.format == "text":
        print(gate)
    return gate.exit_code


async def meant(client: AsyncClient, given: str) -> Experiment:
    """The experiment that a name or an id means; of digits alone, an id.

    Raises:
        NotFoundError: There is none; of a name, with the nearest ones.
    """
    if given.isascii() and given.isdigit():
        return await client.get_experiment(id=int(given))
    try:
        return await client.get_experiment(name=given)
    except NotFoundError:
        names: list[str] = []
        async with aclosing(client.iter_experiments()) as experiments:
            async for experiment in experiments:
                names.append(experiment.name)
                if len(names) >= MOST_NAMES:
                    break
        raise not_found(given, names) from None
