"""A response as the judge sees it, and a verdict on it."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from elluminate_server.domain.criteria import render_criterion
from elluminate_server.execution.agent_evaluation import frozen_criteria
from elluminate_server.execution.generation import Subject
from elluminate_server.execution.kept_calls import Kept
from elluminate_server.execution.moments import moment_of
from elluminate_server.execution.plans import CriterionPlan, Plan
from elluminate_server.llm.types import JudgeCase, Verdict
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Prompt, Rating, Response

__all__ = ["Judged", "Loaded", "Rated", "case_of", "load_all_judged", "load_judged"]


@attrs.frozen(kw_only=True)
class Judged:
    """A response as the judge sees it.

    Attributes:
        response_id: The response.
        experiment_id: Its experiment.
        entry_id: The row it is for.
        epoch: Which of the row's answers it is.
        failed: Whether its generation failed, so that there is nothing to judge.
        prompt_messages: The prompt it answers.
        messages: The answer.
        values: The row's values when the prompt was rendered.
        rated: Criterion id to when it was rated last.
        moment: When the set had the criteria that it is judged by; None for those that it has now.
        trajectory: What an agent did; None when it is no agent's.
        frozen: The criteria of an agent's task; None where the experiment's criteria count.
        seconds: How long the answer took; None where that is not known.
        cost_usd: What it cost when it was made; None where that is not known.
    """

    response_id: int
    experiment_id: int
    entry_id: int
    epoch: int
    failed: bool
    prompt_messages: Sequence[Mapping[str, Any]]
    messages: Sequence[Mapping[str, Any]]
    values: Mapping[str, Any]
    rated: Mapping[int, Any]
    moment: datetime.datetime | None
    trajectory: Mapping[str, Any] | None = None
    frozen: Sequence[CriterionPlan] | None = None
    seconds: float | None = None
    cost_usd: float | None = None

    def criteria(self, plan: Plan) -> Sequence[CriterionPlan]:
        """What it is judged by."""
        return plan.criteria_for(self.entry_id, self.moment) if self.frozen is None else self.frozen


Loaded = Subject | Judged
"""What an item of a task is about: the row that is to be answered, or the answer that is to be judged."""


@attrs.frozen(kw_only=True)
class Rated:
    """A verdict and who gave it.

    Attributes:
        criterion: What was asked.
        verdict: The verdict.
        metadata: The contract's `GenerationMetadata`; None where no model was asked.
        kept: What is kept of it, to be taken by other runs; None where nothing is.
        at: When it was given: also where it is written twice, it is one verdict.
        origin: Who gave it: judge, check, or program.
    """

    criterion: CriterionPlan
    verdict: Verdict
    metadata: dict[str, Any] | None
    kept: Kept | None = None
    at: datetime.datetime = attrs.field(factory=utc_now)
    origin: str = "judge"


async def load_judged(session: AsyncSession, response_id: int) -> Judged | None:
    """The response with its prompt, or None when it is not there any more."""
    found = (
        await session.execute(_with_prompts([response_id]).options(undefer(Response.trajectory)))
    ).one_or_none()
    if found is None:
        return None
    response, prompt = found
    rated = await _rated(session, [response_id])
    frozen = None
    if prompt.prompt_template_id is None:
        frozen = await frozen_criteria(session, response.experiment_id, response.entry_id)
    judged = _judged(response, prompt, rated[response_id])
    return attrs.evolve(judged, trajectory=response.trajectory, frozen=frozen)


async def load_all_judged(session: AsyncSession, response_ids: Collection[int]) -> dict[int, Judged]:
    """The same of many, by their ids: those that are there and no agent's, whose steps may take much room."""
    if not response_ids:
        return {}
    found = await session.execute(_with_prompts(response_ids).where(Prompt.prompt_template_id.is_not(None)))
    rated = await _rated(session, response_ids)
    return {response.id: _judged(response, prompt, rated[response.id]) for response, prompt in found}


def _with_prompts(response_ids: Collection[int]) -> Select[Response, Prompt]:
    return (
        select(Response, Prompt)
        .join(Prompt, Prompt.id == Response.prompt_id)
        .where(Response.id.in_(response_ids))
    )


async def _rated(session: AsyncSession, response_ids: Collection[int]) -> Mapping[int, Mapping[int, Any]]:
    """When each response was rated last, by criterion."""
    rated: dict[int, dict[int, Any]] = defaultdict(dict)
    query = select(Rating.response_id, Rating.criterion_id, Rating.created_at)
    for row in await session.execute(query.where(Rating.response_id.in_(response_ids))):
        rated[row.response_id][row.criterion_id] = row.created_at
    return rated


def _judged(response: Response, prompt: Prompt, rated: Mapping[int, Any]) -> Judged:
    return Judged(
        response_id=response.id,
        experiment_id=response.experiment_id,
        entry_id=response.entry_id,
        epoch=response.epoch,
        failed=response.error is not None,
        prompt_messages=prompt.messages,
        messages=response.messages,
        values=prompt.input_values,
        rated=rated,
        moment=moment_of(response),
        seconds=response.duration_seconds,
        cost_usd=_cost_of(response),
    )


def _cost_of(response: Response) -> float | None:
    reported = (response.agent_trial or {}).get("cost_usd")
    if reported is not None:
        return float(reported)
    parts = (
        (response.input_tokens, response.input_price_per_mtok),
        (response.output_tokens, response.output_price_per_mtok),
    )
    costs = [tokens * price / 1e6 for tokens, price in parts if tokens is not None and price is not None]
    return sum(costs) if len(costs) == len(parts) else None


def case_of(judged: Judged, criterion: CriterionPlan, nonce: str) -> JudgeCase:
    """What the judge is shown of a response and a criterion.

    Args:
        judged: The response.
        criterion: The criterion.
        nonce: What the marks around data carry.

    Raises:
        DomainError: The criterion with the row's values is too large, or one of its placeholders has no value.
    """
    filled = render_criterion(criterion.text, judged.values)
    asked = filled if criterion.filled is None else criterion.filled
    return JudgeCase(
        criterion=asked,
        criterion_template=criterion.text if filled == asked else None,
        prompt_messages=judged.prompt_messages,
        response_messages=judged.messages,
        row_values=judged.values,
        trajectory=judged.trajectory,
        nonce=nonce,
    )
