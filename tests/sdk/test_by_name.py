"""Parts of experiments by their names: taken wherever objects are, and looked up before anything is created."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from elluminate import NotFoundError, ValidationError, evaluate
from tests.sdk.both_ways import BothWays, Way

numbers = itertools.count(1)


@pytest.fixture
def name() -> str:
    return f"Another {next(numbers)}"


BY_NAME = {
    "prompt_template": "Tutor",
    "collection": "Topics",
    "llm_config": "Small",
    "criterion_set": "Quality",
}


def parts_of(experiment: Any) -> dict[str, Any]:
    return {part: getattr(experiment, part).name for part in BY_NAME}


@pytest.mark.parametrize("method", ["create_experiment", "run_experiment"])
def test_an_experiment_of_named_parts(way: Way, name: str, method: str) -> None:
    config = {} if method == "run_experiment" else {"llm_config": "Small"}
    named = {part: given for part, given in BY_NAME.items() if part != "llm_config"} | config
    experiment = way.call(way.client, method, name, **named)
    assert {part: getattr(experiment, part).name for part in named} == named
    again = way.call(experiment, "clone", f"{name} again", llm_config="Small", criterion_set="Quality")
    assert parts_of(again) == BY_NAME


def test_a_watched_run_of_named_parts(way: Way, name: str) -> None:
    events = way.call(way.client, "stream_experiment", name, "Tutor", "Topics", criterion_set="Quality")
    assert [len(response.ratings) for response in events[-1].result.responses()] == [1, 1]


def test_the_latest_version_of_a_template_is_meant(way: Way, name: str) -> None:
    first = way.call(way.client, "create_prompt_template", name, template="Explain {{topic}}.")
    latest = way.call(first, "new_version", template="Explain {{topic}} to a child.")
    planned = way.call(way.client, "create_experiment", name, name, "Topics", criterion_set="Quality")
    assert planned.prompt_template.id == latest.id
    assert [one.name for one in way.call(way.client, "list_experiments", name, "Topics")] == [name]
    assert way.call(way.client, "list_experiments", first) == []


@pytest.mark.parametrize("group", ["an id", "a name", "an object"])
def test_scenarios_and_personas(way: Way, name: str, group: str) -> None:
    given = {
        "an id": way.things.persona_group.id,
        "a name": "Pupils",
        "an object": way.things.persona_group,
    }[group]
    planned = way.call(
        way.client,
        "create_experiment",
        name,
        None,
        criterion_set="Quality",
        evaluation_mode="MULTI_TURN",
        persona_group_id=given,
        scenario_set="Pupils",
    )
    assert planned.evaluation_mode == "MULTI_TURN"


@pytest.mark.parametrize("part", [*BY_NAME, "scenario_set", "persona_group_id"])
def test_an_unknown_name_creates_nothing(way: Way, both: BothWays, part: str) -> None:
    before = both.stored()
    named = {"prompt_template": "Tutor", "collection": "Topics", part: "Nothing"}
    if part == "scenario_set":
        del named["collection"]
    with pytest.raises(NotFoundError, match=r"there is no [a-zA-Z ]+ named 'Nothing' in this project"):
        way.call(way.client, "create_experiment", "New", **named)
    with pytest.raises(NotFoundError, match="named 'Nothing'"):
        way.call(
            way.client, "get_persona_group" if part == "persona_group_id" else f"get_{part}", name="Nothing"
        )
    assert both.stored() == before


@pytest.mark.parametrize(
    ("unusable", "says"),
    [
        ({"prompt_template": 7}, "prompt_template must be a PromptTemplate"),
        ({"collection": "  "}, "the name of a collection must not be empty"),
        ({"llm_config": "x" * 256}, "may have 255 characters"),
        ({"criterion_set": ["Is it?"]}, "criterion_set must be a CriterionSet"),
        ({"persona_group_id": 1.5}, "persona_group_id must be a PersonaGroup"),
    ],
)
def test_what_is_neither_a_name_nor_an_object_is_refused_before_any_look(
    way: Way, unusable: dict[str, Any], says: str
) -> None:
    sent = len(way.sent)
    with pytest.raises(ValidationError, match=says):
        way.call(
            way.client,
            "create_experiment",
            "New",
            **{"prompt_template": "Tutor", "collection": "Topics"} | unusable,
        )
    assert way.sent[sent:] == []


def test_evaluate_takes_what_run_experiment_takes(both: BothWays) -> None:
    client = both.blocking.client
    experiment = evaluate("Tutor", "Topics", "Quality", client=client)
    assert experiment.name.startswith("Tutor x Topics (")
    with pytest.raises(NotFoundError, match="LLM config named 'Nothing'"):
        evaluate("Tutor", "Topics", "Quality", "Nothing", client=client)
    with pytest.raises(ValidationError, match="prompt_template must be a PromptTemplate"):
        evaluate(7, "Topics", client=client)  # type: ignore[arg-type]  # bad on purpose
