"""Responses that are asked for, one or many: whether all that they name is there and fits together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from elluminate_api import models
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.messages import check_messages
from elluminate_server.execution.queueing import ResponseOrder
from elluminate_server.http.problems import Invalid
from elluminate_server.reading.finding import check_rows, see_experiment, see_llm_config
from elluminate_server.store.tables import Experiment

__all__ = ["checked_orders"]


async def checked_orders(
    session: AsyncSession,
    project_id: int,
    requests: Sequence[models.CreatePromptResponseRequest],
    *,
    where: str,
) -> list[ResponseOrder]:
    """The requested responses, once it is sure that everything they name is there and fits together.

    Args:
        session: Where to read.
        project_id: The key's project.
        requests: What was asked for.
        where: JSON path of a request, with `{}` for its place in the list.

    Raises:
        NotFound: An experiment, a row or an LLM config is not there.
        Invalid: A row is of another collection, or there is no template to generate from.
        DomainError: Messages have the wrong shape.
    """
    experiments = {
        experiment_id: await see_experiment(session, project_id, experiment_id)
        for experiment_id in sorted({request.experiment_id for request in requests})
    }
    for config_id in sorted({r.llm_config_id for r in requests if r.llm_config_id is not None}):
        await see_llm_config(session, project_id, config_id)
    await _check_rows(session, experiments, requests)
    orders = []
    for place, request in enumerate(requests):
        path = where.format(place)
        experiment = experiments[request.experiment_id]
        error = request.error or None
        if request.messages:
            check_messages(request.messages, where=f"{path}.messages", kind="response")
        if error is not None and not experiment.answers_from_elsewhere:
            raise Invalid(
                f"{path}.error: experiment {experiment.name!r} asks a model, which fails by itself. Failures are "
                "stored in experiments that were created with answers_from_elsewhere."
            )
        if request.messages:
            if error is None and not any(
                message.get("role") in {"assistant", "tool"} for message in request.messages
            ):
                raise Invalid(f"{path}.messages: there is no answer in it, no assistant or tool message.")
        elif error is not None:
            pass  # there is nothing but the failure to store
        elif experiment.answers_from_elsewhere:
            raise Invalid(
                f"{path}.messages: empty asks for generation, but the answers of experiment {experiment.name!r} come "
                "from elsewhere. Give the messages, or the error."
            )
        elif experiment.evaluation_mode == models.EvaluationMode.MULTI_TURN:
            raise Invalid(
                f"{path}.messages: empty asks for generation, but experiment {experiment.name!r} is MULTI_TURN: its "
                "conversations are held when it runs. Give the messages."
            )
        elif experiment.prompt_template_id is None:
            raise Invalid(
                f"{path}.messages: empty asks for generation, but experiment {experiment.name!r} has no prompt "
                "template. Give the messages."
            )
        orders.append(
            ResponseOrder(
                experiment_id=experiment.id,
                entry_id=request.template_variables_id,
                epoch=request.epoch,
                llm_config_id=request.llm_config_id,
                messages=request.messages,
                metadata=_without_key(request.metadata),
                error=error,
            )
        )
    return orders


async def _check_rows(
    session: AsyncSession,
    experiments: Mapping[int, Experiment],
    requests: Sequence[models.CreatePromptResponseRequest],
) -> None:
    wanted: dict[int, set[int]] = defaultdict(set)
    for request in requests:
        wanted[experiments[request.experiment_id].collection_id].add(request.template_variables_id)
    for collection_id, entry_ids in wanted.items():
        await check_rows(session, collection_id, entry_ids)


def _without_key(metadata: models.GenerationMetadata | None) -> dict[str, Any] | None:
    """The metadata as stored: a provider's key that came along with its LLM config is not kept."""
    if metadata is None:
        return None
    stored: dict[str, Any] = msgspec.to_builtins(metadata, str_keys=True)
    if stored.get("llm_model_config"):
        stored["llm_model_config"]["api_key"] = None
    return stored
