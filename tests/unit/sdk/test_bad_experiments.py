"""Experiments and batches that cannot be started: refused before anything is created."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define

from elluminate import APIError, ClientClosedError, NotFoundError, ValidationError
from tests.unit.sdk import answers
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.wire import Reply, Wire, page_of


@define
class Parts:
    """What an experiment is made of, as a client has returned it."""

    client: Any
    template: Any
    collection: Any
    criterion_set: Any
    experiment: Any

    @property
    def positional(self) -> tuple[Any, Any]:
        return self.template, self.collection


@pytest.fixture
def parts(world: WiredWorld, wire: Wire) -> Parts:
    client = world.client()
    wire.then(
        Reply(json=answers.template()),
        Reply(json=answers.collection()),
        Reply(json=answers.criterion_set()),
        Reply(json=answers.experiment()),
    )
    parts = Parts(
        client=client,
        template=world.call(client, "get_prompt_template", id=10),
        collection=world.call(client, "get_collection", id=20),
        criterion_set=world.call(client, "get_criterion_set", id=50),
        experiment=world.call(client, "get_experiment", id=70, fetch_responses=False),
    )
    wire.requests.clear()
    return parts


RUNNERS = ["run_experiment", "stream_experiment"]


def refused(
    world: WiredWorld, wire: Wire, says: str, owner: Any, method: str, /, *args: Any, **given: Any
) -> None:
    with pytest.raises(ValidationError, match=says):
        world.call(owner, method, *args, **given)
    assert wire.requests == []


@pytest.mark.parametrize("runner", RUNNERS)
def test_inline_criteria_together_with_a_set(
    world: WiredWorld, wire: Wire, parts: Parts, runner: str
) -> None:
    refused(
        world,
        wire,
        "criteria=… makes a criterion set of its own, so it excludes criterion_set=…; give one of them",
        parts.client,
        runner,
        "First try",
        *parts.positional,
        criterion_set=parts.criterion_set,
        criteria=["Is it correct?"],
    )


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"criteria": "Is it correct?"}, "criteria must be a list"),
        ({"criteria": [""]}, r"criteria\[0\] is empty"),
        ({"n_epochs": 0}, "n_epochs must be an integer between 1 and 1000, not 0"),
        ({"n_epochs": 1001}, "not 1001"),
        ({"n_epochs": 1.5}, r"not 1\.5"),
        ({"n_epochs": True}, "not True"),
        ({"rating_mode": "careless"}, "rating_mode must be one of .*; got 'careless'"),
        ({"rating_mode": None}, "rating_mode must be one of .*; got None"),
        ({"llm_config": 7}, "llm_config must be a LLMConfig as a client returns it, got 7"),
        ({"criterion_set": 50}, "criterion_set must be a CriterionSet as a client returns it, got 50"),
    ],
)
def test_a_run_that_cannot_be_started(
    world: WiredWorld, wire: Wire, parts: Parts, runner: str, given: dict[str, Any], says: str
) -> None:
    refused(world, wire, says, parts.client, runner, "First try", *parts.positional, **given)


@pytest.mark.parametrize("runner", RUNNERS)
def test_objects_of_another_kind(world: WiredWorld, wire: Wire, parts: Parts, runner: str) -> None:
    says = "prompt_template must be a PromptTemplate as a client returns it, got 7"
    refused(world, wire, says, parts.client, runner, "First try", 7, parts.collection)
    says = "collection must be a TemplateVariablesCollection as a client returns it, got "
    refused(world, wire, says, parts.client, runner, "First try", parts.template, parts.template)
    says = "a collection or a scenario set, exactly one; got neither"
    refused(world, wire, says, parts.client, runner, "First try", parts.template, None)


@pytest.mark.parametrize("seconds", [0, -1, 0.0, float("nan"), "60", True])
def test_a_timeout_that_cannot_be_one(world: WiredWorld, wire: Wire, parts: Parts, seconds: Any) -> None:
    says = f"timeout must be a positive number of seconds, not {seconds!r}"
    refused(
        world,
        wire,
        says,
        parts.client,
        "run_experiment",
        "First try",
        *parts.positional,
        timeout=seconds,
    )
    refused(world, wire, says, parts.experiment, "run", timeout=seconds)
    refused(world, wire, says, parts.experiment, "rate_responses", timeout=seconds)
    refused(
        world,
        wire,
        says,
        parts.experiment,
        "add_responses",
        ["text"],
        parts.collection.variables,
        timeout=seconds,
    )


@pytest.mark.parametrize("seconds", [0, 0.09, 10.01, -1, float("nan"), float("inf"), "1", None, True])
def test_a_polling_interval_that_cannot_be_one(
    world: WiredWorld, wire: Wire, parts: Parts, seconds: Any
) -> None:
    says = "polling_interval must be"
    refused(
        world,
        wire,
        says,
        parts.client,
        "stream_experiment",
        "First try",
        *parts.positional,
        polling_interval=seconds,
    )
    refused(world, wire, says, parts.client, "stream_batch_rate", [], polling_interval=seconds)


def test_a_placeholder_without_a_column(world: WiredWorld, wire: Wire, parts: Parts) -> None:
    wire.then(Reply(json=answers.template(id=11, placeholders=["concept", "mood", "audience"])))
    template = world.call(parts.client, "get_prompt_template", id=11)
    wire.requests.clear()
    wire.on("GET", "/collections/20", Reply(json=answers.collection()))
    with pytest.raises(ValidationError) as caught:
        world.call(
            parts.client, "run_experiment", "First try", template, parts.collection, criteria=["Is it?"]
        )
    text = str(caught.value)
    assert "'Explain' has {{audience}}, {{mood}}, and collection 'Concepts' has no such column" in text
    assert "it has concept. Rename the placeholder or add the column" in text
    assert [request.method for request in wire.requests] == ["GET"]


def test_a_column_that_was_added_since_the_object_was_read(
    world: WiredWorld, wire: Wire, parts: Parts
) -> None:
    wire.then(Reply(json=answers.template(id=11, placeholders=["mood"])))
    template = world.call(parts.client, "get_prompt_template", id=11)
    column = {"id": 2, "name": "mood", "column_type": "text"}
    wire.on("GET", "/collections/20", Reply(json=answers.collection(columns=[column])))
    wire.on("POST", "/experiments", Reply(json=answers.experiment()))
    created = world.call(parts.client, "create_experiment", "First try", template, parts.collection)
    assert created.id == 70


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"rating_mode": "careless"}, "rating_mode must be one of .*; got 'careless'"),
        ({"n_epochs": 0}, "n_epochs must be an integer between 1 and 1000, not 0"),
    ],
)
def test_a_run_of_what_was_created(
    world: WiredWorld, wire: Wire, parts: Parts, given: dict[str, Any], says: str
) -> None:
    refused(world, wire, says, parts.experiment, "run", **given)


@pytest.mark.parametrize(
    ("mode", "says"),
    [({"evaluation_mode": "GRAPH"}, "evaluation_mode must be one of .*; got 'GRAPH'")],
)
def test_an_unknown_evaluation_mode(
    world: WiredWorld, wire: Wire, parts: Parts, mode: dict[str, Any], says: str
) -> None:
    refused(world, wire, says, parts.client, "create_experiment", "First try", *parts.positional, **mode)


def test_cloning_what_cannot_be_read_back(world: WiredWorld, wire: Wire, parts: Parts) -> None:
    wire.then(Reply(json=answers.experiment(evaluation_mode="MULTI_TURN")))
    experiment = world.call(parts.client, "get_experiment", id=70, fetch_responses=False)
    wire.requests.clear()
    refused(world, wire, "a MULTI_TURN experiment cannot be cloned", experiment, "clone", "Second")


@pytest.mark.parametrize(
    ("responses", "given", "says"),
    [
        ("text", {}, "responses must be a list, got 'text'"),
        (["a", "b"], {}, "belong together one by one; got 2 and 1"),
        (["a"], {"metadata": [None, None]}, r"one entry per response \(1\), got 2"),
        (["a"], {"metadata": ["gpt"]}, r"metadata\[0\] must be an LLMConfig.* got 'gpt'"),
        (["a"], {"epoch": 0}, "epoch must be an integer from 1, not 0"),
        (["a"], {"epoch": True}, "epoch must be an integer from 1, not True"),
        ([[{"role": "user", "content": "x"}]], {}, "must hold an assistant or a tool message"),
        ([[{"role": "boss", "content": "x"}]], {}, r"response\[0\] has the role 'boss'"),
        ([7], {}, "a response must be a list, got 7"),
    ],
)
def test_responses_that_cannot_be_stored(
    world: WiredWorld, wire: Wire, parts: Parts, responses: Any, given: dict[str, Any], says: str
) -> None:
    rows = parts.collection.variables
    refused(world, wire, says, parts.experiment, "add_responses", responses, rows, **given)


def test_rows_that_are_no_rows(world: WiredWorld, wire: Wire, parts: Parts) -> None:
    says = r"template_variables\[0\] must be a row of the collection \(collection.variables\), got \{"
    refused(world, wire, says, parts.experiment, "add_responses", ["a"], [{"concept": "x"}])
    refused(world, wire, "template_variables must be a list", parts.experiment, "add_responses", [], "rows")


@pytest.mark.parametrize("wrong", ["responses", [None], [80], 7])
def test_rating_what_is_no_response(world: WiredWorld, wire: Wire, parts: Parts, wrong: Any) -> None:
    refused(world, wire, "prompt_responses", parts.client, "stream_batch_rate", wrong)
    refused(world, wire, "prompt_responses", parts.experiment, "rate_responses", wrong)


def test_more_rows_that_are_no_rows(world: WiredWorld, wire: Wire, parts: Parts) -> None:
    refused(world, wire, "variables must be a list of mappings", parts.collection, "add_many", "concept")
    refused(world, wire, r"variables\[0\] must map", parts.collection, "add_many", [None])
    nan = [{"concept": float("nan")}]
    refused(world, wire, "concept is nan, which JSON cannot express", parts.collection, "add_many", nan)
    assert world.call(parts.collection, "add_many", []) == []


@pytest.mark.parametrize(
    ("owner", "method"),
    [
        ("collection", "generate_variables"),
        ("criterion_set", "link_template"),
        ("criterion_set", "unlink_template"),
    ],
)
def test_a_template_given_by_its_name(
    world: WiredWorld, wire: Wire, parts: Parts, owner: str, method: str
) -> None:
    says = "must be a PromptTemplate as a client returns it, got 'Explain'"
    refused(world, wire, says, getattr(parts, owner), method, "Explain")


def test_a_new_version_that_changes_nothing(world: WiredWorld, wire: Wire, parts: Parts) -> None:
    refused(world, wire, "given nothing that differs; pass messages=", parts.template, "new_version")
    says = "messages=… or as template=…, not as both"
    refused(world, wire, says, parts.template, "new_version", "a", template="b")


def test_a_name_that_nothing_has(world: WiredWorld, wire: Wire) -> None:
    wire.then(page_of())
    with pytest.raises(NotFoundError, match="no prompt template named 'Explain' with version 3") as caught:
        world.call(world.client(), "get_prompt_template", name="Explain", version=3)
    assert caught.value.status_code == 404


def test_a_closed_client(world: WiredWorld, wire: Wire, parts: Parts) -> None:
    world.call(parts.client, "close")
    for owner, method, arguments in (
        (parts.client, "list_collections", ()),
        (parts.client, "stream_experiment", ("First try", *parts.positional)),
        (parts.experiment, "run", ()),
        (parts.collection, "clear", ()),
    ):
        with pytest.raises(ClientClosedError, match="this client was closed; make a new one"):
            world.call(owner, method, *arguments)
    world.call(parts.client, "close")
    assert wire.requests == []
    assert parts.experiment.name == "First try"


def test_an_experiment_that_ran_already(world: WiredWorld, wire: Wire, parts: Parts) -> None:
    wire.then(Reply(400, json={"detail": "it has run already"}))
    with pytest.raises(APIError, match="it has run already"):
        world.call(parts.experiment, "run")
