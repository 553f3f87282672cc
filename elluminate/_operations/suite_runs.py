"""One model's run of a suite: a new experiment, or going on with one that was broken off on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen
from elluminate_api.models import Criterion, CriterionIn, LLMConfig

from elluminate._config import LOCAL_SCHEME
from elluminate._interrupts import is_interrupt, tell_of_going_on, tell_of_suite
from elluminate._operations.criterion_sets import CriterionSetOperations
from elluminate._operations.experiment_runs import ExperimentRunOperations
from elluminate._progress import Progress
from elluminate.exceptions import ConflictError, NotFoundError
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.prompt_template import PromptTemplate
from elluminate.suites.begun import begun_run
from elluminate.suites.digests import digest_of, digest_of_run
from elluminate.suites.origins import Origin, described, origin_in
from elluminate.suites.suite import ModelChoice, Suite


@frozen(kw_only=True)
class SuiteParts:
    """What all runs of a suite share.

    Attributes:
        template: The prompt; None with a target alone.
        collection: The rows.
        target: The program; None where models are asked.
        branch: The branch; None where that is not known.
        commit: The commit; None where that is not known.
        is_new: Whether each run is to begin anew, whatever was broken off.
    """

    template: PromptTemplate | None
    collection: TemplateVariablesCollection
    target: Callable[..., Any] | None
    branch: str | None
    commit: str | None
    is_new: bool


@frozen(kw_only=True)
class OneRun:
    """What one model's run is made of.

    Attributes:
        suite: The suite.
        parts: What all runs share.
        choice: The model.
        config: Its LLM config; None for the project's default, and with a target.
        name: The name of its experiment, unless it goes on with one.
        told: What is to be told how far it is.
    """

    suite: Suite
    parts: SuiteParts
    choice: ModelChoice
    config: LLMConfig | None
    name: str
    told: Progress


class SuiteRunOperations(ExperimentRunOperations, CriterionSetOperations):
    """What suites need of experiments."""

    async def _ended_run(self, run: OneRun) -> Experiment:
        """The experiment of a run, when that is over.

        A target and a model go on alike: what has an answer, or a verdict, is not asked for again.
        """
        digest = await self._digest_of(run)
        where = self.session.config.base_url
        if where.startswith(f"{LOCAL_SCHEME}:memory:"):  # which is gone with this process
            return await self._new_run(run, run.name, digest)
        key = digest_of([where, await self.session.project_id(), str(run.suite.path.resolve()), digest])
        with begun_run(key, run.name, anew=run.parts.is_new) as begun:
            try:
                experiment: Experiment | None = None
                if begun is not None and begun.was_broken_off:
                    experiment = await self._gone_on_with(run, begun.experiment, digest)
                    if experiment is None:
                        begun.begin_anew(run.name)
                if experiment is None:
                    experiment = await self._new_run(run, run.name, digest)
            except BaseException as error:
                if begun is not None and is_interrupt(error):
                    tell_of_suite(begun.experiment)
                raise
            if begun is not None:
                begun.end()
        return experiment

    async def _gone_on_with(self, run: OneRun, name: str, digest: str) -> Experiment | None:
        """The experiment that was broken off, when it is over; None where it cannot be gone on with."""
        try:
            there = await self.get_experiment(name=name)
            origin = origin_in(there.description or "")
            if origin is None or origin.digest != digest:
                return None
            answered = sum(response.error is None for response in there.rated_responses)
            tell_of_going_on(name, answered, run.parts.collection.variables_count * run.suite.epochs)
            if run.parts.target is not None:
                return await self._new_run(run, name, digest)
            if there.generation_task_id is not None:  # on a server, which has gone on alone
                return await there.await_until_finished(run.suite.timeout, progress=run.told)
            return await there.aretry_failed(timeout=run.suite.timeout, progress=run.told)
        except (NotFoundError, ConflictError):  # it is gone, or somebody has changed what it is made of
            return None

    async def _new_run(self, run: OneRun, name: str, digest: str) -> Experiment:
        suite, parts = run.suite, run.parts
        origin = Origin(
            suite=suite.name,
            model=run.choice.name,
            branch=parts.branch,
            commit=parts.commit,
            digest=digest,
        )
        return await self.run_experiment(
            name,
            parts.template,
            parts.collection,
            llm_config=run.config,
            criterion_set=suite.criterion_set,
            criteria=suite.criteria,
            description=described(suite.description, origin),
            rating_mode=suite.rating_mode,
            n_epochs=suite.epochs,
            timeout=suite.timeout,
            rating_version=suite.judge,
            progress=run.told,
            cache=suite.cache,
            target=parts.target,
            **suite.calling,
        )

    async def _digest_of(self, run: OneRun) -> str:
        """Of all that shapes the run's answers and verdicts, with what the server has of it."""
        suite, parts = run.suite, run.parts
        template, config = parts.template, run.config
        criteria: Sequence[CriterionIn | Criterion] | None = suite.criteria
        linked = None if template is None else template.criterion_set_id
        if criteria is None and suite.criterion_set is not None:
            criteria = (await self.get_criterion_set(name=suite.criterion_set)).criteria
        elif criteria is None and linked is not None:
            criteria = (await self.get_criterion_set(id=linked)).criteria
        rows = suite.rows
        if rows is None:
            collection = await self.get_collection(id=parts.collection.id)
            rows = [row.input_values for row in collection.variables]
        return digest_of_run(
            suite,
            run.choice,
            rows=rows,
            criteria=criteria or (),
            target=parts.target,
            on_the_server=(
                None if template is None else template.id,
                parts.collection.id,
                None if config is None else config.id,
                parts.branch,
                parts.commit,
            ),
        )
