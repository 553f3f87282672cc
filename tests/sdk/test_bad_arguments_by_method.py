"""Every argument of every public method: of another kind it is refused by name, and nothing is sent; both ways.

The methods and what they take are read off their signatures, so that a new one is covered by being there.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from elluminate_api.models import AgentTrialResult

from elluminate import Client, ElluminateError, ValidationError
from elluminate.schemas import Criterion, CriterionSet, Experiment, PromptTemplate, ScenarioSet
from elluminate.schemas.collection import TemplateVariablesCollectionWithEntries
from tests.sdk.both_ways import Way

OWNERS: dict[str, type[Any]] = {
    "client": Client,
    "template": PromptTemplate,
    "collection": TemplateVariablesCollectionWithEntries,
    "criterion_set": CriterionSet,
    "criterion": Criterion,
    "experiment": Experiment,
    "scenario_set": ScenarioSet,
}
NOT_HERE = {"close", "check_version", "with_options", "get_info", "stream_agent_evaluation"}
"""Without arguments, not of the API, or a generator that checks the state first."""

TRUTH = {"fetch_responses", "raise_on_partial", "skip_existing", "delete_existing", "discard_annotations"}
"""Switches of the client itself, which take anything that counts as true."""


def methods() -> list[tuple[str, str]]:
    found = []
    for owner, kind in OWNERS.items():
        for name in dir(kind):
            if name.startswith("_") or name in NOT_HERE or not callable(getattr(kind, name)):
                continue
            is_of_the_api = kind is Client or hasattr(kind, f"a{name}")
            if is_of_the_api and len(inspect.signature(getattr(kind, name)).parameters) > 1:
                found.append((owner, name))
    return found


def good(way: Way, owner: str, method: str) -> dict[str, Any]:
    """Arguments that have to be given, such that nothing is wrong with them."""
    things = way.things
    by_name: dict[str, Any] = {
        "a": things.experiment,
        "b": things.experiment,
        "annotation": "good",
        "api_key": things.api_key,
        "collection": things.collection,
        "criteria": ["Is it kind?"],
        "criterion": "Is it kind?",
        "criterion_set": things.criterion_set,
        "dataframe": None,
        "description": "Described.",
        "entry": things.entry,
        "experiment": things.agentic if "agent" in method else things.experiment,
        "experiment_a": things.experiment,
        "experiment_b": things.fresh,
        "field": things.scenario_field,
        "input_values": {"topic": "snow"},
        "label": 1,
        "llm_config": things.llm_config,
        "llm_model_name": "small",
        "name": "New",
        "other": things.experiment,
        "path": "nothing.csv",
        "persona": things.persona,
        "persona_group": things.persona_group,
        "personas": [things.persona],
        "project": 1,
        "prompt_responses": [things.response],
        "prompt_template": things.template,
        "responses": ["Done."],
        "results": [AgentTrialResult(task_name="sort", reward=1.0)],
        "scenario": things.scenario,
        "scenario_id": things.scenario.id,
        "scenario_set": things.scenario_set,
        "suite": "nothing.yaml",
        "scenarios": [{"goal": "x", "expected_conversation_outcome": "y"}],
        "template": things.template,
        "template_variables": [things.entry],
        "variables": [{"topic": "snow"}],
    }
    signature = inspect.signature(getattr(OWNERS[owner], method))
    needed = {
        one.name: by_name[one.name]
        for one in signature.parameters.values()
        if one.default is one.empty and one.name != "self"
    }
    if method == "create_llm_config":
        needed["api_key"] = "not-a-key"
    if method == "create_experiment":
        needed["collection"] = things.collection
    if "messages" in signature.parameters and "template" in signature.parameters:
        needed["messages"] = "Explain."
    if "id" in signature.parameters:
        needed["name"] = "New"
    return needed


def wrong_values(annotation: str) -> list[Any]:
    """Values of every kind that the annotation leaves out."""
    kinds: list[tuple[Any, tuple[str, ...]]] = [
        (7, ("int", "float", "Any")),
        (True, ("bool", "Any", "Progress")),
        (b"x", ("bytes", "Any")),
        ("wrong", ("str", "Literal", "Messages", "FilePath", "Any")),
        (["wrong"], ("Sequence", "list", "Iterable", "Any", "Messages")),
        ({"wrong": 1}, ("Mapping", "dict", "Any", "Messages")),
        (object(), ("Any",)),
    ]
    return [value for value, fitting in kinds if not any(one in annotation for one in fitting)]


def arguments_of(owner: str, method: str) -> set[str]:
    return set(inspect.signature(getattr(OWNERS[owner], method)).parameters)


@pytest.mark.parametrize(("owner", "method"), methods())
def test_an_argument_of_another_kind(way: Way, owner: str, method: str) -> None:
    target = way.client if owner == "client" else getattr(way.things, owner)
    arguments = good(way, owner, method)
    for parameter in inspect.signature(getattr(OWNERS[owner], method)).parameters.values():
        if parameter.name == "self" or parameter.name in TRUTH:
            continue
        for wrong in wrong_values(str(parameter.annotation)):
            given = {**arguments, parameter.name: wrong}
            if parameter.name == "id":
                del given["name"]
            way.sent.clear()
            with pytest.raises(ValidationError) as caught:
                way.call(target, method, **given)
            assert way.sent == [], (parameter.name, wrong)
            told = str(caught.value)
            assert repr(wrong)[:60] in told or MEANT.get(parameter.name, parameter.name) in told, told


def nested(kind: type[Any]) -> Any:
    """A list or a mapping of so many levels that Python's own `repr` gives up."""
    value: Any = kind()
    for _ in range(3_000):
        value = [value] if kind is list else {"in": value}
    return value


@pytest.mark.parametrize("kind", [list, dict])
@pytest.mark.parametrize(("owner", "method"), methods())
def test_an_argument_that_is_nested_nearly_without_end(
    way: Way, owner: str, method: str, kind: type[Any]
) -> None:
    target = way.client if owner == "client" else getattr(way.things, owner)
    arguments = good(way, owner, method)
    for name in arguments_of(owner, method) - {"self"} - TRUTH:
        given = {**arguments, name: nested(kind)}
        if name == "id":
            del given["name"]
        with pytest.raises(ElluminateError) as caught:
            way.call(target, method, **given)
        assert len(str(caught.value)) < 500


MEANT = {"prompt_responses": "responses", "template": "messages"}
"""What an argument is called where it is refused."""


NAMES = [(owner, method) for owner, method in methods() if "name" in arguments_of(owner, method)]


@pytest.mark.parametrize("wrong", ["", " \n", "n" * 256, "a\0b", "\ud800"], ids=repr)
@pytest.mark.parametrize(("owner", "method"), NAMES)
def test_a_name_that_cannot_be_one(way: Way, owner: str, method: str, wrong: str) -> None:
    target = way.client if owner == "client" else getattr(way.things, owner)
    way.sent.clear()
    with pytest.raises(ValidationError) as caught:
        way.call(target, method, **{**good(way, owner, method), "name": wrong})
    assert way.sent == []
    assert "name of a" in str(caught.value)
