"""Experiments: what is checked before they are stored, what they show, what deleting them takes along."""

import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette

from elluminate_server.execution.leases import Process
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Experiment, LogLine, Prompt, Rating, Response, Task, WorkItem
from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio


class IdleExecutor:
    """An executor that queues and never works, so that a test sees the state in between."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


@pytest.fixture
async def idle(app: Starlette) -> IdleExecutor:
    inner = app.state.executor
    await inner.stop()
    app.state.executor = IdleExecutor(inner.process)
    return app.state.executor  # type: ignore[no-any-return]


def plan(world: World, **more: Any) -> dict[str, Any]:
    return {
        "name": "E",
        "description": "d",
        "prompt_template_id": world.prompt_template_id,
        "collection_id": world.collection_id,
        **more,
    }


async def test_an_experiment_shows_what_it_is_made_of(api: httpx.AsyncClient, world: World) -> None:
    params = {"temperature": 0.5, "max_tokens": 9, "reasoning_effort": None}
    made = await created(
        api,
        "/experiments",
        plan(
            world,
            criterion_set_id=world.criterion_set_id,
            llm_config_id=world.llm_config_id,
            generation_params=params,
            n_epochs=3,
        ),
    )

    assert made["prompt_template"]["id"] == world.prompt_template_id
    assert made["collection"]["variables_count"] == 2
    assert "variables" not in made["collection"]
    assert len(made["criterion_set"]["criteria"]) == 2
    assert made["llm_config"]["api_key"] == "****6789"
    assert made["generation_params"]["temperature"] == 0.5
    assert made["n_epochs"] == 3
    assert (made["generation_task_id"], made["results"], made["rated_responses"]) == (None, None, [])
    assert made["rating_version"] == "offline"
    assert (await api.get(f"/experiments/{made['id']}")).json() == made


async def test_the_set_falls_back_to_the_templates_and_then_to_an_empty_one(
    api: httpx.AsyncClient, world: World
) -> None:
    neither = await created(api, "/experiments", plan(world))
    await api.put(world.path("/criterion_sets/{criterion_set_id}/prompt_templates/{prompt_template_id}"))
    linked = await created(api, "/experiments", plan(world, name="F"))

    assert neither["criterion_set"]["criteria"] == []
    assert neither["criterion_set"]["name"] == "E"
    assert linked["criterion_set"]["id"] == world.criterion_set_id
    template = (await api.get(f"/prompt_templates/{world.prompt_template_id}")).json()
    assert template["criterion_set_id"] == world.criterion_set_id


@pytest.mark.parametrize(
    ("asked", "used"), [(None, "offline"), ("latest", "offline"), ("v1999_01", "offline"), ("mock", "mock")]
)
async def test_the_judge_that_is_used_is_shown(
    api: httpx.AsyncClient, world: World, asked: str | None, used: str
) -> None:
    assert (await created(api, "/experiments", plan(world, rating_version=asked)))["rating_version"] == used


async def test_a_placeholder_without_a_column_is_named(api: httpx.AsyncClient, world: World) -> None:
    body = {"name": "W", "messages": [{"role": "user", "content": "{{topic}} for {{reader}} in {{ tone }}"}]}
    template = await created(api, "/prompt_templates", body)

    response = await api.post("/experiments", json=plan(world, prompt_template_id=template["id"]))

    assert response.status_code == 422
    for words in ("{{reader}}, {{tone}}", "'W'", "'Topics'", "'topic'"):
        assert words in response.json()["detail"]
    assert (await api.get("/experiments?experiment_name=E")).json()["count"] == 0


async def test_a_criterions_placeholder_without_a_column_is_named_before_anything_is_stored(
    api: httpx.AsyncClient, world: World
) -> None:
    other = await created(api, "/collections", {"name": "Other", "variables": [{"thing": "x"}]})
    row_of_other = other["variables"][0]["id"]
    criteria = [{"criterion_str": "Is it {{topic}}?"}, {"criterion_str": "Is it {{ nope }}?", "label": "N"}]
    bad = await created(api, "/criterion_sets", {"name": "Bad", "criteria": criteria})
    good = await created(api, "/criterion_sets", {"name": "Good", "criteria": criteria[:1]})
    of_a_row = {"criterion_set_id": good["id"], "template_variables_id": row_of_other}
    await created(api, "/criteria", {**of_a_row, "criteria": [{"criterion_str": "Is it {{thing}}?"}]})

    refused = await api.post("/experiments", json=plan(world, criterion_set_id=bad["id"], generate=True))

    assert refused.status_code == 422
    assert "Criterion 'N', 'Is it {{ nope }}?', has {{nope}}" in refused.json()["detail"]
    assert "collection 'Topics' has no column. Its columns are: 'topic'" in refused.json()["detail"]
    assert (await api.get("/experiments")).json()["count"] == 1
    await created(api, "/experiments", plan(world, criterion_set_id=good["id"]))


async def test_a_criterion_that_no_longer_fits_is_refused_before_the_run(
    api: httpx.AsyncClient, world: World, idle: IdleExecutor
) -> None:
    made = await created(api, "/experiments", plan(world, criterion_set_id=world.criterion_set_id))
    added = {"criterion_set_id": world.criterion_set_id, "criteria": [{"criterion_str": "Is it {{nope}}?"}]}
    (criterion,) = (await api.post("/criteria", json=added)).json()

    refused = await api.post(f"/experiments/{made['id']}/run", json={})

    assert refused.status_code == 422
    assert "{{nope}}" in refused.json()["detail"]
    assert idle.woken == 0
    await api.put(f"/criteria/{criterion['id']}", json={"criterion_str": "Is it {{topic}}?"})
    assert (await api.post(f"/experiments/{made['id']}/run", json={})).status_code == 200


async def test_an_empty_collection_is_said_to_have_no_rows(api: httpx.AsyncClient, world: World) -> None:
    empty = await created(api, "/collections", {"name": "Empty"})

    refused = await api.post("/experiments", json=plan(world, collection_id=empty["id"]))

    assert refused.status_code == 422
    assert (
        "{{topic}}, and collection 'Empty' has no rows yet, nor columns. Add rows" in refused.json()["detail"]
    )


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"scenario_set_id": 1, "collection_id": None}, 422),
        ({"persona_group_id": 1}, 422),
        ({"agent_config": {}}, 422),
        ({"evaluation_agent_config": {}}, 422),
        ({"collection_id": None}, 422),
        ({"prompt_template_id": None}, 422),
        ({"generation_params": {"temperature": 1, "reasoning_effort": "low"}}, 422),
        ({"generation_params": {"temperature": 2.1}}, 422),
        ({"generation_params": {"reasoning_effort": "huge"}}, 422),
        ({"rating_mode": "slow"}, 422),
        ({"n_epochs": 0}, 422),
        ({"name": "First"}, 409),
    ],
)
async def test_what_cannot_run_is_refused_before_anything_is_stored(
    api: httpx.AsyncClient, world: World, change: dict[str, Any], status: int
) -> None:
    sets = (await api.get("/criterion_sets")).json()["count"]
    response = await api.post("/experiments", json=plan(world, **change))

    assert response.status_code == status
    key = next(iter(change))
    assert key in response.json()["detail"] or status == 409
    assert (await api.get("/experiments")).json()["count"] == 1
    assert (await api.get("/criterion_sets")).json()["count"] == sets


async def test_generate_queues_a_task_in_the_same_step(
    api: httpx.AsyncClient, world: World, idle: IdleExecutor, store: Store
) -> None:
    made = await created(api, "/experiments", plan(world, generate=True, n_epochs=2, rating_mode="fast"))

    assert made["generation_task_id"]
    assert idle.woken == 1
    async with store.read() as session:
        task = await session.get_one(Task, made["generation_task_id"])
        assert (task.status, task.experiment_id) == ("PENDING", made["id"])
        assert await session.scalar(select(func.count()).select_from(WorkItem)) == 4


async def test_lists_are_newest_first_and_filters_narrow_together(
    api: httpx.AsyncClient, world: World
) -> None:
    second = await created(api, "/experiments", plan(world, name="Second"))
    third = await created(api, "/experiments", plan(world, name="Third", llm_config_id=world.llm_config_id))

    async def ids(**query: Any) -> list[int]:
        page = (await api.get("/experiments", params=query)).json()
        assert page["count"] == len(page["items"])
        return [item["id"] for item in page["items"]]

    assert await ids() == [third["id"], second["id"], world.experiment_id]
    assert await ids(experiment_name="Second") == [second["id"]]
    assert await ids(experiment_name="second") == []
    assert await ids(experiment_name_search="CON") == [second["id"]]
    assert await ids(llm_config_id=world.llm_config_id) == [third["id"], world.experiment_id]
    assert await ids(llm_config_id=world.llm_config_id, experiment_name="Third") == [third["id"]]
    assert await ids(collection_id=world.collection_id, prompt_template_id=99) == []
    assert await ids(prompt_template_name="Tutor", date_from="2000-01-01T00:00:00Z") == await ids()
    assert await ids(date_to="2000-01-01T00:00:00") == []
    assert await ids(created_by_schedule_id=1) == []
    assert (await api.get("/experiments?date_from=yesterday")).status_code == 422


async def test_results_come_from_the_rows_and_filters_narrow_them(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    collection = (await api.get(f"/collections/{world.collection_id}")).json()
    rain = collection["variables"][1]["id"]
    answer = {"messages": [{"role": "assistant", "content": "x"}], "experiment_id": world.experiment_id}
    metadata = {"duration_seconds": 2.0, "input_tokens": 10, "output_tokens": 5}
    second = await created(api, "/responses", {**answer, "template_variables_id": rain, "metadata": metadata})
    began = utc_now()
    async with store.write() as session:
        for response_id, rating in ((world.response_id, "NO"), (second["id"], "YES")):
            session.add(Rating(response_id=response_id, criterion_id=world.criterion_id, rating=rating))
        experiment = await session.get_one(Experiment, world.experiment_id)
        experiment.started_at = began
        experiment.finished_at = began + datetime.timedelta(seconds=3)
    path = f"/experiments/{world.experiment_id}"

    everything = (await api.get(path)).json()["results"]
    rainy = (await api.get(path, params={"categorical_filters": '{"topic":["rain"]}'})).json()["results"]
    none = (await api.get(path, params={"categorical_filters": '{"topic":[]}'})).json()["results"]

    assert everything["mean_all_ratings"] == {"yes": 0.5, "no": 0.5}
    assert everything["mean_rating_by_criterion_id"] == {str(world.criterion_id): {"yes": 0.5, "no": 0.5}}
    assert everything["input_tokens_per_response"] == [10]
    assert everything["experiment_duration_seconds"] == 3.0
    assert (everything["num_rated_responses"], everything["completed_epochs"]) == (2, 1)
    assert rainy["mean_all_ratings"] == {"yes": 1.0, "no": 0.0}
    assert none is None
    assert (await api.get("/experiments")).json()["items"][0]["results"] == everything


@pytest.mark.parametrize("filters", ["{", "[]", '{"a": "b"}', '{"a": [{}]}', "x"])
async def test_unreadable_filters_are_422(api: httpx.AsyncClient, world: World, filters: str) -> None:
    response = await api.get(f"/experiments/{world.experiment_id}", params={"categorical_filters": filters})

    assert response.status_code == 422
    assert "categorical_filters" in response.json()["detail"]


async def test_deleting_takes_everything_along_and_revokes_what_runs(
    api: httpx.AsyncClient, world: World, idle: IdleExecutor, store: Store
) -> None:
    running = await created(api, "/experiments", plan(world, generate=True))
    async with store.write() as session:
        session.add(LogLine(task_id=running["generation_task_id"], line="Generated 1/2"))
        session.add(Rating(response_id=world.response_id, criterion_id=world.criterion_id, rating="YES"))
    assert (await api.get(f"/experiments/{running['id']}")).json()["logs"] == "Generated 1/2"

    for one in (running["id"], world.experiment_id):
        assert (await api.delete(f"/experiments/{one}")).status_code == 204
        assert (await api.get(f"/experiments/{one}")).status_code == 404

    async with store.read() as session:
        for table in (Experiment, Prompt, Response, Rating, WorkItem, LogLine):
            assert await session.scalar(select(func.count()).select_from(table)) == 0, table
        task = await session.get_one(Task, running["generation_task_id"])
        assert (task.status, task.experiment_id) == ("REVOKED", None)
        assert task.error_msg
    assert idle.woken == 3
    assert (await api.get("/responses")).json() == {"items": [], "count": 0}
    again = await created(api, "/experiments", plan(world, name="First"))
    assert again["id"] > running["id"]


@pytest.mark.parametrize(
    ("level", "mean"), [("1.0.6", 0.0), ("1.0.40", 0.0), ("1.1.13", None), ("1.5.2", None), ("?", None)]
)
async def test_clients_that_cannot_read_an_unknown_mean_get_zero(
    api: httpx.AsyncClient, world: World, level: str, mean: float | None
) -> None:
    headers = {"SDK-Version": level}
    listed = (await api.get("/experiments", headers=headers)).json()["items"][0]
    read = (await api.get(f"/experiments/{world.experiment_id}", headers=headers)).json()

    for results in (listed["results"], read["results"]):
        for name in ("duration_seconds", "input_tokens", "output_tokens", "reasoning_tokens"):
            assert results[f"mean_{name}"] == mean
