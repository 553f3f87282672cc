"""One answer: what was asked and said, what was judged and why, and what people say of it."""

from typing import Any

import msgspec
from elluminate_api import models
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from elluminate_server.http.problems import BadRequest
from elluminate_server.pages.conversations import turns_of_messages, turns_of_trajectory
from elluminate_server.pages.experiment import asked_filter, filter_query, is_category
from elluminate_server.pages.visits import Visit, form, page
from elluminate_server.reading.finding import find_response, see_experiment
from elluminate_server.reading.matrices import categories_of, neighbours_of
from elluminate_server.reading.responses import load_response
from elluminate_server.store.tables import Criterion
from elluminate_server.writing.labels import labeller_of, put_labels, withdraw_label

__all__ = ["CHOICES"]

CHOICES = [
    (models.LabelValue.YES.value, "y"),
    (models.LabelValue.NO.value, "n"),
    (models.LabelValue.UNSURE.value, "u"),
]
"""What can be said, and by which key."""

_LONGEST_REASON = 10_000


@page("/projects/{project_id:int}/responses/{response_id:int}", is_long=True)
async def response(visit: Visit) -> Response:
    """With the ones before and after it in the filter that one came from."""
    session = visit.session
    row = await find_response(session, visit.project_id, visit.path["response_id"])
    experiment = await see_experiment(session, visit.project_id, row.experiment_id)
    # What stands in it is in part the JSON of an answer to the API: it is read as who gets that answer reads it.
    loaded = await load_response(session, row.id)
    shown: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(loaded))
    is_asked = any(map(is_category, visit.request.query_params))
    wanted = await asked_filter(
        visit, experiment, await categories_of(session, experiment) if is_asked else {}
    )
    before, after = await neighbours_of(session, experiment, row.id, wanted)
    missing = shown.get("missing_verdicts") or []
    texts = await _texts(session, [one["criterion_id"] for one in missing])
    metadata = shown.get("generation_metadata") or {}
    return visit.show(
        "response.html",
        place="experiments",
        experiment=experiment,
        response=shown,
        values=shown["prompt"]["template_variables"].get("input_values", {}),
        prompt=turns_of_messages(shown["prompt"].get("messages") or []),
        answer=turns_of_messages(shown["messages"]),
        trajectory=turns_of_trajectory(shown.get("trajectory")),
        ratings=[(one, _mine(visit, one)) for one in shown.get("ratings") or []],
        missing=[(one, texts.get(one["criterion_id"], "a criterion")) for one in missing],
        facts=_facts(metadata),
        before=before,
        after=after,
        carried=filter_query(wanted),
        choices=CHOICES,
    )


@form("/projects/{project_id:int}/responses/{response_id:int}/label", does="put_labels")
async def label(visit: Visit) -> Response:
    """What the key says takes the place of what it said before."""
    value, reason = visit.field("value"), visit.field("reason").strip()
    if value not in {one for one, _ in CHOICES}:
        raise BadRequest("A label is YES, NO or UNSURE.")
    if len(reason) > _LONGEST_REASON:
        raise BadRequest(f"A reason has {_LONGEST_REASON} characters at most.")
    new = models.NewLabel(
        response_id=visit.path["response_id"],
        criterion_id=visit.number("criterion_id"),
        value=models.LabelValue(value),
        reason=reason or None,
    )
    async with visit.write() as session:
        await put_labels(session, visit.principal, [new])
    return visit.go_back(f"/projects/{visit.project_id}/responses/{new.response_id}")


@form("/projects/{project_id:int}/labels/{label_id:int}/withdraw", does="delete_label")
async def withdraw(visit: Visit) -> Response:
    """It is kept, and does not count any more."""
    async with visit.write() as session:
        await withdraw_label(session, visit.principal, visit.path["label_id"])
    return visit.go_back(f"/projects/{visit.project_id}/experiments")


def _mine(visit: Visit, rating: dict[str, Any]) -> dict[str, Any] | None:
    """The label of the key that looks."""
    own = labeller_of(visit.principal) or None
    for one in rating.get("labels") or []:
        if one.get("key_id") == own:
            found: dict[str, Any] = one
            return found
    return None


async def _texts(session: AsyncSession, ids: list[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = await session.execute(select(Criterion.id, Criterion.criterion_str).where(Criterion.id.in_(ids)))
    return {row.id: row.criterion_str for row in rows}


def _facts(metadata: dict[str, Any]) -> list[tuple[str, str]]:
    """How the answer came about."""
    model = (metadata.get("llm_model_config") or {}).get("llm_model_name")
    costs = [metadata.get("estimated_input_cost_usd"), metadata.get("estimated_output_cost_usd")]
    known = [cost for cost in costs if cost is not None]
    seconds = metadata.get("duration_seconds")
    found = [
        ("model", metadata.get("answered_by_model") or model),
        ("tokens in", metadata.get("input_tokens")),
        ("tokens out", metadata.get("output_tokens")),
        ("tokens of reasoning", metadata.get("reasoning_tokens")),
        ("seconds", None if seconds is None else f"{seconds:.2f}"),
        ("cost", None if not known else f"{sum(known):.6f} USD" if sum(known) else "free"),
        ("ended because", metadata.get("finish_reason")),
        ("cached", "yes" if metadata.get("cached") else None),
        ("trajectory dropped", metadata.get("trajectory_ingest_error")),
    ]
    return [(name, str(value)) for name, value in found if value is not None]
