"""Experiments: a template, a collection and a model, run, judged and summed up."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from attrs import define, field
from elluminate_api import models as api
from elluminate_api.api.experiments import (
    cancel_experiment,
    get_experiment,
    retry_failed_experiment,
    run_experiment,
)
from elluminate_api.api.responses import list_responses
from elluminate_api.models import (
    EvaluationMode,
    GenerationParams,
    LLMConfig,
    RatingMode,
)
from elluminate_api.types import UNSET, Request, Unset

from elluminate._binding import Bound, unbound
from elluminate._blocking import blocking, iterating
from elluminate._checks import checked_epochs, checked_timeout, known
from elluminate._exports import Exports
from elluminate._progress import Progress, Report, reporter
from elluminate._response_rows import response_rows
from elluminate.exceptions import ValidationError
from elluminate.schemas.answers_from_elsewhere import AnswersFromElsewhere
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.filters import PromptResponseFilter, query_of
from elluminate.schemas.prompt_template import PromptTemplate
from elluminate.schemas.response import PromptResponse, responses_of
from elluminate.schemas.results import ExperimentResults

if TYPE_CHECKING:
    from elluminate._session import Session


@define(kw_only=True)
class Experiment(Exports, AnswersFromElsewhere, Bound, api.Experiment):
    """A template x a collection x a model configuration, judged against a criterion set.

    `results` is None until there are ratings. `rated_responses` holds the responses once they were fetched.

    Example:
        >>> experiment = client.run_experiment("First try", template, collection)
        >>> print(f"{experiment.results.mean_all_ratings.yes:.0%} of the answers pass")
    """

    prompt_template: PromptTemplate | None = None
    collection: TemplateVariablesCollection
    criterion_set: CriterionSet
    rated_responses: list[PromptResponse] = field(factory=list)  # type: ignore[assignment]
    results: ExperimentResults | None = None
    _client: Any = unbound()

    @property
    def result(self) -> ExperimentResults | None:
        """The same as `results`."""
        return self.results

    def responses(self) -> Iterator[PromptResponse]:
        """The responses that were fetched: all of them after a run, or after `fetch_responses()`.

        Returns:
            An iterator over `rated_responses`; it asks no server.

        Example:
            >>> [response.error for response in experiment.responses()]
            [None, None]
        """
        return iter(self.rated_responses)

    def print_results_summary(self) -> None:
        """Print name, pass rate and each criterion's shares.

        Example:
            >>> experiment.print_results_summary()
            Experiment: First try
            Pass rate: ...
        """
        print(f"Experiment: {self.name}")  # noqa: T201  # printing is what it is for
        if self.results is None:
            print("No results yet.")  # noqa: T201
            return
        self.results.print_summary({c.id: c.criterion_str for c in self.criterion_set.criteria or []})

    def to_dicts(self) -> list[dict[str, Any]]:
        """The responses as flat rows: inputs, answer, measures, and a verdict and its reasoning per criterion.

        Returns:
            One dict per response, all with the same keys: `input.<column>`, `response`, `error`, `annotation`,
            measures, and `rating.<label>` and `reasoning.<label>` for each criterion.

        Raises:
            ValidationError: There are responses, and they were not fetched.

        Example:
            >>> len(experiment.to_dicts())
            2
        """
        if not self.rated_responses and self.results is not None:
            raise ValidationError(
                f"the responses of experiment {self.name!r} were not fetched; call fetch_responses() first"
            )
        return response_rows(self.rated_responses)

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
        session = self._bound_client().session
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
        self.rated_responses = await responses_of(self._bound_client().session, self.id)
        return self

    async def arun(
        self,
        rating_mode: RatingMode = RatingMode.DETAILED,
        n_epochs: int = 1,
        timeout: float | None = None,
        generation_params: GenerationParams | None = None,
        *,
        progress: Progress = False,
    ) -> Experiment:
        """Run an experiment that was created and not run yet, and wait until it has ended.

        Args:
            rating_mode: How much effort the judge spends.
            n_epochs: Responses per row, 1 to 1000.
            timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
            generation_params: Sampling for this run, instead of the LLM config's.
            progress: True writes how far it is to stderr; a function is called with each ExperimentProgress.

        Returns:
            This experiment, with results and responses.

        Raises:
            APIError: It ran already.
            WaitTimeoutError: It did not end in time; it goes on.
            TaskFailedError: It was revoked, rejected or timed out.

        Example:
            >>> planned = client.create_experiment("Planned", template, collection, criterion_set=criterion_set)
            >>> len(planned.run(n_epochs=2).rated_responses)
            4
        """
        checked_timeout(timeout)
        report = reporter(progress, self.name)
        session = self._bound_client().session
        body = api.RunExperimentRequest(
            rating_mode=known(RatingMode, rating_mode, "rating_mode"),
            n_epochs=checked_epochs(n_epochs),
            generation_params=_params(generation_params) or self.generation_params or UNSET,
        )
        request = run_experiment.build(await session.project_id(), self.id, body=body)
        return await self._carried_out(request, timeout, report)

    async def aretry_failed(
        self,
        rating_mode: RatingMode = RatingMode.DETAILED,
        discard_annotations: bool = False,
        timeout: float | None = None,
        *,
        progress: Progress = False,
    ) -> Experiment:
        """Generate the responses that failed again, rate them, and wait until that has ended.

        The other responses keep their ids, texts and ratings. When nothing failed, nothing changes.

        Args:
            rating_mode: How much effort the judge spends.
            discard_annotations: Whether notes that people left on failed responses may be lost.
            timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
            progress: True writes how far it is to stderr; a function is called with each ExperimentProgress.

        Returns:
            This experiment, with results and responses.

        Raises:
            ConflictError: It is running, its answers cannot be generated, or failed responses carry notes.
            WaitTimeoutError: It did not end in time; it goes on.
            TaskFailedError: It was revoked, rejected or timed out.

        Example:
            >>> experiment.retry_failed().results.num_failed_responses
            0
        """
        checked_timeout(timeout)
        report = reporter(progress, self.name)
        session = self._bound_client().session
        body = api.RetryFailedRequest(
            rating_mode=known(RatingMode, rating_mode, "rating_mode"), discard_annotations=discard_annotations
        )
        request = retry_failed_experiment.build(await session.project_id(), self.id, body=body)
        return await self._carried_out(request, timeout, report)

    async def acancel(self) -> Experiment:
        """Stop what is running; responses and ratings so far stay.

        Whoever waits for the run gets TaskFailedError with the status REVOKED, and streams end so. When nothing is
        running, nothing changes.

        Returns:
            This experiment, with the results and responses so far.

        Example:
            >>> experiment.cancel().generation_task_id is None
            True
        """
        session = self._bound_client().session
        await session.call(cancel_experiment.build(await session.project_id(), self.id), Experiment)
        return await self._reread(session)

    async def await_until_finished(
        self, timeout: float | None = None, *, progress: Progress = False
    ) -> Experiment:
        """Wait until nothing is running any more, whoever started it; at once when nothing is.

        The blocking spelling is `wait_until_finished()`.

        Args:
            timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
            progress: True writes how far it is to stderr; a function is called with each ExperimentProgress.

        Returns:
            This experiment, with results and responses.

        Raises:
            WaitTimeoutError: It did not end in time; it goes on.
            TaskFailedError: It was revoked, rejected or timed out.

        Example:
            >>> experiment.wait_until_finished(timeout=600).results.num_rated_responses
            2
        """
        checked_timeout(timeout)
        report = reporter(progress, self.name)
        session = self._bound_client().session
        request = get_experiment.build(await session.project_id(), self.id)
        return await self._carried_out(request, timeout, report)

    async def _carried_out(
        self,
        request: Request[api.Experiment],
        timeout: float | None,
        report: Report,
    ) -> Experiment:
        """Send what starts a task or tells which one runs, and wait for it."""
        answered = await self._bound_client().session.call(request, Experiment)
        return await self.await_finished(answered.generation_task_id, timeout, report)

    async def await_finished(
        self,
        task_id: str | None,
        timeout: float | None,
        report: Report = None,
    ) -> Experiment:
        """Wait for a task of this experiment (None: there is none), then read results and responses into it."""
        from elluminate.streaming import final_status, follow_experiment, raise_unless_usable, reporting

        session = self._bound_client().session
        if task_id is not None:
            statuses = follow_experiment(session, self.id, task_id, timeout=timeout)
            last = await final_status(statuses if report is None else reporting(statuses, report))
            raise_unless_usable(self.name, last)
        return await self._reread(session)

    async def _reread(self, session: Session) -> Experiment:
        """Read the experiment and its responses at the same time, into this object."""
        project = await session.project_id()

        async def read() -> Experiment:
            return await session.call(get_experiment.build(project, self.id), Experiment)

        async def read_responses() -> list[PromptResponse]:
            return await responses_of(session, self.id)

        fresh, responses = await session.transport.gather([read, read_responses], limit=2)
        assert isinstance(fresh, Experiment) and isinstance(responses, list)  # noqa: S101  # for type checkers
        self._take_over(fresh)
        self.rated_responses = responses
        return self

    async def aclone(
        self,
        name: str,
        llm_config: LLMConfig | None = None,
        criterion_set: CriterionSet | None = None,
        description: str | None = None,
        rating_version: str | Unset | None = UNSET,
    ) -> Experiment:
        """Create an experiment like this one, to be run with another model or other criteria.

        Args:
            name: Name of the new experiment.
            llm_config: Another model; None keeps this one.
            criterion_set: Other criteria; None keeps these.
            description: Another description; None keeps this one.
            rating_version: Another judge; None takes the project's default, left out keeps this one.

        Returns:
            The new experiment, which has not run.

        Raises:
            ValidationError: A MULTI_TURN experiment cannot be cloned: its personas cannot be read back.
            ConflictError: The name is taken.

        Example:
            >>> other = client.get_llm_config(name="Small")
            >>> experiment.clone("With a small model", llm_config=other).llm_config.name
            'Small'
        """
        if self.evaluation_mode == EvaluationMode.MULTI_TURN:
            raise ValidationError(
                "a MULTI_TURN experiment cannot be cloned: its persona group cannot be read back"
            )
        return await self._bound_client().create_experiment(
            name,
            self.prompt_template,
            self.collection,
            llm_config=llm_config or self.llm_config,
            criterion_set=criterion_set or self.criterion_set,
            description=(self.description or "") if description is None else description,
            rating_version=self.rating_version if isinstance(rating_version, Unset) else rating_version,
            response_column_id=self.response_column_id,
            evaluation_mode=self.evaluation_mode.value,  # type: ignore[arg-type]  # StrEnum's value is a str
            agent_config=self.agent_config,
            evaluation_agent_config=self.evaluation_agent_config,
        )

    fetch_responses = blocking(afetch_responses)
    iter_responses = iterating(aiter_responses)
    run = blocking(arun)
    retry_failed = blocking(aretry_failed)
    cancel = blocking(acancel)
    wait_until_finished = blocking(await_until_finished)
    clone = blocking(aclone)


def _params(given: GenerationParams | None) -> GenerationParams | None:
    if not isinstance(given, GenerationParams | None):
        raise ValidationError(
            f"generation_params must be a GenerationParams, like GenerationParams(temperature=0.2), not {given!r:.80}"
        )
    return given
