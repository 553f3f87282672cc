"""The verdicts on one response: a call for each criterion, or in the fast mode one for several."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import attrs

from elluminate_server.domain.errors import DomainError
from elluminate_server.execution.asking import HopelessError
from elluminate_server.execution.checking import judge_by_rule
from elluminate_server.execution.kept_calls import (
    FIXED_NONCE,
    KeptCalls,
    keep_verdict,
    kept_verdict,
    verdict_key,
)
from elluminate_server.execution.plans import CriterionPlan
from elluminate_server.execution.rating import Judged, Rated, case_of
from elluminate_server.llm import roles
from elluminate_server.llm.judging import MOST_TOGETHER
from elluminate_server.llm.types import (
    NOTHING_USED,
    JudgeCase,
    Model,
    ModelError,
    PlaysRoles,
    RatingMode,
    Usage,
    Verdict,
)

__all__ = ["Judging", "pieces_of"]

UNREADABLE_CALLS = 3
"""Calls for several verdicts of which a run reads not one, in a row, before it asks for each by itself."""

_Problem = str | HopelessError


class Judging:
    """How the responses of one run are judged.

    In the detailed mode there is a call for each criterion. In the fast mode one call asks for all of them, or for an
    even part of them where they are many; what comes back unreadable or incomplete is asked for one by one, and so is
    everything once a judge has shown that it gives nothing readable to such calls.

    Args:
        mode: `fast` or `detailed`.
        nonce: The marks around data in what the judge of an experiment is shown.
        store: Stores a verdict.
    """

    def __init__(
        self,
        mode: RatingMode,
        nonce: Callable[[int], str],
        store: Callable[[Judged, Rated], Coroutine[Any, Any, None]],
    ) -> None:
        self._mode: RatingMode = mode
        self._nonce = nonce
        self._store = store
        self._unreadable_in_a_row = 0

    async def judge(
        self,
        judged: Judged,
        criteria: Sequence[CriterionPlan],
        judge: Callable[[], Model],
        kept: KeptCalls | None = None,
    ) -> Mapping[CriterionPlan, str]:
        """Judge a response for these criteria and store the verdicts; why there is none, of those that have none.

        What a rule decides comes first, whatever becomes of the others, and asks no model.

        Args:
            judged: The response.
            criteria: What it is judged by.
            judge: Who judges what no rule decides; not called where rules decide all.
            kept: Verdicts that may be taken; None where none is taken, nor kept.

        Raises:
            HopelessError: Nothing more will be answered. What was judged is stored.
        """
        ruled = await judge_by_rule(judged, criteria)
        if ruled.given:
            await self._store_ruled(judged, ruled.given)
        if not ruled.left:
            return ruled.problems
        asked = await self._ask(judged, ruled.left, judge(), kept)
        return {**ruled.problems, **asked}

    async def _store_ruled(self, judged: Judged, given: Sequence[Rated]) -> None:
        async with asyncio.TaskGroup() as group:
            for rated in given:
                group.create_task(self._store(judged, rated))

    async def _ask(
        self, judged: Judged, criteria: Sequence[CriterionPlan], model: Model, kept: KeptCalls | None
    ) -> Mapping[CriterionPlan, str]:
        keys = {} if kept is None else self._keys(judged, criteria, model)
        case = _Case(judged, model, keys)
        left = criteria if kept is None else await self._take_kept(case, criteria, kept)
        async with asyncio.TaskGroup() as group:
            pieces = [
                group.create_task(self._judge_piece(case, piece)) for piece in self._pieces(left, model)
            ]
        problems = {criterion: problem for piece in pieces for criterion, problem in piece.result().items()}
        for problem in problems.values():
            if isinstance(problem, HopelessError):
                raise problem
        return {criterion: str(problems[criterion]) for criterion in criteria if criterion in problems}

    def _keys(
        self, judged: Judged, criteria: Sequence[CriterionPlan], model: Model
    ) -> Mapping[CriterionPlan, bytes]:
        """Under what each verdict is kept, where it is."""
        keys: dict[CriterionPlan, bytes] = {}
        if not isinstance(model, PlaysRoles):
            for criterion in criteria:
                with contextlib.suppress(DomainError):  # which is told when it is asked about
                    shown = case_of(judged, criterion, FIXED_NONCE)
                    keys[criterion] = verdict_key(model.config, shown, self._mode, judged.epoch)
        return keys

    async def _take_kept(
        self, case: "_Case", criteria: Sequence[CriterionPlan], kept: KeptCalls
    ) -> Sequence[CriterionPlan]:
        """Store the verdicts that were given before; the criteria that have none."""
        found = await kept.find(list(case.keys.values()))
        taken = {criterion: kept_verdict(found[key]) for criterion, key in case.keys.items() if key in found}
        async with asyncio.TaskGroup() as group:
            for criterion, verdict in taken.items():
                group.create_task(self._store_verdict(case, criterion, verdict))
        return [criterion for criterion in criteria if criterion not in taken]

    def _pieces(self, criteria: Sequence[CriterionPlan], model: Model) -> Sequence[Sequence[CriterionPlan]]:
        together = self._mode == "fast" and self._unreadable_in_a_row < UNREADABLE_CALLS
        most = MOST_TOGETHER if together and not isinstance(model, PlaysRoles) else 1
        return pieces_of(criteria, most)

    async def _judge_piece(
        self, case: "_Case", criteria: Sequence[CriterionPlan]
    ) -> Mapping[CriterionPlan, _Problem]:
        if len(criteria) == 1:
            return await self._judge_one(case, criteria[0], NOTHING_USED)
        try:
            shown = [self._shown(case, criterion) for criterion in criteria]
            results = await roles.judge_together(case.model, shown)
        except HopelessError as error:
            return dict.fromkeys(criteria, error)
        except DomainError:
            spent = dict.fromkeys(criteria, NOTHING_USED)  # one of them is too large: the others are not
        except ModelError as error:
            if error.retryable or error.is_hopeless:
                return dict.fromkeys(criteria, str(error))
            # Refused for what it asks, most often: a part of it may well be answered.
            spent = dict(zip(criteria, error.usage.split(len(criteria)), strict=True))
        else:
            spent = await self._store_read(case, criteria, results)
        async with asyncio.TaskGroup() as group:
            singly = [
                group.create_task(self._judge_one(case, criterion, usage))
                for criterion, usage in spent.items()
            ]
        return {criterion: problem for one in singly for criterion, problem in one.result().items()}

    async def _store_read(
        self, case: "_Case", criteria: Sequence[CriterionPlan], results: Sequence[Verdict | Usage]
    ) -> dict[CriterionPlan, Usage]:
        """Store the verdicts that could be read; what was spent on each of the others."""
        spent: dict[CriterionPlan, Usage] = {}
        async with asyncio.TaskGroup() as group:
            for criterion, result in zip(criteria, results, strict=True):
                if isinstance(result, Verdict):
                    group.create_task(self._store_verdict(case, criterion, result))
                else:
                    spent[criterion] = result
        self._unreadable_in_a_row = self._unreadable_in_a_row + 1 if len(spent) == len(criteria) else 0
        return spent

    async def _judge_one(
        self, case: "_Case", criterion: CriterionPlan, spent: Usage
    ) -> Mapping[CriterionPlan, _Problem]:
        try:
            verdict = await roles.judge(case.model, self._shown(case, criterion), self._mode)
        except HopelessError as error:
            return {criterion: error}
        except (ModelError, DomainError) as error:
            return {criterion: str(error)}
        if spent != NOTHING_USED:
            whole = attrs.evolve(spent.plus(verdict), finish_reason=verdict.finish_reason)
            verdict = attrs.evolve(verdict, **whole.measures())
        await self._store_verdict(case, criterion, verdict)
        return {}

    def _shown(self, case: "_Case", criterion: CriterionPlan) -> JudgeCase:
        return case_of(case.judged, criterion, self._nonce(case.judged.experiment_id))

    async def _store_verdict(self, case: "_Case", criterion: CriterionPlan, verdict: Verdict) -> None:
        rated = Rated(
            criterion=criterion,
            verdict=verdict,
            metadata=verdict.metadata(case.model.config),
            kept=keep_verdict(case.keys.get(criterion), verdict),
        )
        await self._store(case.judged, rated)


@attrs.frozen
class _Case:
    """A response that is judged: by whom, and under what the verdicts are kept."""

    judged: Judged
    model: Model
    keys: Mapping[CriterionPlan, bytes]


def pieces_of(criteria: Sequence[CriterionPlan], most: int) -> Sequence[Sequence[CriterionPlan]]:
    """The criteria in as few pieces as can be of at most so many, as even as can be, in their order."""
    count = -(-len(criteria) // most)
    borders = [len(criteria) * place // max(count, 1) for place in range(count + 1)]
    return [criteria[begin:end] for begin, end in itertools.pairwise(borders)]
