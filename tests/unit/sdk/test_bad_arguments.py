"""Arguments that cannot be used: each a typed error that names the value and the way out, and nothing is sent."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from elluminate import CriterionIn, LLMConfig, ModelNotBoundError, ValidationError
from elluminate.schemas import (
    CollectionColumn,
    CriterionSet,
    Experiment,
    PromptTemplate,
    TemplateVariables,
    TemplateVariablesCollection,
    TemplateVariablesCollectionWithEntries,
)
from tests.unit.sdk import answers
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.wire import Reply, Wire, page_of

TOO_LONG = "n" * 256

NAMED_OPERATIONS: dict[str, dict[str, Any]] = {
    "create_prompt_template": {"template": "Explain."},
    "get_or_create_prompt_template": {"template": "Explain."},
    "create_collection": {},
    "get_or_create_collection": {},
    "create_criterion_set": {},
    "get_or_create_criterion_set": {},
    "create_llm_config": {"llm_model_name": "small-1", "api_key": "k"},
    "get_or_create_llm_config": {},
    "get_prompt_template": {},
    "get_collection": {},
    "get_criterion_set": {},
    "get_llm_config": {},
    "get_experiment": {},
    "list_prompt_templates": {},
    "create_experiment": {"prompt_template": None},
    "run_experiment": {"prompt_template": None, "collection": None},
    "stream_experiment": {"prompt_template": None, "collection": None},
}
READERS = ("get_prompt_template", "get_collection", "get_criterion_set", "get_llm_config", "get_experiment")


def refused(world: WiredWorld, wire: Wire, says: str, operation: str, /, *args: Any, **kwargs: Any) -> None:
    """The call raises ValidationError with these words, and has sent nothing."""
    with pytest.raises(ValidationError, match=says) as caught:
        world.call(world.client(), operation, *args, **kwargs)
    assert isinstance(caught.value, ValueError)
    assert wire.requests == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("", r"must not be empty, got ''"),
        (" \n\t", r"must not be empty, got ' \\n\\t'"),
        (TOO_LONG, r"255 characters, got 256: 'nnnn"),
        (7, r"must be a string, not 7"),
        (["a"], r"must be a string, not \['a'\]"),
    ],
    ids=["empty", "blank", "too long", "number", "list"],
)
@pytest.mark.parametrize("operation", NAMED_OPERATIONS)
def test_a_name_that_cannot_be_one(
    world: WiredWorld, wire: Wire, operation: str, wrong: Any, says: str
) -> None:
    refused(world, wire, says, operation, name=wrong, **NAMED_OPERATIONS[operation])


@pytest.mark.parametrize("wrong", [0, -1, "7", 1.5, True])
@pytest.mark.parametrize("operation", READERS)
def test_an_id_that_cannot_be_one(world: WiredWorld, wire: Wire, operation: str, wrong: Any) -> None:
    refused(world, wire, f"positive integer, not {wrong!r}", operation, id=wrong)


@pytest.mark.parametrize(("given", "got"), [({}, "neither"), ({"name": "a", "id": 1}, "name and id")])
@pytest.mark.parametrize("operation", READERS)
def test_both_or_neither_of_name_and_id(
    world: WiredWorld, wire: Wire, operation: str, given: dict[str, Any], got: str
) -> None:
    refused(world, wire, rf"{operation} takes exactly one of name=… or id=…; got {got}", operation, **given)


def test_a_version_of_an_id(world: WiredWorld, wire: Wire) -> None:
    refused(world, wire, "version=… goes with name=…", "get_prompt_template", id=10, version=2)


@pytest.mark.parametrize("operation", ["create_prompt_template", "get_or_create_prompt_template"])
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "messages=… or as template=…, exactly one of them; got neither"),
        ({"messages": "a", "template": "b"}, "got both"),
        ({"messages": ""}, "the prompt is empty"),
        ({"template": " \n"}, "the prompt is empty"),
        ({"messages": []}, "messages is an empty list"),
        ({"messages": {"role": "user", "content": "x"}}, "a single message; put it in a list"),
        ({"messages": ["hello"]}, r"messages\[0\] must be a chat message .* got 'hello'"),
        ({"messages": [{"content": "x"}]}, r"messages\[0\] has the role None; .* system, developer, user"),
        ({"messages": [{"role": "boss", "content": "x"}]}, "has the role 'boss'"),
        ({"messages": 7}, "messages must be a list, got 7"),
        ({"messages": "a", "tool_choice": "auto"}, "tool_choice='auto' needs tools="),
        ({"messages": "a", "tools": "search"}, "tools must be a list, got 'search'"),
        ({"messages": "a", "tools": [{"name": "search"}]}, r"tools\[0\] must look like"),
        ({"messages": "a", "response_format": int}, "response_format must be a pydantic class"),
        ({"messages": "a", "response_format": "json"}, "response_format must be .* got 'json'"),
    ],
)
def test_a_prompt_that_cannot_be_one(
    world: WiredWorld, wire: Wire, operation: str, given: dict[str, Any], says: str
) -> None:
    refused(world, wire, says, operation, "Explain", **given)


TOOL = {"type": "function", "function": {"name": "search"}}


@pytest.mark.parametrize("choice", ["sometimes", {"type": "function"}, 7])
def test_a_tool_choice_that_cannot_be_one(world: WiredWorld, wire: Wire, choice: Any) -> None:
    refused(
        world, wire, "tool_choice", "create_prompt_template", "Explain", "a", tools=[TOOL], tool_choice=choice
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"variables": "concept"},
            r"variables must be a list of mappings, one per row, not 'concept' \(str\)",
        ),
        ({"variables": {"concept": "x"}}, r"not {.*} \(dict\); for example"),
        ({"variables": 7}, r"not 7 \(int\)"),
        ({"variables": ["recursion"]}, r"variables\[0\] must map column names to values, got 'recursion'"),
        ({"variables": [{"a": 1}, None]}, r"variables\[1\] must map"),
        ({"variables": [{"": 1}]}, r"variables\[0\] has a column without a name: ''"),
        ({"variables": [{3: 1}]}, "without a name: 3"),
        ({"columns": "concept"}, "columns must be a list, got 'concept'"),
        ({"columns": [7]}, "columns must be names or CollectionColumn objects, got 7"),
        ({"columns": [""]}, "the name of a column must not be empty"),
        ({"collection_type": "GRAPH"}, "collection_type must be one of AGENTIC, .*; got 'GRAPH'"),
        ({"collection_type": 1}, "collection_type must be one of"),
    ],
)
def test_rows_and_columns_that_cannot_be_any(
    world: WiredWorld, wire: Wire, given: dict[str, Any], says: str
) -> None:
    refused(world, wire, says, "create_collection", "Concepts", **given)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_has_not(world: WiredWorld, wire: Wire, value: float) -> None:
    rows = [{"concept": None}, {"concept": "x", "weights": [1.0, {"w": value}]}]
    says = rf"variables\[1\]\.weights\[1\]\.w is {value}, which JSON cannot express"
    refused(world, wire, says, "create_collection", "Concepts", variables=rows)
    refused(
        world,
        wire,
        f"temperature is {value}",
        "create_llm_config",
        "Small",
        "small-1",
        "key",
        temperature=value,
    )


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (object(), "object object <object"),
        ({"deep": [complex(1, 2)]}, r"complex object \(1\+2j\)"),
        ("\ud800", "surrogates not allowed"),
        ({"\udfff": 1}, "surrogates not allowed"),
        ({(1, 2): 3}, r"tuple object \(1, 2\)"),
        (type, "cannot be sent as JSON"),
    ],
    ids=["object", "complex", "surrogate", "surrogate key", "tuple key", "class"],
)
def test_objects_that_have_no_json_form(world: WiredWorld, wire: Wire, value: Any, says: str) -> None:
    refused(world, wire, says, "create_collection", "Concepts", variables=[{"concept": value}])


def test_a_number_that_python_does_not_write(world: WiredWorld, wire: Wire) -> None:
    rows = [{"concept": "x"}, {"concept": {"n": 10**5_000}}]
    says = "variables cannot be sent as JSON: it holds a number of thousands of digits"
    refused(world, wire, says, "create_collection", "Concepts", variables=rows)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            {1: 2, "1": 3},
            r"variables\[1\].concept has the keys 1 \(int\) and '1' \(str\), which are one and the same",
        ),
        (
            {"a": [{"0.5": 1, 0.5: 2}]},
            r"variables\[1\].concept.a\[0\] has the keys '0.5' \(str\) and 0.5 \(float\)",
        ),
    ],
    ids=["whole", "inside"],
)
def test_keys_that_are_one_and_the_same_in_json(world: WiredWorld, wire: Wire, value: Any, says: str) -> None:
    refused(
        world, wire, says, "create_collection", "Concepts", variables=[{"concept": "x"}, {"concept": value}]
    )
    refused(
        world,
        wire,
        "custom_api_config has the keys 1",
        "create_llm_config",
        "Small",
        "small-1",
        "key",
        custom_api_config={1: 2, "1": 3},
    )


def test_a_row_that_contains_itself(world: WiredWorld, wire: Wire) -> None:
    row: dict[str, Any] = {}
    row["self"] = row
    refused(world, wire, "cannot be sent as JSON", "create_collection", "Concepts", variables=[row])


@pytest.mark.parametrize("operation", READERS)
def test_a_lone_surrogate_in_a_name(world: WiredWorld, wire: Wire, operation: str) -> None:
    refused(world, wire, "surrogate", operation, name="bad \ud800 name")


@pytest.mark.parametrize(
    ("criteria", "says"),
    [
        ("Is it correct?", "criteria must be a list, got 'Is it correct"),
        (7, "criteria must be a list, got 7"),
        ([""], r"criteria\[0\] is empty; a criterion is a yes/no question"),
        (["fine?", "  "], r"criteria\[1\] is empty"),
        ([7], r"criteria\[0\] must be a string, a check or a CriterionIn, got 7"),
        ([CriterionIn(criterion_str="")], r"criteria\[0\] is empty"),
    ],
)
def test_criteria_that_cannot_be_any(world: WiredWorld, wire: Wire, criteria: Any, says: str) -> None:
    refused(world, wire, says, "create_criterion_set", "Quality", criteria)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"temperature": 0.5, "reasoning_effort": "low"}, "temperature and reasoning_effort exclude"),
        ({"reasoning_effort": "extreme"}, "reasoning_effort must be one of .*; got 'extreme'"),
        ({"verbosity": "chatty"}, "verbosity must be one of high, low, medium; got 'chatty'"),
        ({"inference_type": "telepathy"}, "inference_type must be one of .*; got 'telepathy'"),
        ({"inference_type": None}, "inference_type must be one of .*; got None"),
        ({"llm_model_name": ""}, "the name of a model must not be empty"),
    ],
)
def test_an_llm_config_that_cannot_be_one(
    world: WiredWorld, wire: Wire, given: dict[str, Any], says: str
) -> None:
    arguments = {"name": "Small", "llm_model_name": "small-1", "api_key": "k"} | given
    refused(world, wire, says, "create_llm_config", **arguments)


def test_a_config_to_create_without_its_model(world: WiredWorld, wire: Wire) -> None:
    wire.on("GET", "/llm_configs", page_of())
    with pytest.raises(ValidationError, match="defaults must hold llm_model_name and api_key"):
        world.call(world.client(), "get_or_create_llm_config", "Small")


def test_a_default_that_there_is_not(world: WiredWorld, wire: Wire) -> None:
    wire.on("GET", "/llm_configs", page_of())
    with pytest.raises(
        ValidationError, match="defaults has no 'llm_model'; it may hold llm_model_name, api_key"
    ):
        world.call(world.client(), "get_or_create_llm_config", "Small", {"llm_model": "small-1"})


def made_by_hand() -> list[Any]:
    """One of each class that has methods, and that no client has returned."""
    now = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
    bare = TemplateVariablesCollection(id=20, name="Concepts")
    quality = CriterionSet(id=50, name="Quality")
    return [
        PromptTemplate(id=10, name="Explain", version=1),
        bare,
        TemplateVariablesCollectionWithEntries(id=20, name="Concepts", variables=[]),
        quality,
        Experiment(
            id=70,
            name="First",
            collection=bare,
            criterion_set=quality,
            llm_config=None,
            created_at=now,
            updated_at=now,
        ),
    ]


METHODS: dict[type[Any], dict[str, tuple[Any, ...]]] = {
    PromptTemplate: {
        "list_criteria": (),
        "generate_criteria": (),
        "get_or_generate_criteria": (),
        "new_version": ("Other.",),
    },
    TemplateVariablesCollection: {
        "add_many": ([{"concept": "x"}],),
        "clear": (),
        "generate_variables": (PromptTemplate(id=10, name="Explain", version=1),),
    },
    CriterionSet: {
        "add_criteria": (["a?"],),
        "add_criterion": ("a?",),
        "clear": (),
        "link_template": (PromptTemplate(id=10, name="Explain", version=1),),
        "unlink_template": (PromptTemplate(id=10, name="Explain", version=1),),
    },
    Experiment: {
        "run": (),
        "fetch_responses": (),
        "rate_responses": (),
        "clone": ("Second",),
        "add_responses": (
            ["text"],
            [
                TemplateVariables(
                    id=30,
                    input_values={},
                    collection=TemplateVariablesCollection(id=20, name="Concepts"),
                    created_at=datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC),
                )
            ],
        ),
    },
}


@pytest.mark.parametrize(
    ("model", "method", "arguments"),
    [
        pytest.param(model, method, arguments, id=f"{type(model).__name__}.{method}")
        for model in made_by_hand()
        for kind, methods in METHODS.items()
        if isinstance(model, kind)
        for method, arguments in methods.items()
    ],
)
def test_a_model_made_by_hand_has_no_client(
    world: WiredWorld, wire: Wire, model: Any, method: str, arguments: tuple[Any, ...]
) -> None:
    name = type(model).__name__
    with pytest.raises(
        ModelNotBoundError, match=f"this {name} was made by hand.*use the {name} that a method of Client"
    ) as caught:
        world.call(model, method, *arguments)
    assert caught.value.model_type == name
    assert wire.requests == []


@pytest.mark.parametrize(
    ("operation", "wrong", "says"),
    [
        (
            "delete_collection",
            None,
            r"be deleted must be a TemplateVariablesCollection .*, got None; for example client.get_collection\(name=",
        ),
        ("delete_collection", 20, "must be a TemplateVariablesCollection as a client returns it, got 20"),
        ("delete_criterion_set", "Quality", "must be a CriterionSet"),
        ("delete_experiment", {"id": 1}, "must be an Experiment"),
        ("delete_prompt_template", 10, "must be a PromptTemplate"),
        ("delete_llm_config", LLMConfig(name="Mine"), "has no id: it was made by hand"),
        ("list_collections", "Explain", "compatible_prompt_template must be a PromptTemplate"),
        ("list_experiments", 7, "prompt_template must be a PromptTemplate"),
    ],
)
def test_something_else_than_what_a_client_returns(
    world: WiredWorld, wire: Wire, operation: str, wrong: Any, says: str
) -> None:
    refused(world, wire, says, operation, wrong)


def test_columns_can_be_given_with_their_types(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(201, json=answers.collection()))
    world.call(world.client(), "create_collection", "Concepts", columns=["a", CollectionColumn(name="b")])
    assert b'"name":"b"' in wire.requests[0].content
