"""What an experiment does with its runs: starting, repeating, stopping them, and waiting for their end."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self, TypeVar

from elluminate_api import models as api
from elluminate_api.api.experiments import (
    cancel_experiment,
    get_experiment,
    retry_failed_experiment,
    run_experiment,
)
from elluminate_api.models import EvaluationMode, GenerationParams, RatingMode
from elluminate_api.types import UNSET, Request

from elluminate._binding import Bound
from elluminate._blocking import blocking
from elluminate._checks import checked_epochs, checked_timeout, known
from elluminate._following import final_status, follow_experiment, reason_of_failure, reporting
from elluminate._progress import Progress, Report, reporter
from elluminate._showing import quoted
from elluminate._warnings import warn_caller
from elluminate.exceptions import (
    AnsweredRowsWarning,
    NoCriteriaWarning,
    NoResultsError,
    NoRowsWarning,
    ValidationError,
)
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.filters import told_filters
from elluminate.schemas.judges import warn_of_changed_judge
from elluminate.schemas.program_verdicts import give_verdicts
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse, responses_of
from elluminate.schemas.response_rows import judged_by
from elluminate.schemas.results import ExperimentResults
from elluminate.schemas.verdicts import account_for, warn_of_missing
from elluminate.schemas.ways_out import endings_in


class Runs(Bound, api.Experiment):
    """Mixin of experiments."""

    __slots__ = ()
    if TYPE_CHECKING:
        criterion_set: CriterionSet
        rated_responses: list[PromptResponse]  # type: ignore[assignment]
        results: ExperimentResults | None
        _filters: Mapping[str, Sequence[str]] | None

        def _tell_of_all_rows(self) -> None: ...

    async def arun(
        self,
        rating_mode: RatingMode = RatingMode.DETAILED,
        n_epochs: int = 1,
        timeout: float | None = None,
        generation_params: GenerationParams | None = None,
        *,
        progress: Progress = False,
    ) -> Self:
        """Run an experiment that was created and not run yet, and wait until it has ended.

        Args:
            rating_mode: DETAILED judges each criterion by itself, FAST all of them in one call.
            n_epochs: Responses per row, 1 to 1000.
            timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
            generation_params: Sampling for this run, instead of the LLM config's.
            progress: True shows how far it is (on stderr, or as a bar in a notebook); a function gets each
                ExperimentProgress.

        Returns:
            This experiment, with results and responses. An IncompleteResultsWarning tells of verdicts that are missing,
            a NoCriteriaWarning that there are no criteria, a NoRowsWarning that the collection has no rows, an
            AnsweredRowsWarning that rows have an answer already, from `add_responses()`, and get another one.

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
        session = self._bound_session()
        body = run_request(rating_mode, n_epochs, _params(generation_params) or self.generation_params)
        self._warn_of_answered_rows(n_epochs)
        warn_without_criteria(self)
        request = run_experiment.build(await session.project_id(), self.id, body=body)
        await self._carry_out(request, timeout, report)
        return warned_without_rows(self)

    async def aretry_failed(
        self,
        rating_mode: RatingMode | None = None,
        discard_annotations: bool = False,
        timeout: float | None = None,
        *,
        progress: Progress = False,
    ) -> Self:
        """Bring what is missing, answers and verdicts, and wait until that has ended.

        Responses that failed are generated again. What a run that was cancelled, failed or was given up left undone is
        done: rows and epochs without a response, and answers that were not judged. Answers with missing verdicts are
        judged by the criteria that lack one, and no other. Nothing that is there is asked for again: other responses
        keep their ids, texts and ratings. When nothing is missing, nothing changes.

        Epochs, model and sampling stay those of the run. So does the judge; where the server does not offer it any
        more, its default judges what is missing; with `local:`, an OtherJudgeWarning says so before anything is
        asked. Rows that were added to the collection after the run was started are not part of it, and rows that were
        deleted are left out. Other servers may retry failed responses only.

        Args:
            rating_mode: DETAILED judges each criterion by itself, FAST all of them in one call; None keeps
                that of the run.
            discard_annotations: Whether notes that people left on failed responses may be lost.
            timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
            progress: True shows how far it is (on stderr, or as a bar in a notebook); a function gets each
                ExperimentProgress.

        Returns:
            This experiment, with results and responses.

        Raises:
            ConflictError: It is running, failed responses carry notes, or all that is missing are answers that were
                uploaded or come from a column.
            WaitTimeoutError: It did not end in time; it goes on.
            TaskFailedError: It was revoked, rejected or timed out.

        Example:
            >>> experiment.retry_failed().results.num_failed_responses
            0
        """
        checked_timeout(timeout)
        report = reporter(progress, self.name)
        session = self._bound_session()
        body = api.RetryFailedRequest(
            rating_mode=UNSET if rating_mode is None else known(RatingMode, rating_mode, "rating_mode"),
            discard_annotations=discard_annotations,
        )
        await warn_of_changed_judge(
            session,
            self,
            "Have the server judge as before and retry then; or call rate_responses() afterwards, which has all "
            "answers judged anew",
            only_if_incomplete=True,
        )
        request = retry_failed_experiment.build(await session.project_id(), self.id, body=body)
        return await self._carry_out(request, timeout, report)

    async def acancel(self) -> Self:
        """Stop what is running; responses and ratings so far stay.

        Whoever waits for the run gets TaskFailedError with the status REVOKED, and streams end so. When nothing is
        running, nothing changes.

        Returns:
            This experiment, with the results and responses so far.

        Example:
            >>> experiment.cancel().generation_task_id is None
            True
        """
        session = self._bound_session()
        await session.call(cancel_experiment.build(await session.project_id(), self.id), type(self))
        await self._reread()
        return self

    async def await_until_finished(self, timeout: float | None = None, *, progress: Progress = False) -> Self:
        """Wait until nothing is running any more, whoever started it; at once when nothing is.

        The blocking spelling is `wait_until_finished()`.

        Args:
            timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
            progress: True shows how far it is (on stderr, or as a bar in a notebook); a function gets each
                ExperimentProgress.

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
        session = self._bound_session()
        request = get_experiment.build(await session.project_id(), self.id)
        return await self._carry_out(request, timeout, report)

    async def _carry_out(
        self, request: Request[api.Experiment], timeout: float | None, report: Report
    ) -> Self:
        """Send what starts a task or tells which one runs, and wait for it."""
        answered = await self._bound_session().call(request, type(self))
        return await finish(self, answered.generation_task_id, timeout, report)

    async def _reread(self) -> None:
        """Read the experiment and its responses at the same time, into this object."""
        session = self._bound_session()
        project = await session.project_id()

        async def read() -> api.Experiment:
            return await session.call(get_experiment.build(project, self.id), type(self))

        async def read_responses() -> list[PromptResponse]:
            return await responses_of(session, self.id)

        fresh, responses = await session.transport.gather([read, read_responses], limit=2)
        assert isinstance(fresh, api.Experiment) and isinstance(responses, list)  # noqa: S101  # for type checkers
        self._take_over(fresh)
        self._tell_of_all_rows()
        self._take_responses(responses)

    def _take_responses(self, responses: list[PromptResponse]) -> None:
        """Hold these as the experiment's responses, and account for their verdicts where the server does not."""
        self.rated_responses = responses
        account_for(
            self.results,
            responses,
            self.criterion_set.criteria or [],
            is_running=self.generation_task_id is not None,
        )

    async def _have_functions_judge(self) -> None:
        """Bring the verdicts of `checks.python` that are missing, where this process knows the functions."""
        criteria = self.criterion_set.criteria or []
        if self.generation_task_id is None and await give_verdicts(
            self._bound_session(), self.rated_responses, criteria
        ):
            await self._reread()

    def _criteria(self) -> list[Criterion]:
        """The set's criteria, and those that responses were judged by before they were changed or replaced."""
        return list(
            (
                {one.id: one for one in self.criterion_set.criteria or []} | judged_by(self.rated_responses)
            ).values()
        )

    def _warn_of_answered_rows(self, n_epochs: int) -> None:
        """Warn before a run of answers from elsewhere, as far as they were read: the model is asked all the same."""
        if self.logs or self.generation_task_id is not None:
            return  # it ran already, and cannot run again
        answers = [one for one in self.rated_responses if one.error is None and one.epoch <= n_epochs]
        if answers:
            rows = len({one.prompt.template_variables.id for one in answers})
            warn_caller(
                f"experiment {self.name!r} has {len(answers)} answer(s) from elsewhere, to {rows} of its rows; run() "
                "asks the model for every row, so that those have an answer more. rate_responses() has what is there "
                "judged without asking the model; clone() makes an experiment without answers, to be run",
                AnsweredRowsWarning,
            )

    def _without_answers(self) -> NoResultsError:
        if self.generation_task_id is not None:
            state, way = "is still running", "call wait_until_finished(), or get_experiment() later"
        elif self._filters:
            state, way = f"has no response to a row with {told_filters(self._filters)}", self._other_filters()
        elif self.rated_responses:
            state, way = "has answers that were not judged", "call rate_responses()"
        elif self.evaluation_mode == EvaluationMode.AGENTIC:
            state, way = "has no results of agents, as far as it was read", "call upload_agent_results()"
        elif self.answers_from_elsewhere and self.collection.variables_count:
            state = "has no answers yet, as far as it was read"
            way = "call run_experiment(…, target=…) under this name, or add_responses()"
        elif told := endings_in(self.logs):
            state = f"has no answers, its run ended so: {told[-1].rstrip('.'):.500}"
            way = "call retry_failed() when that is mended, which goes on with the run"
        elif not self.collection.variables_count:
            state, way = "has no rows to answer", f"add rows to collection {self.collection.name!r}"
        else:
            state = "has not been answered, as far as it was read"
            way = "call run(), or retry_failed() after a run that was stopped before the first answer"
        return NoResultsError(f"there are no results: experiment {self.name!r} {state}; {way}")

    def _other_filters(self) -> str:
        columns = [column.name for column in self.collection.columns]
        unknown = [name for name in self._filters or () if name not in columns]
        if unknown:
            return (
                f"collection {self.collection.name!r} has no column {', '.join(map(repr, unknown)):.200}, it has "
                f"{', '.join(map(repr, columns)):.500}"
            )
        return "call get_experiment() with values of its rows, or without categorical_filters"

    run = blocking(arun)
    retry_failed = blocking(aretry_failed)
    cancel = blocking(acancel)
    wait_until_finished = blocking(await_until_finished)


R = TypeVar("R", bound=Runs)


async def finish(
    experiment: R, task_id: str | None, timeout: float | None = None, report: Report = None
) -> R:
    """Wait for a task of an experiment (None: there is none), then read results and responses into it."""
    failure: str | None = None
    if task_id is not None:
        session = experiment._bound_session()
        statuses = follow_experiment(
            session,
            experiment.id,
            task_id,
            name=experiment.name,
            timeout=timeout,
            with_logs=report is not None,
        )
        last = await final_status(statuses if report is None else reporting(statuses, report))
        failure = reason_of_failure(experiment.name, last)
    await experiment._reread()
    await experiment._have_functions_judge()
    warn_of_missing(experiment, experiment.results, experiment._criteria(), failure)
    return experiment


def run_request(
    rating_mode: RatingMode, n_epochs: int, generation_params: GenerationParams | None
) -> api.RunExperimentRequest:
    """The body of a request that starts a run over all rows.

    Raises:
        ValidationError: An argument cannot be used.
    """
    return api.RunExperimentRequest(
        rating_mode=known(RatingMode, rating_mode, "rating_mode"),
        n_epochs=checked_epochs(n_epochs),
        generation_params=generation_params or UNSET,
    )


def warn_without_criteria(experiment: Runs) -> None:
    """Warn of a run that costs calls and measures nothing."""
    if experiment.evaluation_mode == EvaluationMode.AGENTIC or experiment.criterion_set.criteria:
        return
    warn_caller(
        f"experiment {experiment.name!r} has no criteria: its answers cost calls, and are not judged. Give "
        "criteria=[…], or a criterion_set=… with criteria, or add some to its criterion set and call rate_responses()",
        NoCriteriaWarning,
    )


def warned_without_rows(ended: R) -> R:
    """The experiment, whose run is over; warned of if it had nothing to ask."""
    collection = ended.collection
    if not ended.rated_responses and not collection.variables_count:
        warn_caller(
            f"experiment {ended.name!r} had nothing to ask: collection {collection.name!r} has no rows, so that there "
            "are no results; add rows with collection.add_many([…]), and run another experiment",
            NoRowsWarning,
        )
    return ended


def _params(given: GenerationParams | None) -> GenerationParams | None:
    if not isinstance(given, GenerationParams | None):
        raise ValidationError(
            f"generation_params must be a GenerationParams, like GenerationParams(temperature=0.2), not {quoted(given)}"
        )
    return given
