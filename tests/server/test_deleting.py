"""Deleting experiments, large ones in pieces: gone for every reader at once, and from the tables by and by."""

import httpx
import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette

from elluminate_server.execution import leases
from elluminate_server.store import pieces
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Experiment, LogLine, Prompt, Rating, Response, Task, WorkItem
from tests.execution.scene import eventually
from tests.server.conftest import World

pytestmark = pytest.mark.anyio

LEFT_BEHIND = (Experiment, Response, Rating, Prompt, WorkItem, LogLine)


@pytest.fixture
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_SIZE", "SMALLEST", "LARGEST"):
        monkeypatch.setattr(pieces, name, 2)
    monkeypatch.setattr(pieces, "GAP_SECONDS", 0)
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.1)


async def count(store: Store) -> list[int]:
    async with store.read() as session:
        return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in LEFT_BEHIND]


async def run(api: httpx.AsyncClient, store: Store, world: World) -> str:
    """Run the world's experiment to its end; the task."""
    started = await api.post(f"/experiments/{world.experiment_id}/run", json={"n_epochs": 3})
    assert started.status_code == 200, started.text

    async def is_over() -> bool:
        async with store.read() as session:
            return (await session.scalars(select(Task.status))).all() == ["SUCCESS"]

    await eventually(is_over, "the run is over")
    task_id: str = started.json()["generation_task_id"]
    return task_id


async def test_a_small_experiment_is_gone_with_the_answer(
    api: httpx.AsyncClient, store: Store, world: World
) -> None:
    await run(api, store, world)
    assert (await api.delete(f"/experiments/{world.experiment_id}")).status_code == 204
    assert await count(store) == [0] * len(LEFT_BEHIND)
    async with store.read() as session:
        assert [task.kind for task in await session.scalars(select(Task))] == ["experiment"]


@pytest.mark.usefixtures("_small_pieces")
async def test_a_large_experiment_is_hidden_at_once_and_taken_away_in_pieces(
    api: httpx.AsyncClient, app: Starlette, store: Store, world: World
) -> None:
    task_id = await run(api, store, world)
    executor = app.state.executor
    await executor.stop()
    before = await count(store)
    path = f"/experiments/{world.experiment_id}"
    name = (await api.get(path)).json()["name"]

    assert (await api.delete(path)).status_code == 204

    assert sum(await count(store)) == sum(before) - 2
    for gone in (
        path,
        f"{path}/map",
        f"{path}/generation/{task_id}",
        f"/responses/{world.response_id}",
    ):
        assert (await api.get(gone)).status_code == 404, gone
    assert (await api.delete(path)).status_code == 404
    assert (await api.get("/experiments")).json()["count"] == 0
    assert (await api.get("/responses")).json()["count"] == 0
    assert (await api.get("/responses/stats")).json()["total_responses"] == 0
    rated = await api.post("/ratings/batches", json={"prompt_response_ids": [world.response_id]})
    assert rated.status_code == 404
    body = {
        "name": name,
        "description": "",
        "prompt_template_id": world.prompt_template_id,
        "collection_id": world.collection_id,
        "criterion_set_id": world.criterion_set_id,
    }
    assert (await api.post("/experiments", json=body)).status_code == 201

    await executor.start()

    async def is_gone() -> bool:
        return await count(store) == [1, 0, 0, 0, 0, 0]

    await eventually(is_gone, "nothing is left of it")
