"""The same request again, and requests at the same time: one effect, one winner."""

import asyncio
import datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from elluminate_server.llm.types import ModelError
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import IdempotencyKey
from tests.server.conftest import (
    World,
    created,
)

pytestmark = pytest.mark.anyio


async def test_a_repetition_with_the_same_key_gets_the_first_answer(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"name": "Once"}

    first = await api.post("/collections", json=body, headers=headers)
    second = await api.post("/collections", json=body, headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["idempotent-replayed"] == "true"
    assert (await api.get("/collections")).json()["count"] == 1


async def test_concurrent_repetitions_have_one_effect(api: httpx.AsyncClient) -> None:
    body = {"messages": [{"role": "user", "content": "hi"}]}

    answers = await asyncio.gather(
        *(api.post("/prompt_templates", json=body, headers={"Idempotency-Key": "k"}) for _ in range(20))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert (await api.get("/prompt_templates")).json()["count"] == 1


async def test_a_key_for_another_content_or_path_is_422(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    await api.post("/collections", json={"name": "A"}, headers=headers)

    other_body = await api.post("/collections", json={"name": "B"}, headers=headers)
    other_path = await api.post("/criterion_sets", json={"name": "A"}, headers=headers)

    assert other_body.status_code == other_path.status_code == 422
    assert "Idempotency-Key" in other_body.json()["detail"]
    assert (await api.get("/collections")).json()["count"] == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\u00e9".encode("latin-1")])
async def test_unusable_idempotency_keys_are_422(api: httpx.AsyncClient, key: Any) -> None:
    response = await api.post("/collections", json={"name": "A"}, headers={"Idempotency-Key": key})

    assert response.status_code == 422
    assert "Idempotency-Key" in response.json()["detail"]


async def test_a_refusal_is_not_kept_for_the_key(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    taken = await created(api, "/collections", {"name": "A"})
    assert (await api.post("/collections", json={"name": "A"}, headers=headers)).status_code == 409
    await api.delete(f"/collections/{taken['id']}")

    assert (await api.post("/collections", json={"name": "A"}, headers=headers)).status_code == 201


async def test_a_key_may_be_used_again_after_a_day(api: httpx.AsyncClient, store: Store) -> None:
    headers = {"Idempotency-Key": "one"}
    await api.post("/collections", json={"name": "A"}, headers=headers)
    async with store.write() as session:
        row = await session.get_one(IdempotencyKey, 1)
        row.created_at = utc_now() - datetime.timedelta(hours=24, seconds=1)

    assert (await api.post("/collections", json={"name": "B"}, headers=headers)).status_code == 201


async def test_keys_of_different_projects_do_not_meet(
    api: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    headers = {"Idempotency-Key": "one"}
    await api.post("/collections", json={"name": "A"}, headers=headers)

    assert (await other.post("/collections", json={"name": "B"}, headers=headers)).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/collections", {"name": "Same"}),
        ("/prompt_templates", {"name": "Same", "messages": [{"role": "user", "content": "hi"}]}),
        ("/criterion_sets", {"name": "Same"}),
        ("/llm_configs", {"name": "Same", "llm_model_name": "m", "api_key": "k"}),
        ("/experiments", {"name": "Same", "description": ""}),
    ],
)
async def test_of_fifty_simultaneous_creations_one_wins(
    api: httpx.AsyncClient, world: World, path: str, body: dict[str, Any]
) -> None:
    if path == "/experiments":
        body = {
            **body,
            "prompt_template_id": world.prompt_template_id,
            "collection_id": world.collection_id,
        }

    answers = await asyncio.gather(*(api.post(path, json=body) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    assert all("already" in answer.json()["detail"] for answer in answers if answer.status_code == 409)


async def test_simultaneous_versions_are_numbered_without_gaps(api: httpx.AsyncClient) -> None:
    bodies = [{"name": "T", "messages": [{"role": "user", "content": f"{n}"}]} for n in range(20)]

    answers = await asyncio.gather(*(api.post("/prompt_templates", json=body) for body in bodies))

    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 21))


async def test_a_twin_that_came_in_between_is_a_conflict_not_a_fault(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elluminate_server.api import collections

    await created(api, "/collections", {"name": "A"})

    async def sees_nothing(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(collections, "_refuse_taken", sees_nothing)
    response = await api.post("/collections", json={"name": "A"})

    assert response.status_code == 409
    assert "same time" in response.json()["detail"]


class SlowModel:
    """In place of the model that proposes a row: answers when it is told to, and counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.failures: list[Exception] = []

    async def propose_row(self, *_: object, **__: object) -> dict[str, str]:
        self.calls += 1
        self.asked.set()
        await self.may_answer.wait()
        if self.failures:
            raise self.failures.pop()
        return {"topic": f"proposal {self.calls}"}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> SlowModel:
    from elluminate_server.api import template_variables

    slow = SlowModel()
    monkeypatch.setattr(template_variables, "propose_row", slow.propose_row)
    return slow


def propose(api: httpx.AsyncClient, world: World) -> asyncio.Task[httpx.Response]:
    """Ask for one more row, with the same key each time."""
    return asyncio.create_task(
        api.post(
            f"/collections/{world.collection_id}/entries",
            json={"prompt_template_id": world.prompt_template_id},
            headers={"Idempotency-Key": "one-row"},
        )
    )


async def test_of_twenty_twins_one_asks_the_model_and_all_get_its_row(
    api: httpx.AsyncClient, world: World, model: SlowModel
) -> None:
    twins = [propose(api, world) for _ in range(20)]
    await asyncio.wait_for(model.asked.wait(), 30)
    model.may_answer.set()
    answers = await asyncio.gather(*twins)

    assert model.calls == 1
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum(answer.headers.get("idempotent-replayed") == "true" for answer in answers) == 19
    rows = (await api.get(f"/collections/{world.collection_id}")).json()["variables"]
    assert [row["input_values"]["topic"] for row in rows] == ["tides", "rain", "proposal 1"]


async def test_a_twin_of_a_request_that_takes_long_is_409_until_there_is_an_answer(
    api: httpx.AsyncClient, world: World, model: SlowModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elluminate_server.http import idempotency

    monkeypatch.setattr(idempotency, "PATIENCE", 0.01)
    first = propose(api, world)
    await asyncio.wait_for(model.asked.wait(), 30)

    refused = await propose(api, world)

    assert refused.status_code == 409
    assert refused.headers["retry-after"] == "5"
    assert "still being handled" in refused.json()["detail"]
    model.may_answer.set()
    answer = await first
    assert (await propose(api, world)).content == answer.content
    assert model.calls == 1


async def test_a_twin_of_a_request_that_fails_takes_its_place(
    api: httpx.AsyncClient, world: World, model: SlowModel, app: Starlette
) -> None:
    model.failures = [ModelError("The model is away.", retryable=True)]
    twins = [propose(api, world) for _ in range(3)]
    await asyncio.wait_for(model.asked.wait(), 30)
    model.may_answer.set()

    answers = sorted(await asyncio.gather(*twins), key=lambda answer: answer.status_code)

    assert [answer.status_code for answer in answers] == [201, 201, 503]
    assert answers[0].content == answers[1].content
    assert model.calls == 2
    assert app.state.turns._turns == {}
