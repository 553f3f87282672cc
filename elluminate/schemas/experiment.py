"""Experiments: a template, a collection and a model, run, judged and summed up."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

import warnings
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, fields
from elluminate_api import models as api
from elluminate_api.api.experiments import (
    cancel_experiment,
    get_experiment,
    retry_failed_experiment,
    run_experiment,
)
from elluminate_api.api.responses import create_responses_batch, get_responses_batch_status, list_responses
from elluminate_api.models import (
    AgentResultsDefinition,
    AgentResultsUploadResponse,
    EvaluationMode,
    GenerationMetadata,
    GenerationParams,
    LLMConfig,
    RatingMode,
    TaskStatus,
    TemplateVariables,
)
from elluminate_api.types import UNSET, Unset

from elluminate._binding import Bound, unbound
from elluminate._blocking import blocking, iterating
from elluminate._checks import checked_epochs, checked_texts, checked_timeout, known
from elluminate._exports import Exports
from elluminate._messages import Messages, response_messages
from elluminate._progress import Progress, reporter
from elluminate._response_rows import response_rows
from elluminate.exceptions import ExperimentFailedWarning, TaskFailedError, ValidationError
from elluminate.schemas.agent_results import DEFAULT_EVALUATION_POLLING_INTERVAL, AgentResultsMatchPreview
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.filters import PromptResponseFilter, query_of
from elluminate.schemas.prompt_template import PromptTemplate
from elluminate.schemas.response import PromptResponse, Rating
from elluminate.schemas.results import ExperimentResults

if TYPE_CHECKING:
    from elluminate._session import Session
    from elluminate.streaming import ExperimentProgress, ExperimentStatusEvent


@define(kw_only=True)
class Experiment(Exports, Bound, api.Experiment):
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
        """The responses that were fetched: all of them after a run, or after `fetch_responses()`."""
        return iter(self.rated_responses)

    def print_results_summary(self) -> None:
        """Print name, pass rate and each criterion's shares."""
        print(f"Experiment: {self.name}")  # noqa: T201  # printing is what it is for
        if self.results is None:
            print("No results yet.")  # noqa: T201
            return
        self.results.print_summary({c.id: c.criterion_str for c in self.criterion_set.criteria or []})

    def to_dicts(self) -> list[dict[str, Any]]:
        """The responses as flat rows: inputs, answer, measures, and a verdict and its reasoning per criterion.

        Raises:
            ValidationError: There are responses, and they were not fetched.
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

        Example:
            >>> for response in experiment.iter_responses():
            ...     print(response.response_text)
        """
        wanted = {**query_of(filter, PromptResponseFilter), "experiment_id": self.id}
        session = self._bound_client().session
        project = await session.project_id()
        pages = session.iterate_pages(
            lambda page: list_responses.build(project, **wanted, page=page), PromptResponse
        )
        async with aclosing(pages):
            async for page in pages:
                for response in page:
                    yield response

    async def afetch_responses(self) -> Experiment:
        """Read all responses with their ratings into `rated_responses`; returns this experiment."""
        self.rated_responses = await _all_responses(self._bound_client().session, self.id)
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
        """
        checked_timeout(timeout)
        report = reporter(progress, self.name)
        session = self._bound_client().session
        body = api.RunExperimentRequest(
            rating_mode=known(RatingMode, rating_mode, "rating_mode"),
            n_epochs=checked_epochs(n_epochs),
            generation_params=generation_params or self.generation_params or UNSET,
        )
        request = run_experiment.build(await session.project_id(), self.id, body=body)
        started = await session.call(request, Experiment)
        return await self.await_finished(started.generation_task_id, timeout, report)

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
        """
        checked_timeout(timeout)
        report = reporter(progress, self.name)
        session = self._bound_client().session
        body = api.RetryFailedRequest(
            rating_mode=known(RatingMode, rating_mode, "rating_mode"), discard_annotations=discard_annotations
        )
        request = retry_failed_experiment.build(await session.project_id(), self.id, body=body)
        started = await session.call(request, Experiment)
        return await self.await_finished(started.generation_task_id, timeout, report)

    async def acancel(self) -> Experiment:
        """Stop what is running; responses and ratings so far stay.

        Whoever waits for the run gets TaskFailedError with the status REVOKED, and streams end so. When nothing is
        running, nothing changes.

        Returns:
            This experiment, with the results and responses so far.
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
        """
        checked_timeout(timeout)
        report = reporter(progress, self.name)
        session = self._bound_client().session
        request = get_experiment.build(await session.project_id(), self.id)
        return await self.await_finished(
            (await session.call(request, Experiment)).generation_task_id, timeout, report
        )

    async def await_finished(
        self,
        task_id: str | None,
        timeout: float | None,
        report: Callable[[ExperimentProgress | None], None] | None = None,
    ) -> Experiment:
        """Wait for a task of this experiment (None: there is none), then read results and responses into it."""
        from elluminate.streaming import final_status, follow_experiment, reporting

        session = self._bound_client().session
        if task_id is not None:
            statuses = follow_experiment(session, self.id, task_id, timeout=timeout)
            last = await final_status(statuses if report is None else reporting(statuses, report))
            if last.status == TaskStatus.FAILURE:
                warnings.warn(
                    f"experiment {self.name!r} failed: {last.error_msg or 'the server gave no reason'}",
                    ExperimentFailedWarning,
                    stacklevel=2,
                )
            elif last.status != TaskStatus.SUCCESS:
                raise TaskFailedError(
                    f"experiment {self.name!r} ended {last.status}: {last.error_msg or 'the server gave no reason'}",
                    status=last.status,
                    error_msg=last.error_msg,
                )
        return await self._reread(session)

    async def _reread(self, session: Session) -> Experiment:
        """Read the experiment and its responses at the same time, into this object."""
        project = await session.project_id()

        async def read() -> Experiment:
            return await session.call(get_experiment.build(project, self.id), Experiment)

        async def read_responses() -> list[PromptResponse]:
            return await _all_responses(session, self.id)

        fresh, responses = await session.transport.gather([read, read_responses], limit=2)
        assert isinstance(fresh, Experiment) and isinstance(responses, list)  # noqa: S101  # for type checkers
        for attribute in fields(Experiment):
            if attribute.init:
                setattr(self, attribute.name, getattr(fresh, attribute.name))
        self.rated_responses = responses
        return self

    async def aadd_responses(
        self,
        responses: Sequence[Messages],
        template_variables: Sequence[TemplateVariables],
        epoch: int = 1,
        metadata: Sequence[LLMConfig | GenerationMetadata | None] | None = None,
        timeout: float | None = None,
    ) -> list[PromptResponse]:
        """Store answers that were made elsewhere, to be rated by `rate_responses()`.

        Args:
            responses: Answers: texts, or transcripts as chat messages.
            template_variables: The row that each answers, from `collection.variables`.
            epoch: Which run of the rows this is, from 1.
            metadata: How each was made: an LLM config, or tokens and durations.
            timeout: Seconds to wait at most.

        Returns:
            The stored responses, in the order given. They are in `rated_responses` too.

        Raises:
            ValidationError: The lists differ in length, or an entry cannot be used.
        """
        checked_timeout(timeout)
        if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 1:
            raise ValidationError(f"epoch must be an integer from 1, not {epoch!r}")
        if len(checked_texts(responses, "responses")) != len(
            checked_texts(template_variables, "template_variables")
        ):
            raise ValidationError(
                f"responses and template_variables belong together one by one; got {len(responses)} and "
                f"{len(template_variables)}"
            )
        if metadata is not None and len(metadata) != len(responses):
            raise ValidationError(
                f"metadata must hold one entry per response ({len(responses)}), got {len(metadata)}"
            )
        if not responses:
            return []
        client = self._bound_client()
        session = client.session
        project = await session.project_id()
        stored = [
            api.CreatePromptResponseRequest(
                template_variables_id=_row_id(row, number),
                experiment_id=self.id,
                epoch=epoch,
                messages=response_messages(response),
                metadata=_metadata(metadata[number] if metadata else None, number),
            )
            for number, (response, row) in enumerate(zip(responses, template_variables, strict=True))
        ]
        # The server does not name what a batch created, so it is what was not there before.
        before = {response.id for response in await _all_responses(session, self.id)}
        body = api.BatchCreatePromptResponseRequest(prompt_response_ins=stored)
        task = await session.call(create_responses_batch.build(project, body=body))
        if task is not None:
            await client.await_batch(
                lambda: session.call(get_responses_batch_status.build(project, task)),
                "storing responses",
                timeout,
            )
        self.rated_responses = await _all_responses(session, self.id)
        added = [response for response in self.rated_responses if response.id not in before]
        return sorted(added, key=lambda response: response.id)

    async def arate_responses(
        self,
        prompt_responses: Sequence[PromptResponse] | None = None,
        rating_mode: RatingMode = RatingMode.DETAILED,
        timeout: float | None = None,
    ) -> list[list[Rating]]:
        """Have responses judged against the experiment's criteria.

        Args:
            prompt_responses: Which; None rates all responses of the experiment.
            rating_mode: How much effort the judge spends.
            timeout: Seconds to wait at most.

        Returns:
            One list of ratings per response, in the order given. The responses carry them too.
        """
        checked_timeout(timeout)
        client = self._bound_client()
        if prompt_responses is None:
            if not self.rated_responses:
                await self.afetch_responses()
            prompt_responses = self.rated_responses
        ratings = await client.rate_batch(prompt_responses, rating_mode, timeout)
        of_response = dict(zip((response.id for response in prompt_responses), ratings, strict=True))
        for response in [*prompt_responses, *self.rated_responses]:
            if response.id in of_response:
                response.ratings = of_response[response.id]
        project = await client.session.project_id()
        self.results = (await client.session.call(get_experiment.build(project, self.id), Experiment)).results
        return ratings

    async def aget_agent_results_definition(self) -> AgentResultsDefinition:
        """The tasks of this AGENTIC experiment and their criteria, as they were when it was created.

        Raises:
            APIError: It is no AGENTIC experiment.
        """
        return await self._bound_client().get_agent_results_definition(self)

    async def apreview_agent_results_matching(
        self, results: Sequence[api.AgentTrialTaskRef | api.AgentTrialResult]
    ) -> AgentResultsMatchPreview:
        """Which task each result would be stored for; nothing is stored.

        Args:
            results: The results, or only which tasks they name.

        Raises:
            ValidationError: A result names no task.
        """
        return await self._bound_client().preview_agent_results_matching(self, results)

    async def aupload_agent_results(
        self,
        results: Sequence[api.AgentTrialResult],
        epoch: int = 1,
        evaluate: bool = True,
        raise_on_partial: bool = False,
    ) -> AgentResultsUploadResponse:
        """Store what agents did, as responses of this AGENTIC experiment; see `Client.upload_agent_results`.

        Args:
            results: One per trial. Each names its task by id or by name.
            epoch: Which run over the tasks the trials belong to, 1 to 1000000.
            evaluate: Have the trajectories judged afterwards, unless a result brings verdicts of its own.
            raise_on_partial: Raise PartialUploadError when a result, or a part of one, was not stored.

        Raises:
            TaskMatchError: No result belongs to a task of the experiment.
            PartialUploadError: See `raise_on_partial`.
            ValidationError: A result names no task, or is no AgentTrialResult.
        """
        return await self._bound_client().upload_agent_results(
            self, results, epoch=epoch, evaluate=evaluate, raise_on_partial=raise_on_partial
        )

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

        Raises:
            WaitTimeoutError: It did not end in time; it goes on.
        """
        return await self._bound_client().wait_for_agent_evaluation(self, task_id, timeout, polling_interval)

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

        Raises:
            ValidationError: A MULTI_TURN experiment cannot be cloned: its personas cannot be read back.
            ConflictError: The name is taken.
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
    add_responses = blocking(aadd_responses)
    rate_responses = blocking(arate_responses)
    clone = blocking(aclone)
    get_agent_results_definition = blocking(aget_agent_results_definition)
    preview_agent_results_matching = blocking(apreview_agent_results_matching)
    upload_agent_results = blocking(aupload_agent_results)
    wait_for_evaluation = blocking(await_for_evaluation)


async def _all_responses(session: Session, experiment_id: int) -> list[PromptResponse]:
    project = await session.project_id()
    return await session.pages(
        lambda page: list_responses.build(project, experiment_id=experiment_id, page=page), PromptResponse
    )


def _row_id(row: TemplateVariables, number: int) -> int:
    if not isinstance(row, TemplateVariables):
        raise ValidationError(
            f"template_variables[{number}] must be a row of the collection (collection.variables), got {row!r:.80}"
        )
    return row.id


def _metadata(given: LLMConfig | GenerationMetadata | None, number: int) -> GenerationMetadata | None:
    if given is not None and not isinstance(given, LLMConfig | GenerationMetadata):
        raise ValidationError(
            f"metadata[{number}] must be an LLMConfig, a GenerationMetadata or None, got {given!r:.80}"
        )
    if given is None:
        return None
    made = GenerationMetadata(llm_model_config=given) if isinstance(given, LLMConfig) else given
    if made.llm_model_config is None:
        return made
    # What says which model answered has no use for the key to it.
    return evolve(made, llm_model_config=evolve(made.llm_model_config, api_key=None))
