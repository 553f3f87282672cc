"""What answers lack: read from the criteria of their experiments, and from the tasks that judge them."""

import datetime
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import attrs
from elluminate_api.models import EvaluationMode, TaskStatus
from sqlalchemy import and_, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.checks.rules import is_for_program
from elluminate_server.domain.verdicts import (
    BY_PROGRAM,
    NOT_ASKED,
    NOT_BROUGHT,
    NOT_UPLOADED,
    Lack,
    SetCriterion,
    applicable,
    lack_of,
)
from elluminate_server.execution.leases import UNFINISHED
from elluminate_server.execution.moments import moment_of_response, run_asked_at
from elluminate_server.execution.preparing import Rows, announced_answers
from elluminate_server.store.rows import fetch, fetch_by_ids
from elluminate_server.store.states import ANSWERED, EXPERIMENT, PENDING
from elluminate_server.store.tables import (
    AgentTask,
    Criterion,
    Entry,
    Experiment,
    Response,
    Task,
    WorkItem,
)

__all__ = [
    "Unanswered",
    "Verdict",
    "VerdictAccount",
    "ending_of",
    "load_accounts",
    "load_accounts_of_responses",
]


Verdict = Literal["YES", "NO"]


@attrs.frozen
class Unanswered:
    """Answers to a row that a run was to bring, and that are not there.

    Attributes:
        entry_id: The row.
        reason: Why they do not come; None while they may.
        count: How many, in all epochs and of all personas.
    """

    entry_id: int
    reason: str | None
    count: int


@attrs.frozen(kw_only=True)
class VerdictAccount:
    """What it takes to say what the answers of one experiment lack.

    Attributes:
        criteria: Those of its set, in order, without those that were replaced before the experiment was made.
        texts: Wording by criterion.
        frozen: Of agents, the criteria of each task by its row, in place of the set's.
        collection_id: The collection it runs over.
        is_running: Whether a task of the experiment goes on.
        failures: Response to why the judge gave no verdict, by criterion.
        waiting: Responses that a task is about to judge.
        left: Response to why the task that was to judge it has not.
        run_asked_at: When its run was asked for.
        moments: Response to the moment whose criteria it is judged by; only where the set was changed since.
        of_programs: Criteria on which the caller's program gives the verdicts, with what is said of those it has not.
        unanswered: Answers that are not there; only where whole experiments are accounted for.
    """

    criteria: Sequence[SetCriterion]
    texts: Mapping[int, str]
    frozen: dict[int, list[int]] | None
    collection_id: int
    is_running: bool
    run_asked_at: datetime.datetime | None
    failures: dict[int, dict[int, str]] = attrs.field(factory=dict)
    waiting: set[int] = attrs.field(factory=set)
    left: dict[int, str] = attrs.field(factory=dict)
    moments: dict[int, datetime.datetime] = attrs.field(factory=dict)
    of_programs: Mapping[int, str] = attrs.field(factory=dict)
    unanswered: list[Unanswered] = attrs.field(factory=list)

    @cached_property
    def _rows_with_their_own(self) -> Collection[int]:
        return {criterion.entry_id for criterion in self.criteria if criterion.entry_id is not None}

    @cached_property
    def _for_all(self) -> dict[datetime.datetime | None, Sequence[int]]:
        """The criteria for rows without their own, by moment: what almost all answers share is found once."""
        return {}

    @property
    def order(self) -> Sequence[int]:
        """The criteria in the order of their set."""
        return [criterion.id for criterion in self.criteria]

    def lack(self, response_id: int, entry_id: int, error: str | None, given: Collection[int]) -> Lack:
        """What a response lacks.

        Args:
            response_id: The response.
            entry_id: Its row.
            error: Why it failed.
            given: Criteria by which it was judged.
        """
        return lack_of(
            self._wanted(entry_id, self.moments.get(response_id, self.run_asked_at)),
            given,
            error=error,
            failures=self._failures_of(response_id),
            is_pending=response_id in self.waiting,
            unasked=self.left.get(response_id, NOT_ASKED),
        )

    def _failures_of(self, response_id: int) -> Mapping[int, str] | None:
        told = self.failures.get(response_id)
        return {**self.of_programs, **(told or {})} if self.of_programs else told

    def counted(
        self, response_id: int, entry_id: int, given: Sequence[tuple[int, Verdict]]
    ) -> Sequence[tuple[int, Verdict]]:
        """Those of a response's verdicts that are on criteria that it is to be judged by; others do not count any more.

        Args:
            response_id: The response.
            entry_id: Its row.
            given: (criterion id, verdict) pairs.
        """
        if not self.moments or self.frozen is not None:
            return given
        wanted = self._wanted(entry_id, self.moments.get(response_id, self.run_asked_at))
        return [(criterion_id, verdict) for criterion_id, verdict in given if criterion_id in wanted]

    def lacks_of_unanswered(self, answers: Unanswered) -> Iterator[Lack]:
        """What each of the answers lacks that are not there."""
        wanted = self._wanted(answers.entry_id, self.run_asked_at)
        lack = lack_of(wanted, (), error=answers.reason, is_pending=answers.reason is None)
        return itertools.repeat(lack, answers.count)

    def _wanted(self, entry_id: int, moment: datetime.datetime | None) -> Sequence[int]:
        if self.frozen is not None:
            return self.frozen.get(entry_id, [])
        if entry_id in self._rows_with_their_own:
            return self._applicable(entry_id, moment)
        if moment not in self._for_all:
            self._for_all[moment] = self._applicable(entry_id, moment)
        return self._for_all[moment]

    def _applicable(self, entry_id: int, moment: datetime.datetime | None) -> Sequence[int]:
        return [criterion.id for criterion in applicable(self.criteria, entry_id, moment)]


_IDS: Any = bindparam("ids", expanding=True)
_of_experiment, _of_criterion, _of_entry = Experiment.__table__.c, Criterion.__table__.c, Entry.__table__.c
_of_response, _of_task, _of_item = Response.__table__.c, Task.__table__.c, WorkItem.__table__.c
_of_agent_task = AgentTask.__table__.c

_EXPERIMENTS = select(
    _of_experiment.id,
    _of_experiment.created_at,
    _of_experiment.collection_id,
    _of_experiment.criterion_set_id,
    _of_experiment.evaluation_mode,
    _of_experiment.generation_task_id,
    run_asked_at(_of_experiment.id).label("run_asked_at"),
).where(_of_experiment.id.in_(_IDS))
_CRITERIA = (
    select(
        _of_criterion.id,
        _of_criterion.entry_id,
        _of_criterion.created_at,
        _of_criterion.superseded_at,
        _of_criterion.criterion_set_id,
        _of_criterion.criterion_str,
        _of_criterion.rule,
    )
    .where(_of_criterion.criterion_set_id.in_(_IDS))
    .order_by(_of_criterion.position, _of_criterion.id)
)
_FROZEN = select(_of_agent_task.experiment_id, _of_agent_task.entry_id, _of_agent_task.criteria).where(
    _of_agent_task.experiment_id.in_(_IDS)
)
_NOT_UPLOADED = (
    select(_of_agent_task.experiment_id, _of_agent_task.entry_id)
    .join(Entry.__table__, _of_entry.id == _of_agent_task.entry_id)
    .where(
        _of_agent_task.experiment_id.in_(_IDS),
        _of_entry.deleted_at.is_(None),
        ~exists().where(
            _of_response.experiment_id == _of_agent_task.experiment_id,
            _of_response.entry_id == _of_agent_task.entry_id,
        ),
    )
)
_NOT_BROUGHT = (
    select(
        _of_experiment.id,
        _of_entry.id,
        _of_experiment.n_epochs - func.count(func.distinct(_of_response.epoch)),
    )
    .join(Entry.__table__, _of_entry.collection_id == _of_experiment.collection_id)
    .outerjoin(
        Response.__table__,
        and_(_of_response.experiment_id == _of_experiment.id, _of_response.entry_id == _of_entry.id),
    )
    .where(
        _of_experiment.id.in_(_IDS),
        _of_experiment.answers_from_elsewhere.is_(True),
        _of_entry.deleted_at.is_(None),
        _of_entry.created_at <= _of_experiment.created_at,  # what is added later is not part of the run
    )
    .group_by(_of_experiment.id, _of_experiment.n_epochs, _of_entry.id)
    .having(func.count(func.distinct(_of_response.epoch)) < _of_experiment.n_epochs)
)
_FAILURES = (
    select(_of_response.experiment_id, _of_item.response_id, _of_item.rating_errors)
    .join(Response.__table__, _of_response.id == _of_item.response_id)
    .where(_of_item.rating_errors.is_not(None))
    .order_by(_of_item.id)
)
_MOMENTS = select(_of_response.experiment_id, _of_response.id, moment_of_response())
_UNJUDGED = (
    select(_of_response.experiment_id, _of_item.response_id, _of_task.status, _of_task.error_msg)
    .join(Task.__table__, _of_task.id == _of_item.task_id)
    .join(Response.__table__, _of_response.id == _of_item.response_id)
    .where(_of_item.state == ANSWERED)
    .order_by(_of_task.created_at, _of_task.id)
)
_UNANSWERED = (
    select(_of_task.experiment_id, _of_item.entry_id, _of_task.status, _of_task.error_msg, func.count())
    .join(WorkItem.__table__, _of_item.task_id == _of_task.id)
    .join(Entry.__table__, _of_entry.id == _of_item.entry_id)
    .where(
        _of_task.experiment_id.in_(_IDS),
        _of_task.kind == EXPERIMENT,
        _of_item.state == PENDING,
        _of_entry.deleted_at.is_(None),
    )
    .group_by(_of_task.experiment_id, _of_item.entry_id, _of_task.status, _of_task.error_msg)
)
_NOT_ALL_DONE = select(_of_task.experiment_id, _of_task.status, _of_task.error_msg, _of_task.payload).where(
    _of_task.experiment_id.in_(_IDS), _of_task.kind == EXPERIMENT, _of_task.status != TaskStatus.SUCCESS
)
_ROWS_UP_TO = select(_of_entry.id).where(
    _of_entry.collection_id == bindparam("collection_id"),
    _of_entry.id <= bindparam("last"),
    _of_entry.deleted_at.is_(None),
)


@attrs.frozen
class _Queries:
    """The same questions, asked of experiments or of responses; built once, which takes longer than running them."""

    failures: Any
    moments: Any
    unjudged: Any


_OF_EXPERIMENTS = _Queries(
    failures=_FAILURES.where(_of_response.experiment_id.in_(_IDS)),
    moments=_MOMENTS.where(_of_response.experiment_id.in_(_IDS)),
    unjudged=_UNJUDGED.where(_of_task.experiment_id.in_(_IDS)),
)
_OF_RESPONSES = _Queries(
    failures=_FAILURES.where(_of_item.response_id.in_(_IDS)),
    moments=_MOMENTS.where(_of_response.id.in_(_IDS)),
    unjudged=_UNJUDGED.where(_of_item.response_id.in_(_IDS)),
)


async def load_accounts(session: AsyncSession, experiment_ids: Collection[int]) -> dict[int, VerdictAccount]:
    """By experiment, what it takes to account for all of its verdicts."""
    accounts = await _accounts(session, experiment_ids, _OF_EXPERIMENTS, experiment_ids)
    for experiment_id, entry_id, status, error_msg, count in await fetch_by_ids(
        session, _UNANSWERED, experiment_ids
    ):
        account = accounts[experiment_id]
        reason = None if account.is_running else ending_of(status, error_msg)
        account.unanswered.append(Unanswered(entry_id, reason, count))
    for experiment_id, status, error_msg, payload in await fetch_by_ids(
        session, _NOT_ALL_DONE, experiment_ids
    ):
        rows = announced_answers(payload)
        if rows is not None:
            account = accounts[experiment_id]
            reason = None if account.is_running else ending_of(status, error_msg)
            account.unanswered.extend(await _not_queued(session, account.collection_id, rows, reason))
    for experiment_id, entry_id in await fetch_by_ids(session, _NOT_UPLOADED, experiment_ids):
        accounts[experiment_id].unanswered.append(Unanswered(entry_id, NOT_UPLOADED, 1))
    for experiment_id, entry_id, count in await fetch_by_ids(session, _NOT_BROUGHT, experiment_ids):
        accounts[experiment_id].unanswered.append(Unanswered(entry_id, NOT_BROUGHT, count))
    return accounts


async def _not_queued(
    session: AsyncSession, collection_id: int, rows: Rows, reason: str | None
) -> list[Unanswered]:
    """Answers to rows that a run has not come to queue: it is still about to, or was stopped before."""
    found = await fetch(session, _ROWS_UP_TO, collection_id=collection_id, last=rows.last_entry)
    meant = None if rows.only is None else set(rows.only)
    return [
        Unanswered(entry_id, reason, count)
        for (entry_id,) in found
        if (meant is None or entry_id in meant) and (count := rows.times_left(entry_id))
    ]


async def load_accounts_of_responses(
    session: AsyncSession, experiment_ids: Collection[int], response_ids: Collection[int]
) -> dict[int, VerdictAccount]:
    """By experiment, what it takes to account for the verdicts of these of its responses."""
    return await _accounts(session, experiment_ids, _OF_RESPONSES, response_ids)


async def _accounts(
    session: AsyncSession, experiment_ids: Collection[int], queries: _Queries, ids: Collection[int]
) -> dict[int, VerdictAccount]:
    experiments = await fetch_by_ids(session, _EXPERIMENTS, experiment_ids)
    sets: dict[int, list[SetCriterion]] = defaultdict(list)
    texts: dict[int, dict[int, str]] = defaultdict(dict)
    of_programs: dict[int, dict[int, str]] = defaultdict(dict)
    for criterion in await fetch_by_ids(session, _CRITERIA, {row.criterion_set_id for row in experiments}):
        texts[criterion.criterion_set_id][criterion.id] = criterion.criterion_str
        if is_for_program(criterion.rule):
            of_programs[criterion.criterion_set_id][criterion.id] = BY_PROGRAM
        sets[criterion.criterion_set_id].append(
            SetCriterion(criterion.id, criterion.entry_id, criterion.created_at, criterion.superseded_at)
        )
    accounts = {
        row.id: VerdictAccount(
            criteria=[
                criterion
                for criterion in sets[row.criterion_set_id]
                if criterion.superseded_at is None or criterion.superseded_at > row.created_at
            ],
            texts=texts[row.criterion_set_id],
            of_programs=of_programs[row.criterion_set_id],
            frozen={} if row.evaluation_mode == EvaluationMode.AGENTIC else None,
            collection_id=row.collection_id,
            is_running=row.generation_task_id is not None,
            run_asked_at=row.run_asked_at,
        )
        for row in experiments
    }
    frozen = {
        experiment_id: account.frozen
        for experiment_id, account in accounts.items()
        if account.frozen is not None
    }
    for experiment_id, entry_id, criteria in await fetch_by_ids(session, _FROZEN, frozen):
        frozen[experiment_id][entry_id] = [criterion["criterion_id"] for criterion in criteria]
    for experiment_id, response_id, errors in await fetch_by_ids(session, queries.failures, ids):
        of_response = accounts[experiment_id].failures.setdefault(response_id, {})
        of_response.update((int(criterion_id), reason) for criterion_id, reason in errors.items())
    for experiment_id, response_id, status, error_msg in await fetch_by_ids(session, queries.unjudged, ids):
        account = accounts[experiment_id]
        if status in UNFINISHED or account.is_running:
            account.waiting.add(response_id)
        else:
            account.left[response_id] = ending_of(status, error_msg)
    if any(_has_changed(accounts[row.id], row.run_asked_at or row.created_at) for row in experiments):
        for experiment_id, response_id, moment in await fetch_by_ids(session, queries.moments, ids):
            accounts[experiment_id].moments[response_id] = moment
    return accounts


def _has_changed(account: VerdictAccount, since: datetime.datetime) -> bool:
    return any(
        criterion.superseded_at is not None or criterion.created_at > since for criterion in account.criteria
    )


def ending_of(status: str, error_msg: str | None) -> str:
    """Why a task that has ended did not come to something."""
    return error_msg or f"The run ended {status} before it came to this."
