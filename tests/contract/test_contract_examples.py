"""The contract's examples: one for everything, each right, all of one story."""

from __future__ import annotations

import copy
import json

from tests.contract.document import Contract, no

# Path parameter -> the example object whose id it shows.
PARAMETER_EXAMPLES = {
    "ProjectId": "Project",
    "PromptTemplateId": "PromptTemplate",
    "CollectionId": "Collection",
    "EntryId": "Row",
    "CriterionId": "Criterion",
    "CriterionSetId": "CriterionSet",
    "LLMConfigId": "LLMConfig",
    "ExperimentId": "Experiment",
    "ResponseId": "Response",
    "ScenarioSetId": "ScenarioSet",
    "FieldId": "ScenarioField",
    "ScenarioId": "Scenario",
    "KeyId": "ApiKey",
    "PersonaId": "Persona",
    "PersonaGroupId": "PersonaGroup",
}

FINAL = {"SUCCESS", "FAILURE", "REVOKED", "REJECTED", "TIMEOUT"}


def strict(contract: Contract) -> Contract:
    """The contract with answers closed too, so that an example with a misspelt field does not pass."""
    document = copy.deepcopy(contract.document)
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return Contract(document)


def events(text: str) -> list[str]:
    """Data of the events of a stream (WHATWG HTML, 9.2.6); one that no blank line ends is not an event."""
    found: list[str] = []
    data: list[str] = []
    for line in text.split("\n")[:-1]:
        if not line:
            if data:
                found.append("\n".join(data))
            data = []
        elif line.startswith("data:"):
            data.append(line[len("data:") :].removeprefix(" "))
    return found


def test_every_operation_has_an_example_that_its_schema_accepts(contract: Contract) -> None:
    checked = strict(contract)
    problems = []
    for each in checked.operations():
        places = {"body": each.body, each.success: each.content(each.success)}
        for place, typed in places.items():
            if typed is None:
                if place not in {"body", "204"}:
                    problems.append(f"{each.id}: {place} has no content")
                continue
            examples = checked.examples(typed[1])
            if not examples:
                problems.append(f"{each.id}: {place} has no example")
            for name, value in examples.items():
                problems += [
                    f"{each.id}: example {name} of {place}: {violation}"
                    for violation in checked.violations(value, typed[1]["schema"])
                ]
    no(problems)


def test_examples_of_errors_and_parameters_are_accepted(contract: Contract) -> None:
    problems = []
    for each in contract.operations():
        for status in each.answers:
            if status[0] in "45":
                _, content = each.content(status) or ("", {})
                examples = contract.examples(content)
                problems += [
                    f"{each.id}: example {name} of {status}: {violation}"
                    for name, value in examples.items()
                    for violation in contract.violations(value, content["schema"])
                ]
                if not examples:
                    problems.append(f"{each.id}: {status} has no example")
        for parameter in each.parameters:
            if "example" in parameter:
                problems += [
                    f"{each.id}: example of {parameter['name']}: {violation}"
                    for violation in contract.violations(parameter["example"], parameter["schema"])
                ]
            elif parameter["in"] == "path":
                problems.append(f"{each.id}: the path parameter {parameter['name']} has no example")
    no(problems)


def test_the_examples_tell_one_story(contract: Contract) -> None:
    examples = contract.document["components"]["examples"]
    parameters = contract.document["components"]["parameters"]
    for parameter, example in PARAMETER_EXAMPLES.items():
        assert parameters[parameter]["example"] == examples[example]["value"]["id"], parameter
    experiment, response = examples["Experiment"]["value"], examples["Response"]["value"]
    request = examples["NewExperiment"]["value"]
    assert request["prompt_template_id"] == experiment["prompt_template"]["id"]
    assert request["collection_id"] == experiment["collection"]["id"]
    assert request["criterion_set_id"] == experiment["criterion_set"]["id"]
    assert request["llm_config_id"] == experiment["llm_config"]["id"]
    assert parameters["TaskId"]["example"] == examples["StartedExperiment"]["value"]["generation_task_id"]
    assert response["prompt"]["prompt_template"] == experiment["prompt_template"]
    assert [each["criterion"] for each in response["ratings"]] == experiment["criterion_set"]["criteria"]
    assert set(experiment["results"]["mean_rating_by_criterion_id"]) == {
        str(each["id"]) for each in experiment["criterion_set"]["criteria"]
    }


def test_stream_examples_hold_events_of_the_declared_schema(contract: Contract) -> None:
    streams = [
        each
        for each in contract.operations()
        if (each.content(each.success) or ("",))[0] == "text/event-stream"
    ]
    assert [each.id for each in streams] == ["stream_experiment_generation", "stream_ratings_batch"]
    for each in streams:
        _, content = each.content(each.success) or ("", {})
        for text in contract.examples(content).values():
            states = [json.loads(data) for data in events(text)]
            no(
                [
                    f"{each.id}: {violation}"
                    for state in states
                    for violation in contract.violations(state, {"$ref": content["x-sse-data-schema"]})
                ]
            )
            assert states, each.id
            assert states[-1]["status"] in FINAL, f"{each.id}: the stream ends before the task does"
            assert not FINAL & {state["status"] for state in states[:-1]}, each.id
