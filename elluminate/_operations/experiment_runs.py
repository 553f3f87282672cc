"""Creating experiments that run at once: waiting for their end, or watching how they get on."""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

from elluminate_api.models import (
    CriterionIn,
    ExperimentGenerationStatus,
    LLMConfig,
    RatingMode,
    TaskStatus,
)

from elluminate._checks import checked_polling_interval, checked_timeout
from elluminate._following import follow_experiment
from elluminate._operations.experiments import ExperimentOperations
from elluminate._operations.program_arguments import AT_ONCE, Asking, refuse_beside_target
from elluminate._operations.program_runs import run_program
from elluminate._progress import Progress, reporter
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.experiment import LEFT_AS_IT_IS, Experiment, ExperimentStatusEvent, event_of
from elluminate.schemas.experiment_creation import NewExperiment
from elluminate.schemas.programs import checked_target
from elluminate.schemas.prompt_template import PromptTemplate
from elluminate.schemas.runs import finish, warn_without_criteria, warned_without_rows


class ExperimentRunOperations(ExperimentOperations):
    """Operations that start runs."""

    async def run_experiment(
        self,
        name: str,
        prompt_template: PromptTemplate | str | None,
        collection: TemplateVariablesCollection | str,
        llm_config: LLMConfig | str | None = None,
        criterion_set: CriterionSet | str | None = None,
        criteria: Sequence[str | CriterionIn | Mapping[str, Any]] | None = None,
        description: str = "",
        rating_mode: RatingMode = RatingMode.DETAILED,
        n_epochs: int = 1,
        timeout: float | None = None,
        rating_version: str | None = None,
        generate: bool = True,
        response_column_id: int | None = None,
        *,
        progress: Progress = False,
        cache: bool | float | datetime.timedelta = False,
        target: Callable[..., Any] | None = None,
        max_concurrency: int = AT_ONCE,
        target_retries: int = 0,
        target_timeout: float | None = None,
    ) -> Experiment:
        """Create an experiment, run it, and wait until every response is given and rated.

        Args:
            name: 1 to 255 characters.
            prompt_template: The prompt, or its name (the latest version). None where the collection's rows are prompts,
                or where answers stand in a column and nothing says what they answer.
            collection: The test cases, or their collection's name; its columns must cover the template's placeholders.
            llm_config: The model, or its config's name; None takes the project's default.
            criterion_set: The criteria, or their set's name; None takes the set linked to the template.
            criteria: Yes/no questions and checks (`elluminate.checks`) instead of a set; they are stored as a set named
                after the experiment. What has the same text is one, which a RepeatedCriteriaWarning tells.
            description: What it is for.
            rating_mode: DETAILED judges each criterion by itself, FAST all of them in one call.
            n_epochs: Responses per row, 1 to 1000.
            timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
            rating_version: The judge; None takes the project's default, "latest" the newest. For one that it does
                not know the server takes the default, and an OtherJudgeWarning says so.
            generate: False creates the experiment and does not run it.
            response_column_id: A column that holds the answers already, so that no model is asked.
            progress: True shows how far it is (on stderr, or as a bar in a notebook); a function gets each
                ExperimentProgress.
            cache: True, or a lifetime: calls that were answered before, by an experiment with a cache, are not made
                again. Equal are calls of one model with the same messages and parameters in the same epoch, and the
                verdicts of one judge likewise; `response.cached` tells which. Made for programs that are run over and
                over while prompts or criteria change. A NoCacheWarning tells of a server that has none.
            target: Your own program, asked instead of a model: an ordinary or async function that is called for each
                row, and returns a text, a list of chat messages, or an `Answer`. Its parameters are named after
                columns, or it has one that is not, and takes the row as a dict. What it raises is kept as
                `response.error`. The same call with the same name goes on where an earlier one stopped: what is
                answered is not asked again, what failed is. A template is optional then: filled with the row, it is
                shown as what was asked.
            max_concurrency: Calls of `target` at a time, 1 to 1000.
            target_retries: How often a call of `target` that raised is made again, 0 to 100, after growing pauses.
            target_timeout: Seconds that a call of `target` may take; None for any. An ordinary function cannot be
                ended: it goes on in its thread, and nobody waits for it.

        Returns:
            The experiment with its results and responses. If the run failed as a whole, an
            ExperimentFailedWarning says why, and the experiment holds what there is. An IncompleteResultsWarning
            tells of verdicts that are missing, a NoCriteriaWarning that there are no criteria, a NoRowsWarning that the
            collection has no rows.

        Raises:
            ConflictError: The name is taken; with `target`, by an experiment that is made of something else.
            NotFoundError: There is nothing of a given name.
            ValidationError: `criteria` together with `criterion_set`, a placeholder has no column, the parameters of
                `target` do not fit the columns, or something that says how a model is asked goes with it.
            WaitTimeoutError: It did not end in time; it goes on, or with `target`, the same call does.
            TaskFailedError: It was revoked, rejected or timed out.

        Example:
            >>> experiment = client.run_experiment(
            ...     "With criteria", template, collection, criteria=["Is the answer short?"]
            ... )
            >>> experiment.results.num_rated_responses
            2
            >>> experiment = client.run_experiment(
            ...     "My program", None, collection, criteria=["Is it short?"], target=lambda concept: concept.upper()
            ... )
            >>> sorted(response.response_text for response in experiment.responses())
            ['CLOSURES', 'RECURSION']
        """
        checked_timeout(timeout)
        report = reporter(progress, name)
        asking = Asking(at_once=max_concurrency, retries=target_retries, timeout=target_timeout).checked()
        new = NewExperiment(
            name=name,
            prompt_template=prompt_template,
            collection=collection,
            llm_config=llm_config,
            criterion_set=criterion_set,
            criteria=criteria,
            description=description,
            rating_mode=rating_mode,
            n_epochs=n_epochs,
            rating_version=rating_version,
            response_column_id=response_column_id,
            generate=generate if target is None else False,
            cache=cache,
            answers_from_elsewhere=target is not None,
        )
        if target is not None:
            checked_target(target)
            refuse_beside_target(
                llm_config=llm_config, response_column_id=response_column_id, cache=cache, generate=generate
            )
            return await run_program(self.session, self._create, new, target, asking, timeout, report)
        asking.refuse_without_target()
        experiment = await self._create(new)
        if not generate:
            return experiment
        warn_without_criteria(experiment)
        return warned_without_rows(await finish(experiment, experiment.generation_task_id, timeout, report))

    async def stream_experiment(
        self,
        name: str,
        prompt_template: PromptTemplate | str | None,
        collection: TemplateVariablesCollection | str,
        llm_config: LLMConfig | str | None = None,
        criterion_set: CriterionSet | str | None = None,
        criteria: Sequence[str | CriterionIn | Mapping[str, Any]] | None = None,
        description: str = "",
        rating_mode: RatingMode = RatingMode.DETAILED,
        n_epochs: int = 1,
        polling_interval: float = 0.5,
        response_column_id: int | None = None,
        rating_version: str | None = None,
        *,
        cache: bool | float | datetime.timedelta = False,
    ) -> AsyncGenerator[ExperimentStatusEvent]:
        """Create an experiment, run it, and tell how it gets on, until it ends.

        Leaving the loop early ends the watching, not the run.

        Args:
            name: 1 to 255 characters.
            prompt_template: The prompt, or its name (the latest version). None where the collection's rows are prompts,
                or where answers stand in a column and nothing says what they answer.
            collection: The test cases, or their collection's name; its columns must cover the template's placeholders.
            llm_config: The model, or its config's name; None takes the project's default.
            criterion_set: The criteria, or their set's name; None takes the set linked to the template.
            criteria: Yes/no questions and checks (`elluminate.checks`) instead of a set; they are stored as a set named
                after the experiment. What has the same text is one, which a RepeatedCriteriaWarning tells.
            description: What it is for.
            rating_mode: DETAILED judges each criterion by itself, FAST all of them in one call.
            n_epochs: Responses per row, 1 to 1000.
            polling_interval: Seconds between two looks, 0.1 to 10.
            response_column_id: A column that holds the answers already, so that no model is asked.
            rating_version: The judge; None takes the project's default, "latest" the newest. For one that it does
                not know the server takes the default, and an OtherJudgeWarning says so.
            cache: True, or a lifetime: equal calls are not made again; see `run_experiment`.

        Yields:
            Events. The first is PENDING; the last is terminal, and carries the experiment with its responses
            on SUCCESS, and in `verdicts` what became of the verdicts. A run that fails is told by its last event, not
            raised.

        Raises:
            ConflictError: The name is taken.
            NotFoundError: There is nothing of a given name.
            ValidationError: An argument cannot be used, `criteria` together with `criterion_set`, or a
                placeholder has no column.

        Example:
            >>> for event in client.stream_experiment("Watched", template, collection, criteria=["Is it short?"]):
            ...     if event.progress:
            ...         print(f"{event.progress.percent_complete:.0f} %")
            ...     if event.is_success:
            ...         event.result.print_results_summary()
        """
        interval = checked_polling_interval(polling_interval)
        experiment = await self._create(
            NewExperiment(
                name=name,
                prompt_template=prompt_template,
                collection=collection,
                llm_config=llm_config,
                criterion_set=criterion_set,
                criteria=criteria,
                description=description,
                rating_mode=rating_mode,
                n_epochs=n_epochs,
                rating_version=rating_version,
                response_column_id=response_column_id,
                generate=True,
                cache=cache,
            )
        )
        warn_without_criteria(experiment)
        yield ExperimentStatusEvent(status=TaskStatus.PENDING)
        task = experiment.generation_task_id
        if task is None:  # nothing to do: an empty collection
            yield event_of(
                ExperimentGenerationStatus(status=TaskStatus.SUCCESS),
                warned_without_rows(await finish(experiment, None)),
            )
            return
        statuses = follow_experiment(
            self.session,
            experiment.id,
            task,
            name=experiment.name,
            polling_interval=interval,
            with_logs=True,
        )
        try:
            async for status in statuses:
                is_over = status.status in LEFT_AS_IT_IS
                yield event_of(
                    status, warned_without_rows(await finish(experiment, None)) if is_over else None
                )
        finally:
            await statuses.aclose()
