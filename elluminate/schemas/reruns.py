"""Running some of an experiment's rows again, in an experiment of their own."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from elluminate_api import models as api
from elluminate_api.api.experiments import delete_experiment, run_experiment
from elluminate_api.models import EvaluationMode, RatingMode

from elluminate._blocking import blocking
from elluminate._checks import checked_timeout
from elluminate._progress import Progress, reporter
from elluminate.exceptions import APIError, ConflictError, ValidationError
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.experiment_creation import NewExperiment, check_columns, find_parts, post_experiment
from elluminate.schemas.llm_config import LLMConfig
from elluminate.schemas.prompt_template import Criterion, PromptTemplate
from elluminate.schemas.response import PromptResponse, responses_of
from elluminate.schemas.row_choice import rows_answered_by, rows_that_failed
from elluminate.schemas.runs import Runs, finish, run_request

_MOST_RERUNS = 100


class Reruns(Runs):
    """Mixin of experiments."""

    __slots__ = ()
    if TYPE_CHECKING:
        prompt_template: PromptTemplate | None
        llm_config: LLMConfig | None
        collection: TemplateVariablesCollection

    async def arerun(
        self,
        responses: Sequence[PromptResponse] | None = None,
        *,
        failing: Criterion | str | None = None,
        name: str | None = None,
        prompt_template: PromptTemplate | str | None = None,
        llm_config: api.LLMConfig | str | None = None,
        rating_mode: RatingMode = RatingMode.DETAILED,
        n_epochs: int | None = None,
        timeout: float | None = None,
        progress: Progress = False,
    ) -> Self:
        """Run some of the rows again, in a new experiment like this one, and wait for its end.

        Without arguments these are the rows with an answer that failed a criterion, so that a corrected prompt can be
        tried on them alone. `client.list_comparison_samples(experiment, again)` tells what became of them. Answers and
        verdicts that are missing are brought by `retry_failed()` instead. Needs a server that runs over some rows of a
        collection, as that of this project does.

        Args:
            responses: Responses of this experiment, whose rows are run again.
            failing: Run only the rows again that got a NO on this criterion, which its text or label names, too.
            name: Name of the new experiment; None takes the first free one of "<name> (again)", "<name> (again 2)" and
                so on.
            prompt_template: Another prompt, or its name (the latest version); None keeps this one.
            llm_config: Another model, or its name; None keeps this one.
            rating_mode: DETAILED judges each criterion by itself, FAST all of them in one call.
            n_epochs: Responses per row, 1 to 1000; None takes as many as this experiment.
            timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
            progress: True shows how far it is (on stderr, or as a bar in a notebook); a function gets each
                ExperimentProgress.

        Returns:
            The new experiment, with its results and responses.

        Raises:
            ValidationError: Both `responses` and `failing` are given, nothing is to be run again, it is a MULTI_TURN
                or an AGENTIC experiment, or its answers come from elsewhere and no template is given.
            NoResultsError: Nothing has been answered yet.
            ConflictError: The name is taken.
            NotFoundError: A row was deleted since.

        Example:
            >>> experiment = client.run_experiment("Strict", template, collection, criteria=["Is there code in it?"])
            >>> again = experiment.rerun(failing="Is there code in it?")
            >>> again.name
            'Strict (again)'
        """
        if responses is not None and failing is not None:
            raise ValidationError("responses=… and failing=… exclude each other; give one of them")
        if self.evaluation_mode != EvaluationMode.STANDARD:
            raise ValidationError(
                f"experiment {self.name!r} is {self.evaluation_mode}, and only STANDARD experiments are run again "
                "row by row"
            )
        if self.answers_from_elsewhere and prompt_template is None:
            raise ValidationError(
                f"the answers of experiment {self.name!r} come from elsewhere, and a rerun asks a model; give "
                "prompt_template=… to have one asked, or call run_experiment(…, target=…) under another name"
            )
        checked_timeout(timeout)
        names = _names_of_reruns(self.name) if name is None else [name]
        report = reporter(progress, names[0])
        body = run_request(
            rating_mode, (self.n_epochs or 1) if n_epochs is None else n_epochs, self.generation_params
        )
        new = NewExperiment(
            name=names[0],
            prompt_template=prompt_template or self.prompt_template,
            collection=self.collection,
            llm_config=llm_config or self.llm_config,
            criterion_set=self.criterion_set,
            description=f"Some rows of experiment {self.name!r}, run again",
            rating_version=self.rating_version,
            response_column_id=self.response_column_id,
        )
        creation = new.request()
        body.template_variables_ids = await self._rows_to_run_again(responses, failing)
        again = await self._create_named(names, new, creation)
        session = self._bound_session()
        project = await session.project_id()
        try:
            started = await session.call(run_experiment.build(project, again.id, body=body), type(self))
        except APIError as refusal:
            if refusal.status_code is not None and refusal.status_code < 500:
                # What cannot run would only hold the name.
                await session.call(delete_experiment.build(project, again.id))
            raise
        return await finish(again, started.generation_task_id, timeout, report)

    async def _rows_to_run_again(
        self, responses: Sequence[PromptResponse] | None, failing: Criterion | str | None
    ) -> list[int]:
        if responses is not None:
            return rows_answered_by(responses, self.collection)
        if self.results is None and not self.rated_responses:
            raise self._without_answers()
        if not self.rated_responses:
            self._take_responses(await responses_of(self._bound_session(), self.id))
        return rows_that_failed(self.name, self.rated_responses, self.criterion_set.criteria or [], failing)

    async def _create_named(
        self, names: Sequence[str], new: NewExperiment, creation: api.CreateExperimentRequest
    ) -> Self:
        """A new experiment under the first name that is free."""
        session = self._bound_session()
        parts = await find_parts(session, new)
        parts.name_in(creation)
        await check_columns(session, new, parts)
        *others, creation.name = reversed(names)
        while others:
            try:
                return await post_experiment(session, creation, type(self))
            except ConflictError:
                creation.name = others.pop()
        return await post_experiment(session, creation, type(self))

    rerun = blocking(arerun)


def _names_of_reruns(name: str) -> list[str]:
    base = name[: 255 - len(" (again 100)")]
    return [f"{base} (again)", *(f"{base} (again {number})" for number in range(2, _MOST_RERUNS + 1))]
