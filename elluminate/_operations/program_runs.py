"""Experiments that a program of the caller's answers: asked row by row, stored as answers come, judged at the end."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

from attrs import define, field
from elluminate_api import models as api
from elluminate_api.api.collections import get_collection
from elluminate_api.api.experiments import list_experiments, retry_failed_experiment
from elluminate_api.api.responses import delete_response
from elluminate_api.models import GenerationMetadata, RatingMode

from elluminate._checks import checked_epochs, known
from elluminate._interrupts import is_interrupt, tell_of_program
from elluminate._operations.program_arguments import Asking
from elluminate._program_calls import Called, Calls, Job, unbroken
from elluminate._progress import ExperimentProgress, Report
from elluminate._session import Session
from elluminate.exceptions import APIError, ConflictError, ValidationError, WaitTimeoutError
from elluminate.schemas.answers_from_elsewhere import sent_metadata, store_answers
from elluminate.schemas.by_name import collection_named, found_by_name
from elluminate.schemas.collection import TemplateVariablesCollectionWithEntries
from elluminate.schemas.criterion_set import criteria_in
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.experiment_creation import NewExperiment, find_parts
from elluminate.schemas.judges import warn_of_changed_judge
from elluminate.schemas.judging import rate
from elluminate.schemas.programs import MOST_ERROR, Program, answer_of, program_of, reason_of
from elluminate.schemas.response import PromptResponse, responses_of
from elluminate.schemas.runs import finish, warn_without_criteria, warned_without_rows
from elluminate.schemas.verdicts import add_unanswered, warn_of_missing

_LOOK_SECONDS = 0.005
_STORE_SECONDS = 1.0
"""Answers are stored this often, so that a process that dies loses no more."""
_MOST_STORED = 200
"""Answers in one request."""
_DELETED_AT_ONCE = 8
_REFUSED = (400, 413, 422)
"""How servers answer to a request with an answer that they do not take."""
_AS_ONE_JUDGE = (
    "Have the server judge as before, or give the experiment another name, which judges all answers anew"
)

Place: TypeAlias = tuple[int, int]
"""A row's id, and an epoch."""


async def run_program(
    session: Session,
    create: Callable[[NewExperiment], Awaitable[Experiment]],
    new: NewExperiment,
    target: Callable[..., Any],
    asking: Asking,
    timeout: float | None,
    report: Report,
) -> Experiment:
    """Ask a program for what an experiment lacks, and have it judged; see `run_experiment`.

    Args:
        session: What all goes through.
        create: Creates an experiment, with inline criteria.
        new: The experiment.
        target: The program.
        asking: How it is asked.
        timeout: Seconds to wait at most.
        report: What is to be told how far it is.
    """
    until = None if timeout is None else time.monotonic() + timeout
    new.request()  # both refuse what cannot be used before anything is read
    criteria_in(new.criteria or ())
    collection = await _with_rows(session, new)
    columns = {column.name or "": column.default_value or "" for column in collection.columns}
    program = program_of(target, columns, collection.name)
    experiment = await _of_this_name(session, new, collection)
    if experiment is None:
        experiment = await create(new)
    elif experiment.generation_task_id is not None:
        await experiment.await_until_finished(_left(until, experiment))
    warn_without_criteria(experiment)
    run = _ProgramRun(session, experiment, collection, new, program, asking, until, report)
    try:
        await run.ask_program()
        return warned_without_rows(await run.have_judged())
    finally:
        if report is not None:
            report(None)


async def _with_rows(session: Session, new: NewExperiment) -> TemplateVariablesCollectionWithEntries:
    found = await found_by_name(session, new.collection, collection_named)
    if found is None:
        raise ValidationError("target=… is called for the rows of a collection; give collection=…")
    request = get_collection.build(await session.project_id(), found.id)
    return await session.call(request, TemplateVariablesCollectionWithEntries)


async def _of_this_name(
    session: Session, new: NewExperiment, collection: TemplateVariablesCollectionWithEntries
) -> Experiment | None:
    """The experiment that this call goes on with; None where there is none of its name.

    Raises:
        ConflictError: There is one that is made of something else.
    """
    request = list_experiments.build(await session.project_id(), experiment_name=new.name)
    there = await session.first(request, Experiment)
    if there is None or there.name != new.name:
        return None
    parts = await find_parts(session, new)
    texts = [one.criterion_str for one in there.criterion_set.criteria or []]
    template, criterion_set = parts.prompt_template, parts.criterion_set
    has_other_template = template is not None and (
        there.prompt_template is None or there.prompt_template.id != template.id
    )
    others = {
        "gets its answers in another way": there.answers_from_elsewhere is False
        or there.response_column_id is not None
        or (there.answers_from_elsewhere is None and bool(there.logs)),
        f"is over collection {there.collection.name!r}": there.collection.id != collection.id,
        "has another prompt template": has_other_template
        or (template is None and there.prompt_template is not None and bool(there.answers_from_elsewhere)),
        f"has criterion set {there.criterion_set.name!r}": criterion_set is not None
        and criterion_set.id != there.criterion_set.id,
        "has other criteria": new.criteria is not None
        # What has the same text is one criterion of the set.
        and list(dict.fromkeys(one.criterion_str for one in criteria_in(new.criteria))) != texts,
    }
    differs = [what for what, is_so in others.items() if is_so]
    if differs:
        raise ConflictError(
            f"there is an experiment {new.name!r} already, and it {' and '.join(differs)}; this call can go on only "
            "with one that is made of the same. Give another name, or delete that experiment",
            None,
            resource_type="experiment",
            resource_name=new.name,
            resource_id=there.id,
        )
    return there


def _left(until: float | None, experiment: Experiment) -> float | None:
    """Seconds that are left.

    Raises:
        WaitTimeoutError: None are.
    """
    if until is None:
        return None
    left = until - time.monotonic()
    if left <= 0:
        raise WaitTimeoutError(
            f"experiment {experiment.name!r} was not done in time; what was answered is stored, and the same call goes "
            "on with the rest, or raise timeout=…"
        )
    return left


@define
class _ProgramRun:
    """One call of `run_experiment` with a program.

    Attributes:
        failed: Places whose stored response is a failure, with that response's id.
        unstorable: Why there are no answers, where the server cannot store that; by place.
        in_hand: Answers that are not stored yet, by place.
        answered: How many places have an answer, or have failed.
        failures: How many of those have failed.
        total: How many places there are.
    """

    session: Session
    experiment: Experiment
    collection: TemplateVariablesCollectionWithEntries
    new: NewExperiment
    program: Program
    asking: Asking
    until: float | None
    report: Report
    failed: dict[Place, list[int]] = field(factory=lambda: defaultdict(list))
    unstorable: dict[Place, str] = field(factory=dict)
    in_hand: dict[Place, api.CreatePromptResponseRequest] = field(factory=dict)
    answered: int = 0
    failures: int = 0
    total: int = 0

    @property
    def _stores_failures(self) -> bool:
        return bool(self.experiment.answers_from_elsewhere)

    async def ask_program(self) -> None:
        """Ask for every row and epoch without an answer, and store what comes.

        An interrupt leaves what has not begun, stores what has come, and goes on up.
        """
        calls = Calls(
            self.program.function,
            await self._jobs(),
            is_async=self.program.is_async,
            at_once=self.asking.at_once,
            retries=self.asking.retries,
            timeout=self.asking.timeout,
            wait_before=lambda attempt: self.session.config.retries.wait_before(attempt, None),
        )
        self._tell()
        if calls.is_over:
            return
        async with calls.under_way():
            try:
                await self._collect_answers(calls)
            except BaseException as error:
                calls.stop()
                await self._keep_what_came(calls, error)
                raise

    async def _jobs(self) -> list[Job]:
        """A call for every row in every epoch that has no answer, epoch by epoch."""
        known = await responses_of(self.session, self.experiment.id)
        answered = {_place_of(response) for response in known if response.error is None}
        for response in known:
            place = _place_of(response)
            if response.error is None:
                continue
            if response.annotation and place not in answered:
                answered.add(place)  # a person has written a note on this failure, which would be lost
                self.failures += 1
            elif not response.annotation:
                self.failed[place].append(response.id)
        # An interrupt has come between an answer and taking the failure away that it came instead of.
        await self._take_away([number for place in answered for number in self.failed.pop(place, ())])
        epochs = range(1, checked_epochs(self.new.n_epochs) + 1)
        places = [(row.id, epoch) for epoch in epochs for row in self.collection.variables]
        self.total = len(places)
        self.answered = sum(place in answered for place in places)
        rows = {row.id: row for row in self.collection.variables}
        return [
            Job(key=place, arguments=partial(self.program.arguments, rows[place[0]].input_values))
            for place in places
            if place not in answered
        ]

    async def _collect_answers(self, calls: Calls) -> None:
        stored_at = time.monotonic()
        while True:
            is_over = calls.is_over  # looked at first: what ends meanwhile is taken in the next round
            self._hold(calls.come())
            calls.check()
            now = time.monotonic()
            if len(self.in_hand) >= _MOST_STORED or is_over or now - stored_at >= _STORE_SECONDS:
                await unbroken(self._store_in_hand)
                stored_at = now
            if is_over:
                return
            _left(self.until, self.experiment)
            await self.session.transport.sleep(_LOOK_SECONDS)

    async def _keep_what_came(self, calls: Calls, error: BaseException) -> None:
        """Store what is in hand when the run ends before its time."""
        self._hold(calls.come())
        try:
            await unbroken(self._store_in_hand)
        except Exception as another:  # noqa: BLE001  # what ended the run is what counts; it takes the other along
            error.add_note(f"{len(self.in_hand)} answers could not be stored: {another}")
        if is_interrupt(error):
            tell_of_program(self.experiment.name, self.answered - len(self.in_hand), self.total)

    def _hold(self, called: Iterable[Called]) -> None:
        before = self.answered
        for one in called:
            is_news = one.key not in self.in_hand  # else an interrupt came by it here
            self.in_hand[one.key] = self._request_of(one)
            self.answered += is_news
        if self.answered > before:
            self._tell()

    def _request_of(self, called: Called) -> api.CreatePromptResponseRequest:
        row, epoch = called.key
        request = api.CreatePromptResponseRequest(
            template_variables_id=row, experiment_id=self.experiment.id, epoch=epoch
        )
        made = GenerationMetadata(duration_seconds=called.seconds, waited_seconds=called.waited or None)
        error = called.error
        if error is None:
            try:
                request.messages, answer = answer_of(called.returned)
                made = answer.made(seconds=called.seconds, waited=called.waited)
            except ValidationError as problem:
                error = problem
        if error is not None:
            self._fail(request, reason_of(error))
        request.metadata = sent_metadata(made, has_extensions=self._stores_failures)
        return request

    def _fail(self, request: api.CreatePromptResponseRequest, reason: str) -> None:
        request.messages, request.error = [], reason
        self.failures += 1

    async def _store_in_hand(self) -> None:
        """Store what is in hand, in parts, and take away the failures that it comes instead of."""
        while self.in_hand:
            places = list(islice(self.in_hand, _MOST_STORED))
            await self._store_part([self.in_hand[place] for place in places])
            for place in places:
                del self.in_hand[place]
            older = [number for place in places for number in self.failed.pop(place, ())]
            await self._take_away(older)

    async def _store_part(self, part: list[api.CreatePromptResponseRequest]) -> None:
        if not self._stores_failures:
            places = {
                (one.template_variables_id, one.epoch): one.error
                for one in part
                if isinstance(one.error, str)
            }
            self.unstorable.update(places)
            part = [one for one in part if not isinstance(one.error, str)]
        if not part:
            return
        try:
            await store_answers(self.session, part)
        except APIError as refusal:
            if refusal.status_code not in _REFUSED or (len(part) == 1 and part[0].error):
                raise
            if len(part) > 1:  # one of them is refused, and would take the others along
                await self._store_part(part[: len(part) // 2])
                await self._store_part(part[len(part) // 2 :])
            else:
                self._fail(part[0], f"The server refuses this answer: {refusal.message}"[:MOST_ERROR])
                await self._store_part(part)

    async def _take_away(self, responses: Sequence[int]) -> None:
        if not responses:
            return
        project = await self.session.project_id()

        def deleting(number: int) -> Callable[[], Awaitable[None]]:
            return lambda: self.session.call(delete_response.build(project, number))

        await self.session.transport.gather([deleting(number) for number in responses], _DELETED_AT_ONCE)

    async def have_judged(self) -> Experiment:
        """Have judged what was not, and hold results and responses."""
        experiment, session = self.experiment, self.session
        experiment._take_responses(await responses_of(session, experiment.id))
        waiting = [one for one in experiment.rated_responses if one.error is None and one.missing_verdicts]
        mode = known(RatingMode, self.new.rating_mode, "rating_mode")
        if waiting:
            await warn_of_changed_judge(session, experiment, _AS_ONE_JUDGE, only_if_incomplete=True)
        if not self._stores_failures:
            return await self._judged_elsewhere(waiting, mode)
        if waiting:
            # This judges by the criteria that lack a verdict, and no other.
            body = api.RetryFailedRequest(rating_mode=mode, discard_annotations=False)
            request = retry_failed_experiment.build(await session.project_id(), experiment.id, body=body)
            report = None if self.report is None else self._report_of_judging
            return await experiment._carry_out(request, _left(self.until, experiment), report)
        ended = await finish(experiment, None)
        self._tell(is_judged=True)
        return ended

    async def _judged_elsewhere(self, waiting: Sequence[PromptResponse], mode: RatingMode) -> Experiment:
        """The same where the server knows nothing of programs: what failed is told by this object alone."""
        experiment = self.experiment
        if waiting:
            await rate(self.session, waiting, mode, _left(self.until, experiment))
        await experiment._reread()
        reasons: dict[int, list[str]] = defaultdict(list)
        for (row, _), reason in self.unstorable.items():
            reasons[row].append(reason)
        if reasons:
            criteria = experiment.criterion_set.criteria or []
            experiment.results = add_unanswered(experiment.results, reasons, criteria)
        experiment.answers_from_elsewhere = True  # which this server has no word for
        warn_of_missing(experiment, experiment.results, experiment._criteria())
        self._tell(is_judged=True)
        return experiment

    def _report_of_judging(self, progress: ExperimentProgress | None) -> None:
        if progress is not None:
            left = progress.total_responses - progress.responses_rated
            self._tell(rated=self.total - left, unjudged=progress.responses_unjudged)

    def _tell(self, *, is_judged: bool = False, rated: int = 0, unjudged: int = 0) -> None:
        if self.report is not None:
            self.report(
                ExperimentProgress(
                    responses_generated=self.answered,
                    responses_rated=self.total if is_judged else rated,
                    total_responses=self.total,
                    responses_failed=self.failures,
                    responses_unjudged=unjudged,
                )
            )


def _place_of(response: PromptResponse) -> Place:
    return response.prompt.template_variables.id, response.epoch
