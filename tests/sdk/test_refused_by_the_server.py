"""Bad input that it takes the server to see: the typed error of both clients, in its words, and nothing is stored."""

from __future__ import annotations

import pytest
from elluminate_api.models import AgentTrialResult

from elluminate import APIError, ConflictError, TaskMatchError, ValidationError
from tests.sdk.both_ways import BothWays, Way
from tests.sdk.refusals import CONFIG, GOAL, Refusal, by_name, calling, of, refused

REFUSALS: dict[str, list[Refusal]] = {
    "misspelt": [
        Refusal(
            calling("scenario_set.add_scenarios", [GOAL, {**GOAL, "field_values": {"levle": "5"}}]),
            raises=APIError,
            says=r"\[422\] \$\.scenarios\[1\]\.field_values: the set declares no field 'levle'. Declared are: 'level'",
        ),
    ],
    "type": [
        Refusal(
            calling("collection.add_many", [{"topic": "x"}, {"topic": ["y"]}]),
            raises=APIError,
            says=r"\[422\] Row 2: \$\.topic: a text column holds text, not \['y'\]",
        ),
    ],
    "missing": [
        Refusal(
            calling("client.get_or_create_llm_config", "New"),
            raises=ValidationError,
            says="defaults must hold llm_model_name and api_key",
        ),
    ],
    "taken": [
        Refusal(
            calling("client.create_project", "Default project"),
            raises=ConflictError,
            says=r"\[409\] .*choose another",
        ),
        Refusal(
            calling("client.create_collection", "Topics"),
            raises=ConflictError,
            says=r"named 'Topics' already \(id",
        ),
        Refusal(
            calling("client.create_criterion_set", "Quality"),
            raises=ConflictError,
            says="named 'Quality' already",
        ),
        Refusal(
            calling("client.create_llm_config", **{**CONFIG, "name": "Small"}),
            raises=ConflictError,
            says="named 'Small' already",
        ),
        Refusal(
            calling("client.create_experiment", "First", of("template"), of("collection")),
            raises=ConflictError,
            says="named 'First' already",
        ),
        Refusal(
            calling(
                "client.run_experiment",
                "First",
                of("template"),
                of("collection"),
                criterion_set=of("criterion_set"),
            ),
            raises=ConflictError,
            says="named 'First' already",
        ),
        Refusal(
            calling("client.create_prompt_template", "Tutor", template="Explain {{topic}}."),
            raises=ConflictError,
            says=r"'Tutor' has this content already, as version 1 \(id",
        ),
        Refusal(
            calling("client.create_persona", "Grace", "x"), raises=ConflictError, says="named 'Grace' already"
        ),
        Refusal(
            calling("client.create_persona_group", "Pupils", [of("persona")]),
            raises=ConflictError,
            says="named 'Pupils' already",
        ),
        Refusal(
            calling("client.create_scenario_set", "Pupils"),
            raises=APIError,
            says=r"\[400\] .*scenario set named 'Pupils'",
        ),
        Refusal(
            calling("client.create_scenario_set", "Topics"),
            raises=APIError,
            says=r"\[400\] .*collection named 'Topics'",
        ),
        Refusal(
            calling("scenario_set.add_field", "mood"), raises=ConflictError, says="has a field 'mood' already"
        ),
        Refusal(
            calling("client.update_collection", of("collection"), name="Locked"),
            raises=ConflictError,
            says="named 'Locked' already",
        ),
    ],
    "locked": [
        Refusal(
            calling("locked.add_many", [{"topic": "x"}]),
            raises=ConflictError,
            says=r"\[409\] .*'Locked' is read-only",
        ),
        Refusal(calling("locked.clear"), raises=ConflictError, says="read-only.*Unlock it first"),
        Refusal(
            calling("locked.update", columns=["topic", "x"]),
            raises=ConflictError,
            says="read-only: its columns",
        ),
    ],
    "state": [
        Refusal(
            calling("agentic.run"),
            raises=ConflictError,
            says="'Agents' is AGENTIC: no agent runs here. Upload",
        ),
        Refusal(
            calling("experiment.run"),
            raises=ConflictError,
            says="'First' was run already. What its run left undone",
        ),
        Refusal(
            calling("client.delete_persona", of("persona")),
            raises=ConflictError,
            says="'Pupils'. Take it out of them",
        ),
        Refusal(
            calling("client.get_agent_results_definition", of("experiment")),
            raises=APIError,
            says=r"\[400\] Experiment 'First' is STANDARD",
        ),
    ],
    "trial": [
        Refusal(
            calling("agentic.upload_agent_results", [AgentTrialResult(task_name="srot", reward=1.0)]),
            raises=TaskMatchError,
            says=r"No task is named 'srot'. Its tasks are: 'sort', 'count'",
        ),
        Refusal(
            calling(
                "agentic.upload_agent_results",
                [AgentTrialResult(task_name="sort", messages=[{"role": "assistant", "content": 5}])],
            ),
            raises=APIError,
            says=r"\[400\] None of the trials could be stored. results\[0\] \(task 'sort'\): not stored: messages\[0\]",
        ),
    ],
}

NAMED = by_name(REFUSALS)


@pytest.mark.parametrize("name", NAMED)
def test_bad_input_is_refused_whole(way: Way, both: BothWays, name: str) -> None:
    assert refused(NAMED[name], way, both) != []


def test_a_conflict_says_what_is_there(way: Way) -> None:
    with pytest.raises(ConflictError) as taken:
        way.call(way.client, "create_collection", "Topics")
    assert (taken.value.resource_type, taken.value.resource_name) == ("collection", "Topics")
    with pytest.raises(ConflictError) as same:
        way.call(way.client, "create_prompt_template", "Tutor", template="Explain {{topic}}.")
    assert same.value.resource_id == way.things.template.id


def test_a_name_that_an_experiment_has_is_refused_with_the_way_to_go_on_with_it(way: Way) -> None:
    name = way.things.experiment.name
    with pytest.raises(
        ConflictError, match=r"client\.get_experiment\(name='.*'\)\.retry_failed\(\) brings what it lacks"
    ):
        way.call(
            way.client,
            "run_experiment",
            name,
            way.things.template,
            way.things.collection,
            criteria=["Is it?"],
        )
