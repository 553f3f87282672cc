"""Queues the failed responses of an experiment again; the others stay as they are."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import attrs
from sqlalchemy import delete, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.queueing import add_task, chunks
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Experiment, LLMConfig, Prompt, Rating, Response, WorkItem

__all__ = ["FailedResponse", "add_retry", "failed_responses", "with_notes"]


@attrs.frozen
class FailedResponse:
    """A response without an answer: what it takes to ask again.

    Attributes:
        id: The response.
        entry_id: Its row.
        epoch: Its epoch.
        prompt_id: The prompt that was asked, or could not be rendered.
        llm_config_id: LLM config that was asked; None for the experiment's, or when none was.
        persona_version_id: Who talked with the model, in a multi-turn experiment.
    """

    id: int
    entry_id: int
    epoch: int
    prompt_id: int
    llm_config_id: int | None
    persona_version_id: int | None = None


async def failed_responses(session: AsyncSession, experiment_id: int) -> list[FailedResponse]:
    """The failed responses of an experiment, in the order of the rows."""
    found = await session.execute(
        select(
            Response.id,
            Response.entry_id,
            Response.epoch,
            Response.prompt_id,
            Response.generation_metadata,
            Response.persona_version_id,
        )
        .where(Response.experiment_id == experiment_id, Response.error.is_not(None))
        .order_by(Response.entry_id, Response.epoch, Response.id)
    )
    return [FailedResponse(row[0], row[1], row[2], row[3], _config_id(row[4]), row[5]) for row in found]


def _config_id(metadata: dict[str, Any] | None) -> int | None:
    config = (metadata or {}).get("llm_model_config") or {}
    found = config.get("id")
    return found if isinstance(found, int) else None


async def with_notes(session: AsyncSession, experiment_id: int) -> list[int]:
    """Failed responses that a person annotated or rated: no judge rates a failed response."""
    rated = exists().where(Rating.response_id == Response.id)
    return list(
        await session.scalars(
            select(Response.id)
            .where(
                Response.experiment_id == experiment_id,
                Response.error.is_not(None),
                or_(Response.annotation != "", rated),
            )
            .order_by(Response.id)
        )
    )


async def add_retry(
    session: AsyncSession,
    owner: str,
    experiment: Experiment,
    failed: Sequence[FailedResponse],
    *,
    rating_mode: str,
) -> str:
    """Delete the failed responses and queue each again, for the same row, epoch and LLM config; the task's id.

    Args:
        session: The caller's write transaction.
        owner: See `queueing.add_task`.
        experiment: Not running; its `generation_task_id` is set.
        failed: From `failed_responses`; at least one.
        rating_mode: `fast` or `detailed`.
    """
    task_id = await add_task(
        session, owner, experiment.project_id, experiment.id, "experiment", {"rating_mode": rating_mode}
    )
    configs = set(
        await session.scalars(
            select(LLMConfig.id).where(
                LLMConfig.id.in_({one.llm_config_id for one in failed if one.llm_config_id is not None}),
                LLMConfig.project_id == experiment.project_id,
            )
        )
    )
    seen: Counter[tuple[int, int]] = Counter()
    items: list[dict[str, Any]] = []
    for one in failed:
        place = (one.entry_id, one.epoch)
        items.append(
            {
                "task_id": task_id,
                "entry_id": one.entry_id,
                "epoch": one.epoch,
                "ordinal": seen[place],
                "persona_version_id": one.persona_version_id,
                "payload": {"llm_config_id": one.llm_config_id} if one.llm_config_id in configs else None,
            }
        )
        seen[place] += 1
    for chunk in chunks(failed):
        await session.execute(
            delete(Response)
            .where(Response.id.in_([one.id for one in chunk]))
            .execution_options(synchronize_session=False)
        )
    for chunk_of_items in chunks(items):
        await session.execute(insert(WorkItem), list(chunk_of_items))
    await _forget_unrendered(session, sorted({one.prompt_id for one in failed}))
    if experiment.started_at is not None and experiment.finished_at is not None:
        # The time between the two runs is nobody's work: the duration goes on from where it stood.
        experiment.started_at = utc_now() - (experiment.finished_at - experiment.started_at)
    experiment.finished_at = None
    experiment.rating_mode = rating_mode
    experiment.generation_task_id = task_id
    experiment.has_internal_error = False
    await session.flush()
    return task_id


async def _forget_unrendered(session: AsyncSession, prompt_ids: Sequence[int]) -> None:
    """Drop prompts that could not be rendered: the row may have been corrected, and they are tried anew."""
    for chunk in chunks(prompt_ids):
        found = await session.execute(
            select(Prompt.id, Prompt.messages).where(
                Prompt.id.in_(chunk), ~exists().where(Response.prompt_id == Prompt.id)
            )
        )
        empty = [row[0] for row in found if not row[1]]
        await session.execute(
            delete(Prompt).where(Prompt.id.in_(empty)).execution_options(synchronize_session=False)
        )
