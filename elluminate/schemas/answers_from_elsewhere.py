"""What an experiment does with answers that were made elsewhere: by any program, or by agents."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve
from elluminate_api import models as api
from elluminate_api.api.experiments import get_experiment
from elluminate_api.api.responses import create_responses_batch, get_responses_batch_status
from elluminate_api.models import (
    AgentResultsDefinition,
    AgentResultsUploadResponse,
    EvaluationMode,
    GenerationMetadata,
    LLMConfig,
    RatingMode,
    TemplateVariables,
)
from elluminate_api.types import UNSET

from elluminate._binding import Bound
from elluminate._blocking import blocking
from elluminate._checks import checked_texts, checked_timeout, known
from elluminate._following import batch_ended
from elluminate._messages import Messages, response_messages
from elluminate._session import Session
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.schemas.agent_results import AgentResultsMatchPreview, definition_of, preview_matching, upload
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.judges import warn_of_changed_judge
from elluminate.schemas.judging import given_at, not_given_anew, rate, read_verdicts, response_ids
from elluminate.schemas.program_verdicts import give_verdicts
from elluminate.schemas.response import PromptResponse, Rating, responses_of
from elluminate.schemas.results import ExperimentResults
from elluminate.schemas.verdicts import account_for, warn_of_unjudged

_EXTENSIONS = (
    "finish_reason",
    "answered_by_model",
    "waited_seconds",
    "cached",
    "estimated_input_cost_usd",
    "estimated_output_cost_usd",
)
"""Fields of `GenerationMetadata` that the contract marks as extensions."""

_AS_ONE_JUDGE = {
    True: "To keep the verdicts of before, interrupt this, and clone() the experiment",
    False: "Have the server judge as before; or call rate_responses() without responses, which has all judged anew",
}
"""How verdicts come to be of one judge, by whether all answers are judged anew."""


class AnswersFromElsewhere(Bound, api.Experiment):
    """Mixin of experiments."""

    __slots__ = ()
    if TYPE_CHECKING:
        criterion_set: CriterionSet
        rated_responses: list[PromptResponse]  # type: ignore[assignment]
        results: ExperimentResults | None

        def _tell_of_all_rows(self) -> None: ...

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
            The stored responses, in the order given. They are in `rated_responses` too, and counted in `results`, where
            there are any yet, as missing verdicts until they are judged.

        Raises:
            ValidationError: The lists differ in length, or an entry cannot be used.
            TaskFailedError: Storing them did not end well.
            WaitTimeoutError: It did not end in time; it goes on.

        Example:
            >>> planned = client.create_experiment("Elsewhere", template, collection, criterion_set=criterion_set)
            >>> answers = ["A thing that calls itself.", "A function with its scope."]
            >>> stored = planned.add_responses(answers, collection.variables)
            >>> [len(ratings) for ratings in planned.rate_responses(stored)]
            [2, 2]
        """
        checked_timeout(timeout)
        stored = _requests(self.id, responses, template_variables, epoch, metadata)
        if not stored:
            return []
        session = self._bound_session()
        # The server does not name what a batch created, so it is what was not there before.
        before = {response.id for response in await responses_of(session, self.id)}
        await store_answers(session, stored, timeout)
        self.rated_responses = await responses_of(session, self.id)
        if self.results is not None:  # counted anew, without asking the server again
            self.results.verdicts = self.results.verdicts_by_criterion_id = None
        account_for(self.results, self.rated_responses, self.criterion_set.criteria or [], is_running=False)
        added = [response for response in self.rated_responses if response.id not in before]
        return sorted(added, key=lambda response: response.id)

    async def arate_responses(
        self,
        prompt_responses: Sequence[PromptResponse] | None = None,
        rating_mode: RatingMode = RatingMode.DETAILED,
        timeout: float | None = None,
    ) -> list[list[Rating]]:
        """Have responses judged against the experiment's criteria; new verdicts take the place of older ones.

        Args:
            prompt_responses: Which; None rates all responses of the experiment.
            rating_mode: DETAILED judges each criterion by itself, FAST all of them in one call.
            timeout: Seconds to wait at most.

        Returns:
            One list of ratings per response, in the order given. The responses carry them too. An
            IncompleteResultsWarning tells of verdicts that the judge did not give, and how many older ones stand in the
            place of those; with `local:`, an OtherJudgeWarning of a judge that is not the one of before, because the
            server does not offer that any more.

        Raises:
            ValidationError: Something in the list is no response that a client returned.
            TaskFailedError: The rating did not end well.
            WaitTimeoutError: It did not end in time; it goes on.

        Example:
            >>> ratings = experiment.rate_responses(rating_mode=RatingMode.FAST)
            >>> len(ratings)
            2
        """
        checked_timeout(timeout)
        mode = known(RatingMode, rating_mode, "rating_mode")
        session = self._bound_session()
        rates_all = prompt_responses is None
        if prompt_responses is None:
            if not self.rated_responses:
                self.rated_responses = await responses_of(session, self.id)
            prompt_responses = self.rated_responses
        ids = response_ids(prompt_responses)
        if ids:
            await warn_of_changed_judge(session, self, _AS_ONE_JUDGE[rates_all])
        before = given_at(prompt_responses)
        ratings = await rate(session, prompt_responses, mode, timeout)
        if await give_verdicts(session, prompt_responses, self.criterion_set.criteria or [], anew=True):
            ratings = await read_verdicts(session, prompt_responses)
        judged = {response.id: response for response in prompt_responses}
        for response in self.rated_responses:
            if response.id in judged:
                response.ratings = judged[response.id].ratings
                response.missing_verdicts = judged[response.id].missing_verdicts
        fresh = await self._read_results()
        criteria = self.criterion_set.criteria or []
        account_for(None, prompt_responses, criteria, is_running=False)
        if self.rated_responses:
            account_for(self.results, self.rated_responses, criteria, is_running=False)
        # What agents did is judged by criteria that were frozen, whatever the set has now.
        is_frozen = self.evaluation_mode == EvaluationMode.AGENTIC
        asked = [] if is_frozen else [criterion.id for criterion in fresh.criterion_set.criteria or []]
        standing = not_given_anew(before, ids, ratings, asked)
        warn_of_unjudged(self, prompt_responses, criteria, standing)
        return ratings

    async def _read_results(self) -> api.Experiment:
        session = self._bound_session()
        fresh = await session.call(get_experiment.build(await session.project_id(), self.id), type(self))
        self.results = fresh.results
        self._tell_of_all_rows()
        return fresh

    async def aget_agent_results_definition(self) -> AgentResultsDefinition:
        """The tasks of this AGENTIC experiment and their criteria, as they were when it was created.

        Returns:
            Tasks with their ids, names and criteria; placeholders in criteria are filled in.

        Raises:
            APIError: It is no AGENTIC experiment.

        Example:
            >>> [task.task_name for task in experiment.get_agent_results_definition().tasks]
            ['sort']
        """
        return await definition_of(self._bound_session(), self)

    async def apreview_agent_results_matching(
        self, results: Sequence[api.AgentTrialTaskRef | api.AgentTrialResult]
    ) -> AgentResultsMatchPreview:
        """Which task each result would be stored for; nothing is stored.

        Args:
            results: The results, or only which tasks they name.

        Returns:
            One match per result, in the order given.

        Raises:
            ValidationError: A result names no task.

        Example:
            >>> preview = experiment.preview_agent_results_matching([AgentTrialTaskRef(task_name="sing")])
            >>> [match.matched for match in preview.results]
            [False]
        """
        return await preview_matching(self._bound_session(), self, results)

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

        Returns:
            What was stored, and in `errors` what was not.

        Raises:
            TaskMatchError: No result belongs to a task of the experiment.
            PartialUploadError: See `raise_on_partial`.
            ValidationError: A result names no task, or is no AgentTrialResult.

        Example:
            >>> trial = AgentTrialResult(task_name="sort", trajectory=trajectory)
            >>> experiment.upload_agent_results([trial]).created_responses
            1
        """
        return await upload(
            self._bound_session(),
            self,
            results,
            epoch=epoch,
            evaluate=evaluate,
            raise_on_partial=raise_on_partial,
        )

    add_responses = blocking(aadd_responses)
    rate_responses = blocking(arate_responses)
    get_agent_results_definition = blocking(aget_agent_results_definition)
    preview_agent_results_matching = blocking(apreview_agent_results_matching)
    upload_agent_results = blocking(aupload_agent_results)


async def store_answers(
    session: Session, answers: Sequence[api.CreatePromptResponseRequest], timeout: float | None = None
) -> None:
    """Store answers, and wait until they are.

    Raises:
        TaskFailedError: Storing them did not end well.
        WaitTimeoutError: It did not end in time; it goes on.
    """
    project = await session.project_id()
    body = api.BatchCreatePromptResponseRequest(prompt_response_ins=list(answers))
    task = await session.call(create_responses_batch.build(project, body=body))
    if task is not None:
        await batch_ended(
            session,
            lambda: session.call(get_responses_batch_status.build(project, task)),
            "storing responses",
            timeout,
        )


def _requests(
    experiment_id: int,
    responses: Sequence[Messages],
    template_variables: Sequence[TemplateVariables],
    epoch: int,
    metadata: Sequence[LLMConfig | GenerationMetadata | None] | None,
) -> list[api.CreatePromptResponseRequest]:
    """One request part per answer, in the order given; see `add_responses`.

    Raises:
        ValidationError: The lists differ in length, or an entry cannot be used.
    """
    if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 1:
        raise ValidationError(f"epoch must be an integer from 1, not {quoted(epoch)}")
    if len(checked_texts(responses, "responses")) != len(
        checked_texts(template_variables, "template_variables")
    ):
        raise ValidationError(
            f"responses and template_variables belong together one by one; got {len(responses)} and "
            f"{len(template_variables)}"
        )
    if metadata is not None and len(checked_texts(metadata, "metadata")) != len(responses):
        raise ValidationError(
            f"metadata must hold one entry per response ({len(responses)}), got {len(metadata)}"
        )
    return [
        api.CreatePromptResponseRequest(
            template_variables_id=_row_id(row, number),
            experiment_id=experiment_id,
            epoch=epoch,
            messages=response_messages(response),
            metadata=_metadata(metadata[number] if metadata else None, number),
        )
        for number, (response, row) in enumerate(zip(responses, template_variables, strict=True))
    ]


def _row_id(row: TemplateVariables, number: int) -> int:
    if not isinstance(row, TemplateVariables):
        raise ValidationError(
            f"template_variables[{number}] must be a row of the collection (collection.variables), got {quoted(row)}"
        )
    return row.id


def _metadata(given: LLMConfig | GenerationMetadata | None, number: int) -> GenerationMetadata | None:
    if given is not None and not isinstance(given, LLMConfig | GenerationMetadata):
        raise ValidationError(
            f"metadata[{number}] must be an LLMConfig, a GenerationMetadata or None, got {quoted(given)}"
        )
    if given is None:
        return None
    made = GenerationMetadata(llm_model_config=given) if isinstance(given, LLMConfig) else given
    return sent_metadata(made)


def sent_metadata(made: GenerationMetadata, *, has_extensions: bool = True) -> GenerationMetadata:
    """Metadata as they are sent: without what says nothing to a server, and without a provider's key.

    Args:
        made: How an answer was made.
        has_extensions: Whether the server knows the contract's extensions; what it does not know is left out.
    """
    # What only some servers know of is left out where it says nothing.
    unsaid: dict[str, Any] = {
        name: UNSET for name in _EXTENSIONS if not has_extensions or getattr(made, name) is None
    }
    made = evolve(made, **unsaid)
    config = made.llm_model_config
    if config is None:
        return made
    of_config: dict[str, Any] = {} if config.provider else {"provider": UNSET}
    # What says which model answered has no use for the key to it.
    return evolve(made, llm_model_config=evolve(config, api_key=None, **of_config))
