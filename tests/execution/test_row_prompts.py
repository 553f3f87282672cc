"""Runs over prompts that rows hold themselves: raw inputs and conversations; and criteria for a single row."""

from typing import Any

import pytest

from tests.execution.backend import Backend
from tests.support.model_server import ModelServer

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
ANSWER_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TALK = [
    {"role": "user", "content": "Which {{city}} is it?"},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "call-1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    ]},
    {"role": "tool", "tool_call_id": "call-1", "content": "Paris"},
    {"role": "user", "content": "Go on."},
]  # fmt: skip


def conversation(**changes: Any) -> dict[str, Any]:
    return {"schema_version": "elluminate.uce/1", "input": {"messages": TALK, **changes}}


def collection_of(backend: Backend, column_type: str, *values: Any) -> dict[str, Any]:
    created: dict[str, Any] = backend.post(
        "collections",
        {
            "name": "Prompts",
            "columns": [{"name": "prompt", "column_type": column_type}, {"name": "city"}],
            "variables": [{"prompt": value, "city": "Rome"} for value in values],
        },
    )
    return created


def experiment_over(backend: Backend, collection: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    """The responses of an experiment that ran to its end."""
    body = {"name": "e", "description": "", "collection_id": collection["id"], "generate": True, **fields}
    experiment = backend.post("experiments", body)
    assert backend.ended(experiment, experiment["generation_task_id"])["status"] == "SUCCESS"
    return backend.responses(experiment_id=experiment["id"])


def template_with(backend: Backend, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "system", "content": "You know {{city}}."}]
    created: dict[str, Any] = backend.post(
        "prompt_templates", {"name": "Guide", "messages": messages, **fields}
    )
    return created


def test_raw_inputs_are_sent_as_they_are(backend_with_model: Backend, model_server: ModelServer) -> None:
    collection = collection_of(backend_with_model, "raw_input", "Say {{city}}, twice.", "")

    good, empty = experiment_over(backend_with_model, collection)

    assert good["prompt"]["messages"] == [{"role": "user", "content": "Say {{city}}, twice."}]
    assert good["prompt"]["prompt_template"] is None
    assert good["error"] is None
    assert "'prompt'" in empty["error"]
    assert "empty" in empty["error"]
    assert [request.json["messages"] for request in model_server.requests] == [good["prompt"]["messages"]]


def test_conversations_go_on_with_their_own_tools_and_format(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    collection = collection_of(
        backend_with_model,
        "conversation",
        conversation(
            tools=[TOOL], tool_choice="auto", response_format={"json_schema": ANSWER_SCHEMA, "hint": None}
        ),
    )

    (response,) = experiment_over(backend_with_model, collection)

    prompt = response["prompt"]
    assert prompt["messages"] == TALK
    assert prompt["resolved_tools"] == [TOOL]
    assert prompt["resolved_tool_choice"] == "auto"
    assert prompt["resolved_response_format"]["json_schema"]["schema"] == ANSWER_SCHEMA
    sent = model_server.requests[0].json
    assert sent["messages"] == TALK
    assert sent["tools"] == [TOOL]
    assert sent["tool_choice"] == "auto"
    assert sent["response_format"] == prompt["resolved_response_format"]


def test_a_template_stands_before_the_conversation(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    template = template_with(backend_with_model, tools=[TOOL], tool_choice="required")
    collection = collection_of(backend_with_model, "conversation", conversation())

    (response,) = experiment_over(backend_with_model, collection, prompt_template_id=template["id"])

    assert response["prompt"]["messages"] == [{"role": "system", "content": "You know Rome."}, *TALK]
    assert response["prompt"]["prompt_template"]["id"] == template["id"]
    assert model_server.requests[0].json["tool_choice"] == "required"
    assert [tool["function"]["name"] for tool in response["prompt"]["resolved_tools"]] == ["look_up"]


def test_the_offline_model_calls_a_required_tool_and_nothing_runs_it(backend: Backend) -> None:
    collection = collection_of(backend, "conversation", conversation(tools=[TOOL], tool_choice="required"))

    (response,) = experiment_over(backend, collection)

    (message,) = response["messages"]
    assert message["tool_calls"][0]["function"]["name"] == "look_up"
    assert message["content"] is None


def test_the_offline_model_answers_in_the_template_s_format_with_the_experiment_s_sampling(
    backend: Backend,
) -> None:
    response_format = {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": ANSWER_SCHEMA, "strict": True},
    }
    collection = collection_of(backend, "json", {"at": [1, 2]})
    messages = [{"role": "user", "content": "Where is {{prompt}}?"}]
    asked = backend.post(
        "prompt_templates",
        {"name": "Asked", "messages": messages, "response_format_json_schema": response_format},
    )

    (response,) = experiment_over(
        backend,
        collection,
        prompt_template_id=asked["id"],
        generation_params={"temperature": 0.5, "max_tokens": 20},
    )

    assert response["prompt"]["messages"] == [{"role": "user", "content": 'Where is {"at": [1, 2]}?'}]
    assert response["prompt"]["resolved_response_format"] == response_format
    assert response["messages"][0]["content"].startswith('{"city": ')
    experiment = backend.get("experiments")["items"][0]
    assert experiment["generation_params"]["temperature"] == 0.5


def test_sampling_reaches_the_model(backend_with_model: Backend, model_server: ModelServer) -> None:
    collection = collection_of(backend_with_model, "raw_input", "Hello")

    experiment_over(backend_with_model, collection, generation_params={"temperature": 0.5, "max_tokens": 20})

    assert model_server.requests[0].json["temperature"] == 0.5


@pytest.mark.parametrize(
    ("column_type", "with_template", "words"),
    [("raw_input", True, "Leave the template out"), ("text", False, "needs a prompt template")],
)
def test_rows_have_one_prompt(backend: Backend, column_type: str, with_template: bool, words: str) -> None:
    collection = collection_of(backend, column_type, "Hello")
    template_id = template_with(backend)["id"] if with_template else None

    body = {
        "name": "e",
        "description": "",
        "collection_id": collection["id"],
        "prompt_template_id": template_id,
    }
    refused = backend.post("experiments", body, status=422)

    assert words in refused["detail"]
    assert backend.get("experiments")["count"] == 0


def test_answers_in_a_column_are_judged_without_any_prompt(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    collection = collection_of(backend_with_model, "text", "It is blue.", "")
    criterion_set = backend_with_model.post(
        "criterion_sets", {"name": "Set", "criteria": [{"criterion_str": "Is it about {{city}}?"}]}
    )
    [answers, _] = [column["id"] for column in collection["columns"]]

    good, empty = experiment_over(
        backend_with_model, collection, criterion_set_id=criterion_set["id"], response_column_id=answers
    )

    assert good["prompt"]["messages"] == []
    assert good["prompt"]["prompt_template"] is None
    assert [message["content"] for message in good["messages"]] == ["It is blue."]
    assert [rating["rating"] for rating in good["ratings"]] == ["YES"]
    assert "Column 'prompt' of row" in empty["error"]
    assert len(model_server.requests) == 1, "the judge alone is asked, once"
    asked = model_server.requests[0].json["messages"][-1]["content"]
    assert "It is blue." in asked
    assert '"city": "Rome"' in asked
    assert "Is it about [" in asked and "Rome" in asked.partition("Is it about [")[2]


def test_a_response_of_an_unknown_prompt_is_rated_again(backend: Backend) -> None:
    collection = collection_of(backend, "text", "It is blue.")
    criteria = {"name": "Set", "criteria": [{"criterion_str": "Is it short?"}]}
    criterion_set_id = backend.post("criterion_sets", criteria)["id"]
    column_id = collection["columns"][0]["id"]
    (response,) = experiment_over(
        backend, collection, criterion_set_id=criterion_set_id, response_column_id=column_id
    )

    (rating,) = backend.post("ratings", {"prompt_response_id": response["id"]})

    assert rating["criterion"]["criterion_str"] == "Is it short?"


def test_criteria_of_a_row_rate_only_its_responses(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=2, criteria=("Is it short?",))
    set_id = experiment["criterion_set"]["id"]
    first, second = backend.get(f"collections/{experiment['collection']['id']}")["variables"]
    body = {"criterion_set_id": set_id, "template_variables_id": first["id"]}
    (own,) = backend.post("criteria", {**body, "criteria": [{"criterion_str": "Is it {{topic}}?"}]})

    backend.ended(experiment, backend.run(experiment))

    asked = {
        response["prompt"]["template_variables"]["id"]: [
            rating["criterion"]["criterion_str"] for rating in response["ratings"]
        ]
        for response in backend.responses(experiment_id=experiment["id"])
    }
    assert asked == {first["id"]: ["Is it short?", "Is it {{topic}}?"], second["id"]: ["Is it short?"]}
    assert own["template_variables"]["id"] == first["id"]
    shown = backend.get(f"criterion_sets/{set_id}")["criteria"]
    assert [one["template_variables"] and one["template_variables"]["id"] for one in shown] == [
        None,
        first["id"],
    ]


def test_criteria_of_a_row_go_with_it_and_leave_the_others(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=1, criteria=("Is it short?",))
    set_id = experiment["criterion_set"]["id"]
    collection_id = experiment["collection"]["id"]
    (row,) = backend.get(f"collections/{collection_id}")["variables"]
    body = {"criterion_set_id": set_id, "template_variables_id": row["id"]}
    (same,) = backend.post("criteria", {**body, "criteria": [{"criterion_str": "Is it short?"}]})
    backend.post("criteria", {**body, "criteria": [], "delete_existing": True})
    assert [one["id"] == same["id"] for one in backend.get(f"criterion_sets/{set_id}")["criteria"]] == [False]
    backend.post("criteria", {**body, "criteria": [{"criterion_str": "Is it kind?"}]})

    backend.http.delete(f"collections/{collection_id}/entries/{row['id']}").raise_for_status()

    shown = backend.get(f"criterion_sets/{set_id}")["criteria"]
    assert [one["criterion_str"] for one in shown] == ["Is it short?"]
    gone = backend.post("criteria", {**body, "criteria": []}, status=404)
    assert str(row["id"]) in gone["detail"]


def test_criteria_of_a_row_are_written_for_the_filled_template(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=1, criteria=())
    (row,) = backend.get(f"collections/{experiment['collection']['id']}")["variables"]
    template_id = experiment["prompt_template"]["id"]

    written = backend.post(
        "criteria",
        {"prompt_template_id": template_id, "template_variables_id": row["id"], "criteria": None},
    )

    assert {one["template_variables"]["id"] for one in written} == {row["id"]}
    assert any("topic1" in one["criterion_str"] for one in written)
    assert not any("{{" in one["criterion_str"] for one in written)
