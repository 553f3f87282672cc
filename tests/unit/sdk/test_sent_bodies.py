"""What requests carry: what is unset stays out, what is null is null, nothing else is made up."""

from __future__ import annotations

import decimal
import enum
import json
import uuid
from typing import Any

import attrs
import msgspec
import pydantic
import pytest
from elluminate_api import models as api
from elluminate_api.types import UNSET

from elluminate._bodies import to_json
from elluminate.schemas import CollectionColumn, CriterionIn, GenerationMetadata, GenerationParams, LLMConfig
from tests.unit.sdk import answers
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.wire import Reply, Wire, page_of

REQUESTS = {
    name: kind
    for name, kind in vars(api).items()
    if isinstance(kind, type)
    and attrs.has(kind)
    and any(attribute.default is UNSET for attribute in attrs.fields(kind))
}


@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_unset_is_not_sent(name: str) -> None:
    kind = REQUESTS[name]
    required = {a.name: None for a in attrs.fields(kind) if a.default is attrs.NOTHING}
    sent = json.loads(to_json(kind(**required)))
    unset = {a.name for a in attrs.fields(kind) if a.default is UNSET}
    assert unset
    assert unset.isdisjoint(sent)
    nulled = json.loads(to_json(kind(**required, **dict.fromkeys(unset))))
    assert all(nulled[field] is None for field in unset)


def sent_by(world: WiredWorld, wire: Wire, answer: Any, operation: str, *args: Any, **kwargs: Any) -> Any:
    wire.then(Reply(201, json=answer))
    world.call(world.client(), operation, *args, **kwargs)
    return json.loads(wire.requests[-1].content)


def test_a_collection(world: WiredWorld, wire: Wire) -> None:
    least = {"name": "C", "description": "", "read_only": False, "collection_type": "STANDARD"}
    assert sent_by(world, wire, answers.collection(), "create_collection", "C") == least
    sent = sent_by(
        world,
        wire,
        answers.collection(),
        "create_collection",
        "C",
        variables=[{"a": None, "b": 1.5}],
        columns=["a", CollectionColumn(name="b", default_value=None)],
        collection_type="AGENTIC",
        environment_config={"image": "x"},
    )
    assert sent["variables"] == [{"a": None, "b": 1.5}]
    assert [column["name"] for column in sent["columns"]] == ["a", "b"]
    assert sent["environment_config"] == {"image": "x"}
    assert sent_by(world, wire, answers.collection(), "create_collection", "C", variables=[], columns=[]) == (
        least | {"variables": [], "columns": []}
    )


def test_a_criterion_set(world: WiredWorld, wire: Wire) -> None:
    answer = answers.criterion_set()
    assert sent_by(world, wire, answer, "create_criterion_set", "Q") == {"name": "Q", "criteria": None}
    assert sent_by(world, wire, answer, "create_criterion_set", "Q", []) == {"name": "Q", "criteria": None}
    labelled = CriterionIn(criterion_str="b?", label="B")
    sent = sent_by(world, wire, answer, "create_criterion_set", "Q", ["a?", labelled])
    assert sent["criteria"] == [
        {"criterion_str": "a?", "label": None},
        {"criterion_str": "b?", "label": "B"},
    ]


def test_an_llm_config(world: WiredWorld, wire: Wire) -> None:
    sent = sent_by(world, wire, answers.llm_config(), "create_llm_config", "S", "small-1", "key", top_p=0.5)
    assert {name for name, value in sent.items() if value is not None} == {
        "name",
        "llm_model_name",
        "api_key",
        "description",
        "max_connections",
        "inference_type",
        "top_p",
    }
    assert sent["inference_type"] == "openai"
    assert sent["temperature"] is None
    assert "provider" not in sent


def test_an_llm_config_of_a_provider(world: WiredWorld, wire: Wire) -> None:
    sent = sent_by(
        world, wire, answers.llm_config(), "create_llm_config", "C", "claude-1", "key", provider="anthropic"
    )
    assert sent["provider"] == "anthropic"


def test_an_experiment(world: WiredWorld, wire: Wire) -> None:
    wire.on("GET", "/collections/20", Reply(json=answers.collection()))
    collection = world.call(world.client(), "get_collection", id=20)
    sent = sent_by(world, wire, answers.experiment(), "create_experiment", "E", None, collection)
    assert sent["collection_id"] == 20
    assert sent["prompt_template_id"] is None
    assert sent["generate"] is False
    assert "collection" not in sent


@pytest.mark.parametrize(
    ("given", "params"), [({}, None), ({"generation_params": GenerationParams(temperature=0.0)}, {})]
)
def test_a_run(world: WiredWorld, wire: Wire, given: dict[str, Any], params: Any) -> None:
    wire.then(Reply(json=answers.experiment()))
    experiment = world.call(world.client(), "get_experiment", id=70, fetch_responses=False)
    wire.on("GET", "/experiments/70", Reply(json=answers.experiment()))
    wire.on("GET", "/responses", page_of())
    wire.then(Reply(json=answers.experiment()))
    world.call(experiment, "run", n_epochs=2, rating_mode="fast", **given)
    sent = json.loads(next(r for r in wire.requests if r.method == "POST").content)
    assert (sent["rating_mode"], sent["n_epochs"]) == ("fast", 2)
    assert ("generation_params" in sent) == (params is not None)
    if params is not None:
        assert sent["generation_params"]["temperature"] == 0.0


class Answer(pydantic.BaseModel):
    """A response format."""

    mood: str


def test_a_template_with_a_format_and_tools(world: WiredWorld, wire: Wire) -> None:
    tool = {"type": "function", "function": {"name": "search"}}
    sent = sent_by(
        world,
        wire,
        answers.template(),
        "create_prompt_template",
        "T",
        "Explain {{x}}.",
        response_format=Answer,
        tools=[tool],
        tool_choice={"type": "function", "function": {"name": "search"}},
    )
    assert sent["messages"] == [{"role": "user", "content": "Explain {{x}}."}]
    assert sent["response_format_json_schema"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "answer",
            "strict": True,
            "schema": {
                "title": "Answer",
                "description": "A response format.",
                "type": "object",
                "properties": {"mood": {"title": "Mood", "type": "string"}},
                "required": ["mood"],
                "additionalProperties": False,
            },
        },
    }
    assert sent["tools"] == [
        {
            "type": "function",
            "function": {"name": "search", "description": None, "parameters": None, "strict": None},
        }
    ]
    assert sent["tool_choice"] == tool
    assert sent["parent_prompt_template_id"] is None


def test_a_next_version_keeps_what_is_not_changed(world: WiredWorld, wire: Wire) -> None:
    message: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": []}
    tool = {"type": "function", "function": {"name": "search"}}
    wire.then(Reply(json=answers.template(messages=[message], tools=[tool], tool_choice="auto")))
    template = world.call(world.client(), "get_prompt_template", id=10)
    wire.then(Reply(201, json=answers.template(id=11, version=2)))
    assert world.call(template, "new_version", response_format={"type": "json_object"}).version == 2
    sent = json.loads(wire.requests[-1].content)
    assert sent["messages"] == [message]
    assert (sent["tool_choice"], sent["parent_prompt_template_id"]) == ("auto", 10)
    assert sent["tools"][0]["function"]["name"] == "search"


def test_a_stored_answer_is_a_whole_assistant_message(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(json=answers.experiment()), Reply(json=answers.collection()))
    client = world.client()
    experiment = world.call(client, "get_experiment", id=70, fetch_responses=False)
    rows = world.call(client, "get_collection", id=20).variables
    wire.then(
        page_of(answers.response(79)), Reply(text="null"), page_of(answers.response(79), answers.response())
    )
    added = world.call(
        experiment, "add_responses", ["It is."], rows, metadata=[LLMConfig(name="Mine")], epoch=3
    )
    assert [response.id for response in added] == [80]
    (stored,) = json.loads(wire.requests[-2].content)["prompt_response_ins"]
    assert stored["messages"] == [
        {
            "role": "assistant",
            "content": "It is.",
            "refusal": None,
            "annotations": None,
            "audio": None,
            "function_call": None,
            "tool_calls": [],
        }
    ]
    assert (stored["epoch"], stored["template_variables_id"]) == (3, 30)
    assert stored["metadata"]["llm_model_config"]["name"] == "Mine"
    # Not every server knows these: they are sent where they say something.
    assert not {"finish_reason", "answered_by_model", "waited_seconds"} & stored["metadata"].keys()


def test_why_an_answer_ended_is_sent_where_it_is_known(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(json=answers.experiment()), Reply(json=answers.collection()))
    client = world.client()
    experiment = world.call(client, "get_experiment", id=70, fetch_responses=False)
    rows = world.call(client, "get_collection", id=20).variables
    wire.then(page_of(), Reply(text="null"), page_of(answers.response()))
    measured = GenerationMetadata(finish_reason="length", waited_seconds=0.0)
    world.call(experiment, "add_responses", ["It is."], rows, metadata=[measured])
    (stored,) = json.loads(wire.requests[-2].content)["prompt_response_ins"]
    assert stored["metadata"]["finish_reason"] == "length"
    assert stored["metadata"]["waited_seconds"] == 0.0
    assert "answered_by_model" not in stored["metadata"]


class Loud(str):
    __slots__ = ()


class Measured(float):
    pass


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Loud("ä"), '"ä"'),
        (Measured(2.5), "2.5"),
        ({"a": {"b": (1, 2)}}, '{"a":{"b":[1,2]}}'),
        (Level.HIGH, "3"),
        (2**60, str(2**60)),
        (decimal.Decimal("1.50"), '"1.50"'),
        (uuid.UUID(int=0), '"00000000-0000-0000-0000-000000000000"'),
        (Answer(mood="fine"), '{"mood":"fine"}'),
        ("null", '"null"'),
        ([None, {"null": None}], '[null,{"null":null}]'),
        ("\u2028\u0001\U0001f600", '"\u2028\\u0001\U0001f600"'),
    ],
    ids=repr,
)
def test_values_of_rows_as_json(value: Any, text: str) -> None:
    assert to_json(value).decode() == text


def test_large_bodies_with_nulls_are_not_refused() -> None:
    rows = [{"concept": None, "weight": 0.5}] * 1_000
    assert msgspec.json.decode(to_json(rows)) == rows
