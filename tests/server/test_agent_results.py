"""Agents' results over HTTP: frozen tasks, matching, what is stored of an upload, and what is not."""

from typing import Any

import attrs
import httpx
import pytest

from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio

TRAJECTORY = {
    "schema_version": "ATIF-v1.7",
    "agent": {"name": "writer", "version": "1", "model_name": "small"},
    "steps": [
        {"step_id": 1, "source": "user", "message": "Sort the file."},
        {
            "step_id": 2,
            "source": "agent",
            "message": "The file is sorted.",
            "metrics": {"prompt_tokens": 100, "completion_tokens": 7, "cached_tokens": 120, "cost_usd": 0.5},
        },
    ],
}
BROKEN = {**TRAJECTORY, "steps": [{"step_id": 3, "source": "agent", "message": ""}]}
SAID = [{"role": "assistant", "content": "Done."}]


@attrs.frozen
class Agentic:
    """An AGENTIC experiment with the tasks sort, count and fix, and its two criteria."""

    http: httpx.AsyncClient
    id: int
    collection_id: int
    task_ids: list[int]
    criterion_ids: list[int]

    async def definition(self) -> dict[str, Any]:
        answer = await self.http.get(f"/experiments/{self.id}/agent-results/definition")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def preview(self, *trials: dict[str, Any]) -> dict[str, Any]:
        body = {"results": trials}
        answer = await self.http.post(f"/experiments/{self.id}/agent-results/preview", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def upload(self, *trials: dict[str, Any], status: int = 201, **fields: Any) -> dict[str, Any]:
        body = {"results": trials, **fields}
        answer = await self.http.post(f"/experiments/{self.id}/agent-results", json=body)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def responses(self) -> list[dict[str, Any]]:
        listed = (await self.http.get("/responses", params={"experiment_id": self.id})).json()["items"]
        return [(await self.http.get(f"/responses/{one['id']}")).json() for one in listed]

    async def rename(self, place: int, name: str) -> None:
        path = f"/collections/{self.collection_id}/entries/{self.task_ids[place]}"
        answer = await self.http.put(path, json={"input_values": {"task": name, "instruction": "x"}})
        assert answer.status_code == 200, answer.text

    async def delete(self, place: int) -> None:
        path = f"/collections/{self.collection_id}/entries/{self.task_ids[place]}"
        assert (await self.http.delete(path)).status_code == 204


@pytest.fixture
async def agentic(api: httpx.AsyncClient) -> Agentic:
    rows = [{"task": name, "instruction": f"Please {name}."} for name in ("sort", "count", "fix")]
    collection = await created(
        api, "/collections", {"name": "Tasks", "collection_type": "AGENTIC", "variables": rows}
    )
    criteria = [{"criterion_str": "Did it {{task}}?", "label": "Done"}, {"criterion_str": "Is it short?"}]
    criterion_set = await created(api, "/criterion_sets", {"name": "Done well", "criteria": criteria})
    experiment = await created(
        api,
        "/experiments",
        {
            "name": "Agents",
            "description": "",
            "collection_id": collection["id"],
            "criterion_set_id": criterion_set["id"],
            "evaluation_mode": "AGENTIC",
            "agent_config": {"image": "agent:1"},
        },
    )
    assert experiment["evaluation_mode"] == "AGENTIC"
    assert experiment["agent_config"] == {"image": "agent:1"}
    assert experiment["prompt_template"] is None
    assert experiment["results"] is None
    return Agentic(
        api,
        experiment["id"],
        collection["id"],
        [row["id"] for row in collection["variables"]],
        [criterion["id"] for criterion in criterion_set["criteria"]],
    )


@pytest.mark.parametrize(
    ("fields", "status", "detail"),
    [
        ({"prompt_template_id": 1}, 422, "$.prompt_template_id: an AGENTIC experiment has none"),
        ({"generate": True}, 422, "$.generate: an AGENTIC experiment has none"),
        ({"n_epochs": 2}, 422, "$.n_epochs"),
        ({"collection_id": None}, 422, "needs a collection"),
        ({"collection_id": 999}, 404, "no collection 999"),
        ({"collection_id": "standard"}, 422, "needs an AGENTIC collection, and 'Standard' is STANDARD"),
        ({"collection_id": "empty"}, 422, "collection 'Empty' has no rows"),
    ],
)
async def test_what_an_agentic_experiment_cannot_have_is_refused(
    fields: dict[str, Any], status: int, detail: str, agentic: Agentic
) -> None:
    api = agentic.http
    made = {
        "standard": {"name": "Standard", "variables": [{"task": "a"}]},
        "empty": {"name": "Empty", "collection_type": "AGENTIC", "columns": [{"name": "task"}]},
    }
    wanted = fields.get("collection_id")
    if wanted in made:
        fields = {**fields, "collection_id": (await created(api, "/collections", made[wanted]))["id"]}
    body = {
        "name": "Second",
        "description": "",
        "evaluation_mode": "AGENTIC",
        "collection_id": agentic.collection_id,
    }
    refused = await api.post("/experiments", json={**body, **fields})
    assert refused.status_code == status, refused.text
    assert detail in refused.json()["detail"]
    assert (await api.get("/experiments")).json()["count"] == 1


async def test_an_agentic_experiment_does_not_run(agentic: Agentic) -> None:
    refused = await agentic.http.post(f"/experiments/{agentic.id}/run", json={})
    assert refused.status_code == 409
    assert "Upload its results" in refused.json()["detail"]


async def test_tasks_and_criteria_stay_as_they_were_frozen(agentic: Agentic) -> None:
    await agentic.rename(0, "order")
    await agentic.delete(2)
    edit = {"criterion_str": "Something else?"}
    await agentic.http.put(f"/criteria/{agentic.criterion_ids[0]}", json=edit)
    deleted = await agentic.http.delete(f"/criteria/{agentic.criterion_ids[1]}")
    assert deleted.status_code == 204
    await agentic.http.post(
        f"/collections/{agentic.collection_id}/entries", json={"input_values": {"task": "new"}}
    )
    definition = await agentic.definition()
    assert (definition["version"], definition["task_name_column"]) == (1, "task")
    tasks = definition["tasks"]
    assert [task["task_id"] for task in tasks] == agentic.task_ids
    assert [task["task_name"] for task in tasks] == ["sort", "count", "fix"]
    assert [task["row_exists"] for task in tasks] == [True, True, False]
    assert [task["current_task_name"] for task in tasks] == ["order", None, None]
    assert tasks[1]["criteria"] == [
        {
            "criterion_id": agentic.criterion_ids[0],
            "label": "Done",
            "scope": "shared",
            "rendered_criterion_str": "Did it count?",
        },
        {
            "criterion_id": agentic.criterion_ids[1],
            "label": "Criterion 2",
            "scope": "shared",
            "rendered_criterion_str": "Is it short?",
        },
    ]
    stored = await agentic.upload(
        {
            "task_name": "order",
            "criterion_ratings": [{"criterion_id": one, "rating": "YES"} for one in agentic.criterion_ids],
        }
    )
    assert (stored["created_ratings"], stored["errors"]) == (2, [])


async def test_other_experiments_have_no_definition(agentic: Agentic, world: World) -> None:
    path = f"/experiments/{world.experiment_id}/agent-results"
    refused = await agentic.http.get(f"{path}/definition")
    assert refused.status_code == 400
    assert "has no frozen tasks" in refused.json()["detail"]
    upload = await agentic.http.post(path, json={"results": [{"task_name": "sort"}]})
    assert upload.status_code == 400
    assert "has no frozen tasks" in upload.json()["detail"]


async def test_a_trial_finds_its_task_by_id_then_by_frozen_then_by_present_name(agentic: Agentic) -> None:
    sort, count, fix = agentic.task_ids
    await agentic.rename(1, "tally")
    await agentic.rename(0, "count")
    await agentic.delete(2)
    preview = await agentic.preview(
        {"task_id": sort, "task_name": "fix"},
        {"task_name": "sort"},
        {"task_name": "count"},
        {"task_name": "tally"},
        {"task_name": "fix"},
        {"task_id": 999, "task_name": "sort"},
        {"task_name": "unknown"},
        {},
    )
    assert [one["task_id"] for one in preview["results"]] == [
        sort,
        sort,
        count,
        count,
        None,
        None,
        None,
        None,
    ]
    assert [one["index"] for one in preview["results"]] == list(range(8))
    assert (preview["matched"], preview["unmatched"], preview["task_name_column"]) == (4, 4, "task")
    assert [one["reason"] for one in preview["results"][4:]] == [
        f"The row of task 'fix' (id {fix}) was deleted: nothing can be stored for it.",
        "No task has the id 999.",
        "No task is named 'unknown'.",
        "It names no task: give task_id or task_name.",
    ]
    assert await agentic.responses() == []


async def test_an_upload_appends_what_it_can_and_tells_the_rest(agentic: Agentic) -> None:
    done = agentic.criterion_ids[0]
    stored = await agentic.upload(
        {
            "task_name": "sort",
            "messages": SAID,
            "reward": 0.5,
            "input_tokens": 10,
            "cached_tokens": 90,
            "criterion_ratings": [
                {"criterion_id": done, "rating": "YES", "reasoning": "Seen."},
                {"criterion_id": done, "rating": "NO"},
                {"label": "Done", "rating": "NO"},
                {"criterion_id": 999, "rating": "NO"},
            ],
        },
        {"task_name": "count", "trajectory": BROKEN, "error": "out of time"},
        {"task_name": "unknown", "messages": SAID},
        {"task_name": "fix"},
        {"task_name": "fix", "messages": [{"role": "assistant", "content": 5}]},
        epoch=3,
    )
    assert (stored["created_responses"], stored["created_ratings"]) == (2, 1)
    assert (stored["pending_evaluations"], stored["evaluation_task_id"]) == (0, None)
    told = stored["errors"]
    assert len(told) == 7
    assert f"a verdict on criterion {done} already" in told[0]
    assert "criterion_ratings[2] not stored: it has no criterion_id (label 'Done')" in told[1]
    assert "the task has no criterion 999" in told[2]
    assert told[3].startswith("results[1] (task 'count'): trajectory dropped: step 1: its step_id is 3")
    assert told[4] == "results[2]: No task is named 'unknown'."
    assert told[5].startswith("results[3] (task 'fix'): not stored: there is nothing in it")
    assert told[6].startswith("results[4] (task 'fix'): not stored: messages[0].content")
    first, second = await agentic.responses()
    assert first["epoch"] == 3
    assert first["messages"] == SAID
    assert first["prompt"]["messages"] == [{"role": "user", "content": "Please sort."}]
    assert first["generation_metadata"]["input_tokens"] == 100
    assert [(one["criterion"]["id"], one["rating"], one["reasoning"]) for one in first["ratings"]] == [
        (done, "YES", "Seen.")
    ]
    assert (second["error"], second["trajectory"]) == ("out of time", None)
    assert second["generation_metadata"]["trajectory_ingest_error"].startswith("step 1: its step_id is 3")
    experiment = (await agentic.http.get(f"/experiments/{agentic.id}")).json()
    assert experiment["dropped_trajectories"] == 1
    assert experiment["results"]["num_failed_responses"] == 1
    await agentic.upload({"task_name": "sort", "messages": SAID}, evaluate=False)
    assert len(await agentic.responses()) == 3


async def test_a_trajectory_is_kept_and_fills_in_what_the_trial_does_not_say(agentic: Agentic) -> None:
    await agentic.upload({"task_name": "sort", "trajectory": TRAJECTORY}, evaluate=False)
    (response,) = await agentic.responses()
    assert response["trajectory"] == TRAJECTORY
    assert response["messages"] == [{"role": "assistant", "content": "The file is sorted."}]
    assert response["generation_metadata"]["input_tokens"] == 220
    assert response["generation_metadata"]["output_tokens"] == 7
    listed = (await agentic.http.get("/responses", params={"experiment_id": agentic.id})).json()["items"]
    assert listed[0]["trajectory"] is None


async def test_an_upload_without_a_match_names_the_tasks(agentic: Agentic) -> None:
    await agentic.delete(2)
    refused = await agentic.upload(
        {"task_name": "unknown", "messages": SAID}, {"task_name": "fix"}, status=400
    )
    assert refused["kind"] == "unmatched_tasks"
    assert "'sort', 'count'" in refused["detail"]
    assert refused["accepted_tasks"] == [
        {"task_id": agentic.task_ids[0], "task_name": "sort"},
        {"task_id": agentic.task_ids[1], "task_name": "count"},
    ]
    assert refused["accepted_tasks_total"] == 2
    assert refused["results"][0] == "results[0]: No task is named 'unknown'."
    nothing = await agentic.upload({"task_name": "sort"}, status=400)
    assert nothing["kind"] == "nothing_stored"
    assert "there is nothing in it but its task" in nothing["results"][0]
    assert (await agentic.upload(status=400))["kind"] == "unmatched_tasks"
    assert await agentic.responses() == []


async def test_at_most_ten_tasks_are_named(api: httpx.AsyncClient) -> None:
    rows = [{"task": f"task {number}"} for number in range(12)]
    collection = await created(
        api, "/collections", {"name": "Many", "collection_type": "AGENTIC", "variables": rows}
    )
    body = {
        "name": "Many",
        "description": "",
        "evaluation_mode": "AGENTIC",
        "collection_id": collection["id"],
    }
    experiment = await created(api, "/experiments", body)
    answer = await api.post(
        f"/experiments/{experiment['id']}/agent-results", json={"results": [{"task_name": "unknown"}]}
    )
    assert len(answer.json()["accepted_tasks"]) == 10
    assert answer.json()["accepted_tasks_total"] == 12


async def test_clients_before_1_5_may_name_the_column_of_the_tasks(agentic: Agentic) -> None:
    body = {"results": [{"task_name": "sort", "messages": SAID}], "evaluate": False}
    statuses = [
        (
            await agentic.http.post(
                f"/experiments/{agentic.id}/agent-results",
                json={**body, "task_name_column": column},
                headers={"SDK-Version": level},
            )
        ).status_code
        for level, column in (("1.1.13", "task"), ("1.1.13", "other"), ("1.5.2", "task"))
    ]
    assert statuses == [201, 422, 422]
