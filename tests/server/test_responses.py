"""Responses that were made elsewhere, LLM configs: stored, listed, annotated, deleted."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Rating
from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio

ANSWER = [{"role": "assistant", "content": "Done."}]


async def add(api: httpx.AsyncClient, world: World, **more: Any) -> dict[str, Any]:
    body = {
        "template_variables_id": world.entry_id,
        "experiment_id": world.experiment_id,
        "messages": ANSWER,
        **more,
    }
    return await created(api, "/responses", body)


async def ids(api: httpx.AsyncClient, **query: Any) -> list[int]:
    page = (await api.get("/responses", params=query)).json()
    assert page["count"] == len(page["items"])
    return [item["id"] for item in page["items"]]


async def test_a_stored_response_comes_back_with_its_prompt(api: httpx.AsyncClient, world: World) -> None:
    transcript = [
        {"role": "user", "content": "More"},
        {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "annotations": None,
            "audio": None,
            "function_call": None,
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            "more": [1],
        },
        {"role": "tool", "tool_call_id": "1", "content": "ok"},
    ]
    config = {"name": "mine", "llm_model_name": "gpt", "api_key": "sk-secret", "id": None}
    metadata = {"llm_model_config": config, "input_tokens": 5, "duration_seconds": 0.5}
    made = await add(api, world, messages=transcript, epoch=2, metadata=metadata)

    assert made["messages"] == transcript
    assert (made["epoch"], made["error"], made["annotation"], made["ratings"]) == (2, None, "", [])
    assert made["generation_metadata"]["llm_model_config"]["llm_model_name"] == "gpt"
    assert made["generation_metadata"]["llm_model_config"]["api_key"] is None
    assert made["prompt"]["messages"] == [{"role": "user", "content": "Explain tides."}]
    assert made["prompt"]["template_variables"]["id"] == world.entry_id
    assert made["prompt"]["is_stale"] is False
    assert (await api.get(f"/responses/{made['id']}")).json() == made
    first = (await api.get(f"/responses/{world.response_id}")).json()
    assert first["prompt"]["id"] == made["prompt"]["id"]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "generate"),
        ([{"role": "user", "content": "x"}], "no answer"),
        ([{"role": "developer", "content": "x"}], "$.messages[0]"),
        ([{"role": "assistant", "content": [{"type": "text", "text": "x"}]}], "$.messages[0].content"),
        ([{"role": "tool", "content": "x"}], "$.messages[0]"),
    ],
)
async def test_transcripts_that_hold_no_answer_are_422(
    api: httpx.AsyncClient, world: World, messages: Any, words: str
) -> None:
    body = {
        "template_variables_id": world.entry_id,
        "experiment_id": world.experiment_id,
        "messages": messages,
    }
    response = await api.post("/responses", json=body)

    assert response.status_code == 422
    assert words in response.json()["detail"]


async def test_filters_narrow_together(api: httpx.AsyncClient, world: World) -> None:
    config = {"llm_model_name": "gpt"}
    usage = {"duration_seconds": 2.0, "input_tokens": 10, "output_tokens": 20}
    second = await add(api, world, epoch=2, metadata={**usage, "llm_model_config": config})
    first = world.response_id

    assert await ids(api) == [first, second["id"]]
    assert await ids(api, epoch=2) == [second["id"]]
    assert await ids(api, llm_model_name="gpt") == [second["id"]]
    assert await ids(api, duration_seconds_min=1, duration_seconds_max=2) == [second["id"]]
    assert await ids(api, input_tokens_max=9) == []
    assert await ids(api, output_tokens_min=20, input_tokens_min=10) == [second["id"]]
    assert await ids(api, experiment_id=world.experiment_id, epoch=1) == [first]
    assert await ids(api, prompt_id=second["prompt"]["id"]) == [first, second["id"]]
    assert await ids(api, prompt_template_id=world.prompt_template_id) == [first, second["id"]]
    assert await ids(
        api, template_variables_id=world.entry_id, collection_id=world.collection_id, epoch=1
    ) == [first]
    assert await ids(api, collection_id=99) == []


async def test_response_ids_keep_the_order_of_the_request(api: httpx.AsyncClient, world: World) -> None:
    made = [world.response_id] + [(await add(api, world, epoch=n))["id"] for n in range(2, 6)]
    order = [made[3], made[0], 987_654, made[4]]

    assert await ids(api, response_ids=order) == [made[3], made[0], made[4]]
    assert await ids(api, response_ids=order, epoch=5) == [made[4]]
    many = await api.get("/responses", params={"response_ids": list(range(1, 3001))})
    assert many.json()["count"] == 5


async def test_another_projects_responses_are_not_listed(
    api: httpx.AsyncClient, world: World, other: httpx.AsyncClient
) -> None:
    assert await ids(other) == []
    assert await ids(other, response_ids=[world.response_id]) == []
    assert await ids(other, experiment_id=world.experiment_id) == []


async def test_a_note_is_set_and_cleared(api: httpx.AsyncClient, world: World) -> None:
    path = f"/responses/{world.response_id}"
    assert (await api.patch(path, json={"annotation": "Good."})).json()["annotation"] == "Good."
    assert (await api.get(path)).json()["annotation"] == "Good."
    assert (await api.patch(path, json={"annotation": ""})).json()["annotation"] == ""


async def test_a_deleted_response_takes_its_ratings_along(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    async with store.write() as session:
        session.add(Rating(response_id=world.response_id, criterion_id=world.criterion_id, rating="NO"))
    assert (await api.delete(f"/responses/{world.response_id}")).status_code == 204

    assert (await api.get(f"/responses/{world.response_id}")).status_code == 404
    assert (await api.get(f"/experiments/{world.experiment_id}")).json()["results"] is None
    assert (await api.delete(f"/criteria/{world.criterion_id}")).status_code == 204


async def test_a_page_takes_the_same_number_of_queries_however_long_it_is(
    api: httpx.AsyncClient, world: World, store: Store
) -> None:
    statements: list[str] = []

    async def listing() -> int:
        statements.clear()
        assert (await api.get("/responses")).status_code == 200
        return len(statements)

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    async def add_rated(epoch: int) -> None:
        made = await add(api, world, epoch=epoch)
        async with store.write() as session:
            session.add(Rating(response_id=made["id"], criterion_id=world.criterion_id, rating="YES"))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await add_rated(2)
        short = await listing()
        for number in range(3, 13):
            await add_rated(number)
        long = await listing()
    finally:
        event.remove(Engine, "before_cursor_execute", note)

    assert 0 < short == long


async def test_configs_are_listed_masked_and_deleted(api: httpx.AsyncClient, world: World) -> None:
    body = {"name": "B", "llm_model_name": "m", "api_key": "short", "reasoning_effort": "low", "top_p": 0.5}
    made = await created(api, "/llm_configs", body)

    assert made["api_key"] == "****"
    assert (made["reasoning_effort"], made["top_p"], made["max_connections"]) == ("low", 0.5, 10)
    assert made["inference_type"] == "openai"
    listed = (await api.get("/llm_configs")).json()
    assert [item["name"] for item in listed["items"]] == ["Small", "B"]
    assert (await api.get("/llm_configs?name=B")).json()["items"] == [made]
    assert (await api.get(f"/llm_configs/{made['id']}")).json() == made
    assert (await api.delete(f"/llm_configs/{made['id']}")).status_code == 204
    assert (await api.get(f"/llm_configs/{made['id']}")).status_code == 404


async def test_a_provider_is_shown_to_older_clients_as_a_protocol_that_they_know(
    api: httpx.AsyncClient, world: World
) -> None:
    body = {"name": "C", "llm_model_name": "claude-1", "api_key": "short", "provider": "anthropic"}
    made = await created(api, "/llm_configs", body)

    assert (made["inference_type"], made["provider"]) == ("custom_api", "anthropic")
    assert (await api.get(f"/llm_configs/{made['id']}")).json() == made
    plain = (await api.get(f"/llm_configs/{world.llm_config_id}")).json()
    assert (plain["inference_type"], plain["provider"]) == ("openai", None)


CUSTOM_API = {
    "path": "/generate",
    "headers": {"X-Token": "token-of-ours-1234", "Accept": "*/*"},
    "body": {"input": "{{prompt}}"},
    "response": {"text": "$.output"},
}


async def test_headers_of_a_custom_api_are_masked_like_a_key(api: httpx.AsyncClient, world: World) -> None:
    body = {
        "name": "Ours",
        "llm_model_name": "m",
        "api_key": "",
        "llm_base_url": "https://ours.example",
        "inference_type": "custom_api",
        "custom_api_config": CUSTOM_API,
    }
    made = await created(api, "/llm_configs", body)

    shown = {**CUSTOM_API, "headers": {"X-Token": "****1234", "Accept": "****"}}
    assert (made["custom_api_config"], made["provider"]) == (shown, None)
    listed = await api.get("/llm_configs?name=Ours")
    assert listed.json()["items"] == [made]
    assert "token-of-ours" not in listed.text


async def test_a_deleted_config_stays_on_its_experiments_without_its_key(
    api: httpx.AsyncClient, world: World
) -> None:
    assert (await api.delete(f"/llm_configs/{world.llm_config_id}")).status_code == 204

    experiment = (await api.get(f"/experiments/{world.experiment_id}")).json()
    assert (experiment["llm_config"]["name"], experiment["llm_config"]["api_key"]) == ("Small", None)
    await created(api, "/llm_configs", {"name": "Small", "llm_model_name": "m", "api_key": "k"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature": 1, "reasoning_effort": "low"}, "exclude"),
        ({"llm_base_url": "llm.example"}, "llm_base_url"),
        ({"llm_base_url": "ftp://llm.example"}, "llm_base_url"),
        ({"llm_base_url": "http://["}, "llm_base_url"),
        ({"inference_type": "carrier pigeon"}, "'custom_api'"),
        (
            {"provider": "pigeon post"},
            "$.provider: 'pigeon post' is no provider that this server knows: anthropic, any_llm.",
        ),
        (
            {"provider": "antropic"},
            "'antropic' is no provider that this server knows: did you mean 'anthropic'? Leave it out",
        ),
        (
            {"provider": "anthropic", "logprobs": True},
            "LLM config 'B' sets logprobs, which Anthropic's API does not have",
        ),
        (
            {"inference_type": "custom_api", "llm_base_url": "https://ours.example"},
            "LLM config 'B' cannot be used with a custom API: custom_api_config is missing",
        ),
        (
            {"inference_type": "custom_api", "custom_api_config": CUSTOM_API, "llm_base_url": None},
            "LLM config 'B' has no base URL",
        ),
        ({"top_p": 1.5}, "$.top_p"),
    ],
)
async def test_impossible_configs_are_422(api: httpx.AsyncClient, change: dict[str, Any], words: str) -> None:
    body = {"name": "B", "llm_model_name": "m", "api_key": "k", **change}
    response = await api.post("/llm_configs", json=body)

    assert response.status_code == 422
    assert words in response.json()["detail"]


async def elsewhere(api: httpx.AsyncClient, world: World, **more: Any) -> dict[str, Any]:
    body = {"name": "Elsewhere", "description": "", "collection_id": world.collection_id}
    return await created(api, "/experiments", {**body, "answers_from_elsewhere": True, **more})


async def test_answers_from_elsewhere_need_no_template_and_failures_are_stored_with_their_reason(
    api: httpx.AsyncClient, world: World
) -> None:
    experiment = await elsewhere(api, world, n_epochs=2, criterion_set_id=world.criterion_set_id)
    assert (experiment["answers_from_elsewhere"], experiment["prompt_template"]) == (True, None)
    assert experiment["n_epochs"] == 2
    place = {"template_variables_id": world.entry_id, "experiment_id": experiment["id"]}

    given = await created(api, "/responses", {**place, "messages": ANSWER})
    failed = await created(
        api,
        "/responses",
        {**place, "epoch": 2, "error": "ValueError: x", "metadata": {"duration_seconds": 2.0}},
    )

    assert (given["error"], failed["error"]) == (None, "ValueError: x")
    assert (failed["messages"], failed["generation_metadata"]["duration_seconds"]) == ([], 2.0)
    assert failed["prompt"] == given["prompt"]
    assert given["prompt"]["messages"] == []
    items = [{**place, "epoch": 3, "error": "late"}, {**place, "epoch": 3, "messages": ANSWER}]
    task = (await api.post("/responses/batches", json={"prompt_response_ins": items})).json()
    assert (await api.get(f"/responses/batches/{task}")).json()["status"] == "SUCCESS"
    shown = (await api.get(f"/experiments/{experiment['id']}")).json()
    assert shown["results"]["num_failed_responses"] == 2
    reasons = shown["results"]["verdicts"]["reasons"]
    assert {"ValueError: x", "late"} <= {one["reason"] for one in reasons}
    listed = (await api.get("/experiments")).json()["items"]
    assert {one["name"]: one["answers_from_elsewhere"] for one in listed}["Elsewhere"] is True
    assert (await api.get(f"/experiments/{world.experiment_id}")).json()["answers_from_elsewhere"] is False


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"generate": True}, "$.generate: all answers of the experiment are uploaded"),
        ({"response_column_id": 1}, "$.response_column_id: all answers"),
        ({"generation_params": {"temperature": 0.5}}, "$.generation_params: all answers"),
        (
            {"evaluation_mode": "AGENTIC"},
            "$.answers_from_elsewhere: only experiments with evaluation_mode STANDARD",
        ),
    ],
)
async def test_what_would_have_other_answers_come_is_refused(
    api: httpx.AsyncClient, world: World, more: dict[str, Any], words: str
) -> None:
    body = {"name": "Elsewhere", "description": "", "collection_id": world.collection_id}
    refused = await api.post("/experiments", json={**body, "answers_from_elsewhere": True, **more})
    assert refused.status_code == 422
    assert words in refused.json()["detail"]


async def test_no_model_is_asked_where_answers_come_from_elsewhere(
    api: httpx.AsyncClient, world: World
) -> None:
    experiment = await elsewhere(api, world, prompt_template_id=world.prompt_template_id)
    place = {"template_variables_id": world.entry_id, "experiment_id": experiment["id"]}
    await created(api, "/responses", {**place, "error": "x"})

    for path, body, status, words in (
        (f"/experiments/{experiment['id']}/run", {}, 409, "no model is asked for any"),
        (f"/experiments/{experiment['id']}/retry-failed", {}, 409, "were uploaded and cannot be generated"),
        ("/responses/generate", place, 422, "come from elsewhere. Give the messages, or the error."),
        ("/responses/generate", {**place, "error": "x"}, 422, "must be empty, the response is generated"),
    ):
        refused = await api.post(path, json=body)
        assert (refused.status_code, words in refused.json()["detail"]) == (status, True), refused.text


async def test_failures_of_a_model_are_not_uploaded(api: httpx.AsyncClient, world: World) -> None:
    body = {"template_variables_id": world.entry_id, "experiment_id": world.experiment_id, "error": "x"}
    refused = await api.post("/responses", json=body)
    assert refused.status_code == 422
    assert "created with answers_from_elsewhere" in refused.json()["detail"]
