"""The verdicts on one response: a call for each criterion, or in the fast mode one for several."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import attrs

from elluminate_server.domain.errors import DomainError
from elluminate_server.execution.asking import HopelessError
from elluminate_server.execution.plans import CriterionPlan
from elluminate_server.execution.rating import Judged, Rated, case_of
from elluminate_server.llm import roles
from elluminate_server.llm.judging import MOST_TOGETHER
from elluminate_server.llm.types import Model, ModelError, PlaysRoles, RatingMode, Usage, Verdict

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
        self, judged: Judged, criteria: Sequence[CriterionPlan], model: Model
    ) -> Mapping[CriterionPlan, str]:
        """Judge a response for these criteria and store the verdicts; why there is none, of those that have none.

        Raises:
            HopelessError: Nothing more will be answered. What was judged is stored.
        """
        async with asyncio.TaskGroup() as group:
            pieces = [
                group.create_task(self._judge_piece(judged, piece, model))
                for piece in self._pieces(criteria, model)
            ]
        problems = {criterion: problem for piece in pieces for criterion, problem in piece.result().items()}
        for problem in problems.values():
            if isinstance(problem, HopelessError):
                raise problem
        return {criterion: str(problems[criterion]) for criterion in criteria if criterion in problems}

    def _pieces(self, criteria: Sequence[CriterionPlan], model: Model) -> Sequence[Sequence[CriterionPlan]]:
        together = self._mode == "fast" and self._unreadable_in_a_row < UNREADABLE_CALLS
        most = MOST_TOGETHER if together and not isinstance(model, PlaysRoles) else 1
        return pieces_of(criteria, most)

    async def _judge_piece(
        self, judged: Judged, criteria: Sequence[CriterionPlan], model: Model
    ) -> Mapping[CriterionPlan, _Problem]:
        if len(criteria) == 1:
            return await self._judge_one(judged, criteria[0], model, Usage())
        spent: dict[CriterionPlan, Usage] = {}
        try:
            cases = [case_of(judged, criterion, self._nonce(judged.experiment_id)) for criterion in criteria]
            results = await roles.judge_together(model, cases)
        except HopelessError as error:
            return dict.fromkeys(criteria, error)
        except DomainError:
            spent = dict.fromkeys(criteria, Usage())  # one of them is too large: the others are not
        except ModelError as error:
            if error.retryable or error.is_hopeless:
                return dict.fromkeys(criteria, str(error))
            # Refused for what it asks, most often: a part of it may well be answered.
            spent = dict(zip(criteria, error.usage.split(len(criteria)), strict=True))
        else:
            spent = await self._store_read(judged, criteria, results, model)
        async with asyncio.TaskGroup() as group:
            singly = [
                group.create_task(self._judge_one(judged, criterion, model, usage))
                for criterion, usage in spent.items()
            ]
        return {criterion: problem for one in singly for criterion, problem in one.result().items()}

    async def _store_read(
        self,
        judged: Judged,
        criteria: Sequence[CriterionPlan],
        results: Sequence[Verdict | Usage],
        model: Model,
    ) -> dict[CriterionPlan, Usage]:
        """Store the verdicts that could be read; what was spent on each of the others."""
        spent: dict[CriterionPlan, Usage] = {}
        async with asyncio.TaskGroup() as group:
            for criterion, result in zip(criteria, results, strict=True):
                if isinstance(result, Verdict):
                    group.create_task(self._store(judged, _rated(criterion, result, model)))
                else:
                    spent[criterion] = result
        self._unreadable_in_a_row = self._unreadable_in_a_row + 1 if len(spent) == len(criteria) else 0
        return spent

    async def _judge_one(
        self, judged: Judged, criterion: CriterionPlan, model: Model, spent: Usage
    ) -> Mapping[CriterionPlan, _Problem]:
        try:
            case = case_of(judged, criterion, self._nonce(judged.experiment_id))
            verdict = await roles.judge(model, case, self._mode)
        except HopelessError as error:
            return {criterion: error}
        except (ModelError, DomainError) as error:
            return {criterion: str(error)}
        whole = attrs.evolve(spent.plus(verdict), finish_reason=verdict.finish_reason)
        await self._store(judged, _rated(criterion, attrs.evolve(verdict, **whole.measures()), model))
        return {}


def pieces_of(criteria: Sequence[CriterionPlan], most: int) -> Sequence[Sequence[CriterionPlan]]:
    """The criteria in as few pieces as can be of at most so many, as even as can be, in their order."""
    count = -(-len(criteria) // most)
    borders = [len(criteria) * place // max(count, 1) for place in range(count + 1)]
    return [criteria[begin:end] for begin, end in itertools.pairwise(borders)]


def _rated(criterion: CriterionPlan, verdict: Verdict, model: Model) -> Rated:
    return Rated(criterion=criterion, verdict=verdict, metadata=verdict.metadata(model.config))
