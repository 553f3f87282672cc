"""What a MULTI_TURN experiment may be made of, and what other experiments refuse."""

from typing import Any

import attrs
import httpx
import pytest

from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio


@attrs.frozen
class Parts:
    """What multi-turn experiments are made of."""

    scenario_set_id: int
    persona_group_id: int
    goals_id: int
    topics_id: int
    system_id: int
    chatty_id: int


@pytest.fixture
async def parts(api: httpx.AsyncClient, world: World) -> Parts:
    scenario_set = await created(api, "/scenario-sets", {"name": "Lessons", "fields": ["year"]})
    persona = await created(api, "/personas", {"name": "Ada", "description": "Curious."})
    group = await created(api, "/persona-groups", {"name": "Pupils", "persona_ids": [persona["id"]]})
    goals = await created(
        api, "/collections", {"name": "Goals", "columns": [{"name": "wish", "column_type": "persona_goal"}]}
    )
    system = {"role": "system", "content": "Help with {{goal}} in year {{year}}."}
    template = await created(api, "/prompt_templates", {"name": "System", "messages": [system]})
    chatty = await created(
        api, "/prompt_templates", {"name": "Chatty", "messages": [system, {"role": "user", "content": "Hi"}]}
    )
    return Parts(
        scenario_set["id"], group["id"], goals["id"], world.collection_id, template["id"], chatty["id"]
    )


async def attempt(api: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    given = {name: value for name, value in fields.items() if value is not None}
    return await api.post("/experiments", json={"name": "Talks", "description": "", **given})


async def test_sets_and_collections_with_goals_can_be_talked_about(
    api: httpx.AsyncClient, parts: Parts
) -> None:
    for number, fields in enumerate(
        (
            {"scenario_set_id": parts.scenario_set_id},
            {"scenario_set_id": parts.scenario_set_id, "prompt_template_id": parts.system_id},
            {"collection_id": parts.goals_id},
        )
    ):
        answer = await attempt(
            api,
            evaluation_mode="MULTI_TURN",
            persona_group_id=parts.persona_group_id,
            **{**fields, "name": f"Talks {number}"},
        )
        assert answer.status_code == 201, answer.text
        read = answer.json()
        assert read["collection"]["id"] in (parts.scenario_set_id, parts.goals_id)
        assert (read["evaluation_mode"], read["generation_task_id"]) == ("MULTI_TURN", None)


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"persona_group_id": None}, 422, "$.persona_group_id"),
        ({"persona_group_id": 999}, 404, "999"),
        ({"scenario_set_id": None}, 422, "neither"),
        ({"scenario_set_id": 999}, 404, "999"),
        ({"scenario_set_id": None, "collection_id": "scenario_set_id"}, 404, "collection"),
        ({"collection_id": "goals_id"}, 422, "both"),
        ({"scenario_set_id": None, "collection_id": "topics_id"}, 422, "persona_goal"),
        ({"prompt_template_id": "chatty_id"}, 422, "system, user"),
        (
            {"scenario_set_id": None, "collection_id": "goals_id", "prompt_template_id": "system_id"},
            422,
            "{{goal}}",
        ),
        ({"response_column_id": 1}, 422, "$.response_column_id"),
        ({"agent_config": {"a": 1}}, 422, "$.agent_config"),
        ({"evaluation_mode": "STANDARD"}, 422, "MULTI_TURN"),
        ({"evaluation_mode": "AGENTIC"}, 422, "AGENTIC"),
    ],
)
async def test_what_does_not_fit_is_named(
    api: httpx.AsyncClient, parts: Parts, changes: dict[str, Any], status: int, words: str
) -> None:
    fields: dict[str, Any] = {
        "evaluation_mode": "MULTI_TURN",
        "scenario_set_id": parts.scenario_set_id,
        "persona_group_id": parts.persona_group_id,
    }
    for name, value in changes.items():
        known = isinstance(value, str) and value.endswith("_id")
        fields[name] = getattr(parts, value) if known else value

    answer = await attempt(api, **fields)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert (await api.get("/experiments?experiment_name=Talks")).json()["count"] == 0


async def test_a_conversation_is_not_generated_alone(api: httpx.AsyncClient, parts: Parts) -> None:
    row = await created(api, f"/collections/{parts.goals_id}/entries", {"input_values": {"wish": "Learn"}})
    made = await attempt(
        api,
        evaluation_mode="MULTI_TURN",
        collection_id=parts.goals_id,
        persona_group_id=parts.persona_group_id,
    )
    order = {"template_variables_id": row["id"], "experiment_id": made.json()["id"], "messages": []}
    refused = await api.post("/responses/generate", json=order)
    assert (refused.status_code, "MULTI_TURN" in refused.json()["detail"]) == (422, True)

    transcript = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    stored = await created(api, "/responses", {**order, "messages": transcript})
    assert (stored["persona"], stored["termination_reason"]) == (None, None)


async def test_what_an_experiment_talked_about_stays_readable(api: httpx.AsyncClient, parts: Parts) -> None:
    made = await attempt(
        api,
        evaluation_mode="MULTI_TURN",
        scenario_set_id=parts.scenario_set_id,
        persona_group_id=parts.persona_group_id,
    )
    assert (await api.delete(f"/scenario-sets/{parts.scenario_set_id}")).status_code == 204
    assert (await api.delete(f"/persona-groups/{parts.persona_group_id}")).status_code == 204

    read = (await api.get(f"/experiments/{made.json()['id']}")).json()
    assert read["collection"]["name"] == "Lessons"
    await created(api, "/scenario-sets", {"name": "Lessons"})
