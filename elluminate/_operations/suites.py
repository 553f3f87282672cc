"""Running suites: what stands in a file is made on the server, run once for each model, and held against thresholds."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from elluminate_api.models import CollectionColumn, ColumnType

from elluminate._checks import checked_choice, checked_name, checked_texts
from elluminate._operations.comparisons import ComparisonOperations
from elluminate._operations.prompt_templates import PromptTemplateOperations
from elluminate._operations.suite_models import DEFAULT_MODEL, SuiteModelOperations
from elluminate._operations.suite_runs import OneRun, SuiteParts, SuiteRunOperations
from elluminate._progress import ExperimentProgress
from elluminate._showing import quoted, shown
from elluminate.exceptions import ElluminateError, NotFoundError, ValidationError
from elluminate.gates import GateResult, RegressionThreshold, check, not_measured
from elluminate.names import unique_name
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.filters import ExperimentFilter
from elluminate.schemas.prompt_template import PromptTemplate
from elluminate.suites.digests import digest_of
from elluminate.suites.origins import branch_and_commit, origin_in
from elluminate.suites.result import SuiteResult, SuiteRun
from elluminate.suites.suite import ModelChoice, Suite
from elluminate.suites.targets import found_target, without_exit

SuiteProgress = Callable[[str, ExperimentProgress | None], None]

_MOST_LOOKED_AT = 500
"""Experiments among which the last run on a branch is looked for."""
_MOST_BRANCHES_TOLD = 5
_AT_ONCE = 8
"""Models that are run at the same time."""


class SuiteOperations(
    PromptTemplateOperations,
    SuiteModelOperations,
    SuiteRunOperations,
    ComparisonOperations,
):
    """Operations on suites."""

    async def run_suite(
        self,
        suite: Suite | str | os.PathLike[str],
        *,
        models: Sequence[str] | None = None,
        branch: str | None = None,
        progress: SuiteProgress | None = None,
        new: bool = False,
    ) -> SuiteResult:
        """Run a suite, one experiment for each of its models, and hold each against its thresholds.

        The template is stored under the suite's name, as its next version where it changed; rows as a collection that
        is named after what they are, so that equal rows are stored once. What cannot be run is "not measured", and ends
        no other model's run.

        A run that was broken off on this machine (Ctrl-C, a timeout, a crash) is gone on with, which is told on stderr:
        what is answered is not asked again. That is so as long as nothing has changed that shapes answers or verdicts:
        rows, prompt, criteria, model, judge, the file of the target, branch and commit.

        Args:
            suite: What `load_suite()` has read, or the path of a file.
            models: Only these of its models; None for all.
            branch: What it runs on, as a later run with `no_regression: {branch: ...}` looks for it; None finds it out
                from CI's variables or git.
            progress: Is told the name of a model, and how far its run is; None for the latter when it is over.
            new: Whether to begin anew in any case.

        Returns:
            What each run came to; `exit_code` is 0 for passed, 1 for failed, 2 for not measured.

        Raises:
            SuiteError: The file cannot be used.
            ValidationError: There is no such model in it, or its target cannot be imported.
            NotFoundError: There is nothing of a name that it says is on the server.

        Example:
            >>> result = client.run_suite("suite.yaml")
            >>> result.outcome, result.exit_code
            ('passed', 0)
        """
        for name in () if models is None else checked_texts(models, "models"):
            checked_name(name, "model")
        if branch is not None:
            checked_name(branch, "branch")
        if progress is not None and not callable(progress):
            raise ValidationError(f"progress must be a function or None, not {shown(progress)}")
        checked_choice(new, "new")
        if not isinstance(suite, Suite):
            from elluminate.suites.reading import load_suite  # YAML and JSON schema come with an extra

            suite = load_suite(suite)
        if models is not None:
            suite = suite.with_models(models)
        found_branch, commit = branch_and_commit(suite.path.parent)
        parts = await self._parts(suite, branch or found_branch, commit, is_new=new)
        choices = suite.models or [ModelChoice(name=suite.target_name or DEFAULT_MODEL)]
        runs = [partial(self._run_of_suite, suite, parts, choice, progress) for choice in choices]
        return SuiteResult(suite=suite.name, runs=tuple(await self.session.transport.gather(runs, _AT_ONCE)))

    async def _parts(
        self, suite: Suite, branch: str | None, commit: str | None, *, is_new: bool
    ) -> SuiteParts:
        """What all runs share, made where it is not there yet."""
        target = suite.target
        if isinstance(target, str):
            target = found_target(target, suite.path.parent)
        if target is not None:
            target = without_exit(target)
        template: PromptTemplate | None = None
        asked = suite.template
        if asked is not None and asked.messages is not None:
            template, _ = await self.get_or_create_prompt_template(suite.name, template=asked.messages)
        elif asked is not None:
            template = await self.get_prompt_template(name=asked.name, version=asked.version)
        if suite.rows is None:
            collection: TemplateVariablesCollection = await self.get_collection(name=suite.collection)
        else:
            # A function that is given as such was written for the values that are given beside it.
            keeps_types = suite.target is not None and not isinstance(suite.target, str)
            collection = await self._rows_of_suite(suite.name, suite.rows, keeps_types=keeps_types)
        return SuiteParts(
            template=template,
            collection=collection,
            target=target,
            branch=branch,
            commit=commit,
            is_new=is_new,
        )

    async def _rows_of_suite(
        self, name: str, rows: Sequence[Mapping[str, Any]], *, keeps_types: bool
    ) -> TemplateVariablesCollection:
        """The collection of these rows, which is named after what they are.

        Args:
            name: The suite's.
            rows: The rows.
            keeps_types: Whether a column with a value that is no text is one of JSON, and not of texts.
        """
        plain = [dict(row) for row in rows]
        named = f"{name} ({digest_of(['typed', plain] if keeps_types else plain)})"
        try:
            collection: TemplateVariablesCollection = await self.get_collection(name=named)
        except NotFoundError:
            columns = _typed_columns(rows) if keeps_types else None
            return await self.create_collection(
                named, description=f"Rows of the suite {name!r}.", variables=rows, columns=columns
            )
        if collection.variables_count != len(rows):  # somebody has changed it, or adding them was broken off
            await collection.aclear()
            await collection.aadd_many(rows)
        return collection

    async def _run_of_suite(
        self, suite: Suite, parts: SuiteParts, choice: ModelChoice, progress: SuiteProgress | None
    ) -> SuiteRun:
        name = suite.name if len(suite.models) < 2 else f"{suite.name}, {choice.name}"
        try:
            return await self._measured_run(suite, parts, choice, unique_name(name), progress)
        except ElluminateError as error:
            return SuiteRun(model=choice.name, gate=not_measured(name, str(error)))
        finally:
            if progress is not None:
                progress(choice.name, None)

    async def _measured_run(
        self, suite: Suite, parts: SuiteParts, choice: ModelChoice, name: str, progress: SuiteProgress | None
    ) -> SuiteRun:
        # Before money is spent on a run: an experiment that is named, and is not there, ends it. A branch without a run
        # does not, even where one is required: then this run is not measured, and is the one to compare the next with.
        wanted = suite.baseline
        baseline, others = await self._baseline(suite, choice)
        without = "" if wanted is None else _without(wanted.branch, parts.branch, others)
        told = None if progress is None else partial(progress, choice.name)
        config = await self._model_of(choice) if suite.models else None
        experiment = await self._ended_run(
            OneRun(suite=suite, parts=parts, choice=choice, config=config, name=name, told=told or False)
        )
        figures = await experiment.astatistics(confidence=suite.thresholds.confidence)
        regression = suite.thresholds.no_regression or RegressionThreshold()
        comparison = (
            None if baseline is None else await self.compare(baseline, experiment, level=regression.level)
        )
        gate: GateResult = check(
            figures,
            suite.thresholds,
            comparison,
            without=without,
            needs_comparison=wanted is not None and wanted.is_required,
        )
        return SuiteRun(
            model=choice.name, gate=gate, experiment=experiment, statistics=figures, comparison=comparison
        )

    async def _baseline(self, suite: Suite, choice: ModelChoice) -> tuple[Experiment | None, list[str]]:
        """What a run is compared with, and on which other branches there are runs of the suite.

        The former is None where nothing is asked for, or where there is no earlier run.
        """
        wanted = suite.baseline
        if wanted is None:
            return None, []
        if wanted.against is not None:
            return await self.get_experiment(name=wanted.against), []
        others: dict[str, None] = {}
        looked_at = 0
        earlier = self.iter_experiments(ExperimentFilter(experiment_name_search=suite.name))
        async with aclosing(earlier):
            async for experiment in earlier:
                origin = origin_in(experiment.description or "")
                if origin is not None and origin.suite == suite.name and origin.branch is not None:
                    others[origin.branch] = None
                is_of_suite = origin is not None and (origin.suite, origin.model, origin.branch) == (
                    suite.name,
                    choice.name,
                    wanted.branch,
                )
                verdicts = experiment.results.verdicts if experiment.results else None
                if (
                    is_of_suite
                    and experiment.generation_task_id is None
                    and verdicts
                    and verdicts.is_complete
                ):
                    return await self.get_experiment(id=experiment.id), []
                looked_at += 1
                if looked_at >= _MOST_LOOKED_AT:
                    break
        return None, [branch for branch in others if branch != wanted.branch]


def _without(branch: str | None, current: str | None, others: Sequence[str]) -> str:
    """Why there is no run to compare with; where there are runs on other branches, the name may be a slip.

    Args:
        branch: Where an earlier run was looked for.
        current: The branch of this run; None where that is not known.
        others: On which there are runs.
    """
    reason = f"no earlier run was found on branch {quoted(branch)}"
    if current == branch:
        return f"{reason}; this one is the first, and the next is compared with it"
    if not others:
        here = "on no branch that is known" if current is None else f"on {quoted(current)}"
        return f"{reason}, and this one is {here}; a run on {quoted(branch)} makes the one to compare with"
    there = ", ".join(quoted(other) for other in others[:_MOST_BRANCHES_TOLD])
    more = f" and {len(others) - _MOST_BRANCHES_TOLD} more" if len(others) > _MOST_BRANCHES_TOLD else ""
    return f"{reason}, and there are runs on {there}{more}: is the branch's name right?"


def _typed_columns(rows: Sequence[Mapping[str, Any]]) -> list[CollectionColumn]:
    of_json = {name for row in rows for name, value in row.items() if not isinstance(value, str | None)}
    return [
        CollectionColumn(name=name, column_type=ColumnType.JSON if name in of_json else ColumnType.TEXT)
        for name in dict.fromkeys(name for row in rows for name in row)
    ]
