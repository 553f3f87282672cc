"""Experiments: a template, a collection and a model, run, judged and summed up."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from attrs import define, field
from elluminate_api import models as api
from elluminate_api.api.experiments import get_experiment
from elluminate_api.api.responses import list_responses
from elluminate_api.models import EvaluationMode, TaskStatus
from elluminate_api.types import UNSET, Unset, one_line

from elluminate._binding import unbound
from elluminate._blocking import blocking, iterating
from elluminate._checks import checked_polling_interval, checked_timeout
from elluminate._exports import Exports
from elluminate._following import Ending, final_status
from elluminate._homes import at_home_in
from elluminate._notebooks import ShownInNotebooks
from elluminate._progress import ExperimentProgress, progress_of
from elluminate._session import Session
from elluminate._tables import printable
from elluminate.exceptions import NotFetchedError, ValidationError
from elluminate.schemas.agent_results import DEFAULT_EVALUATION_POLLING_INTERVAL, evaluation_statuses
from elluminate.schemas.agreement import not_validated
from elluminate.schemas.answers_from_elsewhere import AnswersFromElsewhere
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.experiment_creation import NewExperiment, check_columns, find_parts, post_experiment
from elluminate.schemas.experiment_tables import experiment_tables
from elluminate.schemas.filters import PromptResponseFilter, query_of, told_filters
from elluminate.schemas.labelled import Labelled
from elluminate.schemas.llm_config import LLMConfig
from elluminate.schemas.prompt_template import PromptTemplate
from elluminate.schemas.reruns import Reruns
from elluminate.schemas.response import PromptResponse, Responses, responses_of
from elluminate.schemas.response_rows import response_rows
from elluminate.schemas.results import ExperimentResults, VerdictCounts
from elluminate.schemas.verdicts import warn_of_missing


@define(kw_only=True, repr=False)
class Experiment(ShownInNotebooks, Exports, Reruns, AnswersFromElsewhere, Labelled):
    """A template x a collection x a model configuration, judged against a criterion set.

    `results` is None until there are responses. `rated_responses` holds the responses once they were fetched.

    Example:
        >>> experiment = client.run_experiment("First try", template, collection, criteria=["Is it short?"])
        >>> print(f"{experiment.results.pass_rate:.0%} of the verdicts are YES")
    """

    prompt_template: PromptTemplate | None = None
    llm_config: LLMConfig | None
    collection: TemplateVariablesCollection
    criterion_set: CriterionSet
    rated_responses: list[PromptResponse] = field(factory=list)  # type: ignore[assignment]
    results: ExperimentResults | None = None
    _session: Any = unbound()
    _filters: Any = unbound()
    _are_read: Any = unbound()

    @property
    def result(self) -> ExperimentResults | None:
        """The same as `results`."""
        return self.results

    @property
    def url(self) -> str | None:
        """The address of its page, for a browser; None with `local:`, whose pages `elluminate view` shows.

        Raises:
            ModelNotBoundError: It was made by hand.

        Example:
            >>> print(experiment.url)  # of a server: https://evals.example.com/projects/1/experiments/7
            None
        """
        return self._bound_session().page(f"experiments/{self.id}")

    def responses(self) -> Responses:
        """The responses that were fetched: all of them after a run, or after `fetch_responses()`.

        Returns:
            A list of `rated_responses`, which `next()` works on, too; it asks no server.

        Raises:
            NotFetchedError: There are responses, and they were not fetched: `list_experiments()` leaves them out.

        Example:
            >>> [response.error for response in experiment.responses()]
            [None, None]
        """
        return Responses(self._fetched())

    def print_results_summary(self) -> None:
        """Print name, pass rate, each criterion's shares, and what is missing for which reasons.

        Beside the rates stand their intervals, where all responses were fetched; `statistics()` tells more of them.
        Where people have labelled, it says by which criteria the judge is not validated; `agreement()` tells more.
        A criterion that was changed or replaced since goes by its text as it was judged, if the responses were fetched.
        Results that were read with `categorical_filters` say of which rows they tell.

        Raises:
            NoResultsError: Nothing has been answered yet.

        Example:
            >>> experiment.print_results_summary()
            Experiment: First try
            Pass rate: ...
        """
        if self.results is None:
            raise self._without_answers()
        print(printable(f"Experiment: {self.name}"))  # noqa: T201  # printing is what it is for
        if self._filters:
            print(f"Only rows with {told_filters(self._filters)}")  # noqa: T201
        names = {one.id: one.criterion_str for one in self._criteria()}
        print(printable(self.results.summary(names, intervals=self._intervals())))  # noqa: T201
        if self._filters:
            print("Intervals are those of all rows: statistics()")  # noqa: T201
        for line in not_validated(self.rating_version, self.rated_responses):
            print(printable(line))  # noqa: T201

    def _tables(self) -> Iterator[str]:
        names = {one.id: one.criterion_str for one in self._criteria()}
        only = f"rows with {told_filters(self._filters)}" if self._filters else ""
        return experiment_tables(
            self,
            self.results,
            self.rated_responses,
            names,
            intervals=self._intervals(),
            only=only,
            page="" if self._session is None else self.url or "",
        )

    def to_dicts(self) -> list[dict[str, Any]]:
        """The responses as flat rows: inputs, answer, measures, and a verdict per criterion, or why there is none.

        Returns:
            One dict per response, all with the same keys: `input.<column>`, `response`, `error`, `annotation`,
            measures, and `rating.<criterion>`, `reasoning.<criterion>`, `origin.<criterion>` ("judge", "check" or
            "program") and `missing.<criterion>` for each criterion, which goes by its label, or by its text where it
            has none of its own. Of a MULTI_TURN experiment also `persona` and `termination_reason`.

        Raises:
            NotFetchedError: There are responses, and they were not fetched.
            NoResultsError: Nothing has been answered yet.

        Example:
            >>> len(experiment.to_dicts())
            2
        """
        responses = self._fetched()
        if not responses:
            raise self._without_answers()
        is_multi_turn = self.evaluation_mode == EvaluationMode.MULTI_TURN
        return response_rows(responses, self.criterion_set.criteria or [], of_conversations=is_multi_turn)

    def _tell_of_all_rows(self) -> None:
        """Forget the filters that results were read with: they were read anew without."""
        self._filters = None

    def _take_responses(self, responses: list[PromptResponse]) -> None:
        super()._take_responses(responses)
        self._are_read = True

    def _fetched(self) -> list[PromptResponse]:
        if not self.rated_responses and self.results is not None and not self._are_read:
            raise NotFetchedError(
                f"the responses of experiment {self.name!r} were not fetched; call fetch_responses() first "
                f"(await afetch_responses() with an AsyncClient), or get_experiment(id={self.id})"
            )
        return self.rated_responses

    async def aiter_responses(
        self, filter: PromptResponseFilter | None = None
    ) -> AsyncGenerator[PromptResponse]:
        """The responses row by row, read page by page: no more than a few pages are held at a time.

        Args:
            filter: Which; None takes all of this experiment.

        Yields:
            Responses with their ratings.

        Raises:
            ValidationError: The filter is one for something else.

        Example:
            >>> for response in experiment.iter_responses():
            ...     print(response.response_text)
        """
        wanted = {**query_of(filter, PromptResponseFilter), "experiment_id": self.id}
        session = self._bound_session()
        project = await session.project_id()
        responses = session.iterate(
            lambda page: list_responses.build(project, **wanted, page=page), PromptResponse
        )
        async with aclosing(responses):
            async for response in responses:
                yield response

    async def afetch_responses(self) -> Experiment:
        """Read all responses with their ratings into `rated_responses`.

        Returns:
            This experiment.

        Example:
            >>> bare = client.get_experiment(name="First try", fetch_responses=False)
            >>> len(bare.rated_responses), len(bare.fetch_responses().rated_responses)
            (0, 2)
        """
        self._take_responses(await responses_of(self._bound_session(), self.id))
        return self

    async def aclone(
        self,
        name: str,
        llm_config: api.LLMConfig | str | None = None,
        criterion_set: CriterionSet | str | None = None,
        description: str | None = None,
        rating_version: str | Unset | None = UNSET,
        *,
        prompt_template: PromptTemplate | str | None = None,
        cache: bool | float | datetime.timedelta | None = None,
    ) -> Experiment:
        """Create an experiment like this one, to be run with another model, another prompt or other criteria.

        Args:
            name: Name of the new experiment.
            llm_config: Another model, or its name; None keeps this one.
            criterion_set: Other criteria, or the name of their set; None keeps these.
            description: Another description; None keeps this one.
            rating_version: Another judge; None takes the project's default, left out keeps this one.
            prompt_template: Another prompt, or its name (the latest version); None keeps this one.
            cache: Whether equal calls are not made again, as in `Client.run_experiment`; None keeps what this one does.

        Returns:
            The new experiment, which has not run.

        Raises:
            ValidationError: A MULTI_TURN experiment cannot be cloned: its personas cannot be read back.
            ConflictError: The name is taken.

        Example:
            >>> experiment.clone("With a small model", llm_config="Small").llm_config.name
            'Small'
        """
        if self.evaluation_mode == EvaluationMode.MULTI_TURN:
            raise ValidationError(
                "a MULTI_TURN experiment cannot be cloned: its persona group cannot be read back"
            )
        session = self._bound_session()
        new = NewExperiment(
            name=name,
            prompt_template=prompt_template or self.prompt_template,
            collection=self.collection,
            llm_config=llm_config or self.llm_config,
            criterion_set=criterion_set or self.criterion_set,
            description=(self.description or "") if description is None else description,
            rating_version=self.rating_version if isinstance(rating_version, Unset) else rating_version,
            response_column_id=self.response_column_id,
            evaluation_mode=self.evaluation_mode,
            agent_config=self.agent_config,
            evaluation_agent_config=self.evaluation_agent_config,
            cache=(self.cache_seconds or False) if cache is None else cache,
            # With a template, a model may be asked for what a program has answered here.
            answers_from_elsewhere=bool(self.answers_from_elsewhere)
            and not (prompt_template or self.prompt_template),
        )
        body = new.request()
        parts = await find_parts(session, new)
        parts.name_in(body)
        await check_columns(session, new, parts)
        return await post_experiment(session, body, Experiment)

    async def await_for_evaluation(
        self,
        task_id: str | None = None,
        timeout: float | None = None,
        polling_interval: float = DEFAULT_EVALUATION_POLLING_INTERVAL,
    ) -> ExperimentStatusEvent:
        """Wait until the trajectories of this AGENTIC experiment are judged; see `Client.wait_for_agent_evaluation`.

        Args:
            task_id: `evaluation_task_id` of an upload; None takes the evaluation that is going on, if there is one.
            timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
            polling_interval: Seconds between two looks, 0.1 to 10.

        Returns:
            How it ended, with the experiment and its responses on success. An IncompleteResultsWarning tells of
            verdicts that are missing.

        Raises:
            WaitTimeoutError: It did not end in time; it goes on.

        Example:
            >>> experiment.wait_for_evaluation().is_success
            True
        """
        return await evaluated(self._bound_session(), self, task_id, timeout, polling_interval)

    fetch_responses = blocking(afetch_responses)
    iter_responses = iterating(aiter_responses)
    wait_for_evaluation = blocking(await_for_evaluation)
    clone = blocking(aclone)


@at_home_in("elluminate.streaming")
@define(kw_only=True, repr=False)
class ExperimentStatusEvent(Ending):
    """One look at a running experiment.

    Attributes:
        status: PENDING, STARTED, or how it ended.
        progress: How far it is, None before it started.
        logs_delta: Log lines since the event before, None when there are none.
        error_msg: Why it ended, when it did not end well.
        result: The finished experiment with its responses, on SUCCESS.
        verdicts: What became of the verdicts that were to be given, when it ended in SUCCESS or FAILURE.
    """

    status: TaskStatus
    progress: ExperimentProgress | None = None
    logs_delta: str | None = None
    error_msg: str | None = None
    result: Experiment | None = None
    verdicts: VerdictCounts | None = None

    __repr__ = one_line


def event_of(status: api.ExperimentGenerationStatus, ended: Experiment | None) -> ExperimentStatusEvent:
    """What a look at a task has shown, as streams tell it.

    Args:
        status: The look.
        ended: The experiment as the task has left it; None while it goes on.
    """
    return ExperimentStatusEvent(
        status=status.status,
        progress=progress_of(status),
        logs_delta=status.logs_delta or None,
        error_msg=status.error_msg,
        result=ended if status.status == TaskStatus.SUCCESS else None,
        verdicts=None if ended is None or ended.results is None else ended.results.verdicts,
    )


LEFT_AS_IT_IS = frozenset({TaskStatus.SUCCESS, TaskStatus.FAILURE})
"""How a task ends whose experiment can be read, with all that the task brought."""


async def evaluated(
    session: Session,
    experiment: Experiment | int,
    task_id: str | None,
    timeout: float | None,
    polling_interval: float,
) -> ExperimentStatusEvent:
    """Wait until trajectories are judged; see `wait_for_agent_evaluation`."""
    statuses = evaluation_statuses(
        session,
        experiment,
        task_id,
        polling_interval=checked_polling_interval(polling_interval),
        timeout=checked_timeout(timeout),
        is_patient=True,
    )
    return await evaluation_event(session, experiment, await final_status(statuses))


async def evaluation_event(
    session: Session, experiment: Experiment | int, status: api.ExperimentGenerationStatus
) -> ExperimentStatusEvent:
    """What a look at an evaluation has shown; with the experiment and its responses, read anew, when it is over.

    Then an IncompleteResultsWarning tells of verdicts that are missing.
    """
    ended: Experiment | None = None
    if status.status in LEFT_AS_IT_IS:
        identifier = experiment if isinstance(experiment, int) else experiment.id
        request = get_experiment.build(await session.project_id(), identifier)
        ended = await (await session.call(request, Experiment)).afetch_responses()
        warn_of_missing(ended, ended.results, ended._criteria())
    return event_of(status, ended)
