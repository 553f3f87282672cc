"""The contract keeps its own rules: valid OpenAPI 3.1, complete, bounded, every example right."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.contract.document import Contract, Operation, contract_path, load

# The operations that existing programs call; "~" stands for /projects/{project_id}.
FIXED_OPERATIONS = """
check_version_compatible POST /version/compatible
list_projects GET /projects
create_project POST /projects
get_project GET ~
list_prompt_templates GET ~/prompt_templates
create_prompt_template POST ~/prompt_templates
get_prompt_template GET ~/prompt_templates/{prompt_template_id}
delete_prompt_template DELETE ~/prompt_templates/{prompt_template_id}
list_collections GET ~/collections
create_collection POST ~/collections
get_collection GET ~/collections/{collection_id}
update_collection PUT ~/collections/{collection_id}
delete_collection DELETE ~/collections/{collection_id}
list_template_variables GET ~/collections/{collection_id}/entries
create_template_variables POST ~/collections/{collection_id}/entries
delete_all_template_variables DELETE ~/collections/{collection_id}/entries
create_template_variables_batch POST ~/collections/{collection_id}/entries/batches
get_template_variables GET ~/collections/{collection_id}/entries/{entry_id}
update_template_variables PUT ~/collections/{collection_id}/entries/{entry_id}
delete_template_variables DELETE ~/collections/{collection_id}/entries/{entry_id}
list_criteria GET ~/criteria
create_criteria POST ~/criteria
get_criterion GET ~/criteria/{criterion_id}
update_criterion PUT ~/criteria/{criterion_id}
delete_criterion DELETE ~/criteria/{criterion_id}
list_criterion_sets GET ~/criterion_sets
create_criterion_set POST ~/criterion_sets
get_criterion_set GET ~/criterion_sets/{criterion_set_id}
delete_criterion_set DELETE ~/criterion_sets/{criterion_set_id}
link_prompt_template PUT ~/criterion_sets/{criterion_set_id}/prompt_templates/{prompt_template_id}
unlink_prompt_template DELETE ~/criterion_sets/{criterion_set_id}/prompt_templates/{prompt_template_id}
list_llm_configs GET ~/llm_configs
create_llm_config POST ~/llm_configs
get_llm_config GET ~/llm_configs/{llm_config_id}
delete_llm_config DELETE ~/llm_configs/{llm_config_id}
list_experiments GET ~/experiments
create_experiment POST ~/experiments
get_experiment GET ~/experiments/{experiment_id}
delete_experiment DELETE ~/experiments/{experiment_id}
run_experiment POST ~/experiments/{experiment_id}/run
retry_failed_experiment POST ~/experiments/{experiment_id}/retry-failed
get_experiment_map GET ~/experiments/{experiment_id}/map
get_experiment_generation_status GET ~/experiments/{experiment_id}/generation/{task_id}
stream_experiment_generation GET ~/experiments/{experiment_id}/generation/{task_id}/stream
upload_agent_results POST ~/experiments/{experiment_id}/agent-results
get_agent_results_definition GET ~/experiments/{experiment_id}/agent-results/definition
preview_agent_results_matching POST ~/experiments/{experiment_id}/agent-results/preview
list_responses GET ~/responses
create_response POST ~/responses
generate_response POST ~/responses/generate
create_responses_batch POST ~/responses/batches
get_responses_batch_status GET ~/responses/batches/{task_id}
list_response_samples GET ~/responses/samples
list_comparison_samples GET ~/responses/comparison/samples
get_response_stats GET ~/responses/stats
get_response GET ~/responses/{response_id}
update_response_annotation PATCH ~/responses/{response_id}
delete_response DELETE ~/responses/{response_id}
list_ratings GET ~/ratings
create_ratings POST ~/ratings
create_ratings_batch POST ~/ratings/batches
get_ratings_batch_status GET ~/ratings/batches/{task_id}
stream_ratings_batch GET ~/ratings/batches/{task_id}/stream
list_scenario_sets GET ~/scenario-sets
create_scenario_set POST ~/scenario-sets
get_scenario_set GET ~/scenario-sets/{scenario_set_id}
update_scenario_set PUT ~/scenario-sets/{scenario_set_id}
delete_scenario_set DELETE ~/scenario-sets/{scenario_set_id}
add_scenario_field POST ~/scenario-sets/{scenario_set_id}/fields
rename_scenario_field PUT ~/scenario-sets/{scenario_set_id}/fields/{field_id}
delete_scenario_field DELETE ~/scenario-sets/{scenario_set_id}/fields/{field_id}
list_scenarios GET ~/scenario-sets/{scenario_set_id}/scenarios
create_scenario POST ~/scenario-sets/{scenario_set_id}/scenarios
create_scenarios_batch POST ~/scenario-sets/{scenario_set_id}/scenarios/batch
get_scenario GET ~/scenario-sets/{scenario_set_id}/scenarios/{scenario_id}
update_scenario PUT ~/scenario-sets/{scenario_set_id}/scenarios/{scenario_id}
delete_scenario DELETE ~/scenario-sets/{scenario_set_id}/scenarios/{scenario_id}
"""

ADDED_OPERATIONS = {
    "list_api_keys": "the platform makes keys on its website only",
    "create_api_key": "the platform makes keys on its website only",
    "revoke_api_key": "the platform revokes keys on its website only",
    "create_persona": "the platform has personas and no interface to them",
    "get_persona": "the platform has personas and no interface to them",
    "update_persona": "the platform has personas and no interface to them",
    "delete_persona": "the platform has personas and no interface to them",
    "create_persona_group": "the platform has persona groups and no interface to them",
    "get_persona_group": "the platform has persona groups and no interface to them",
    "update_persona_group": "the platform has persona groups and no interface to them",
    "delete_persona_group": "the platform has persona groups and no interface to them",
    "list_personas": "the platform has personas and no interface to them",
    "list_persona_groups": "the platform has persona groups and no interface to them",
    "cancel_experiment": "existing programs can only wait",
    "list_rating_versions": "the platform documents the path, and no existing program calls it",
}
"""Operations that no existing program calls, and why they are there."""

NOT_UNDER_API = {"get_health": "answers load balancers: outside /api/v0, without credentials and limits"}

_PROVIDER = "shape of the model providers' chat API, which has fields that this contract does not list"
OPEN_REQUEST_SCHEMAS = {
    "SystemMessage": _PROVIDER,
    "DeveloperMessage": _PROVIDER,
    "UserMessage": _PROVIDER,
    "AssistantMessage": _PROVIDER,
    "ToolMessage": _PROVIDER,
    "FunctionMessage": _PROVIDER,
    "ContentPart": _PROVIDER,
    "ToolCall": _PROVIDER,
    "FunctionCallArguments": _PROVIDER,
    "CustomCallInput": _PROVIDER,
    "MessageAnnotation": _PROVIDER,
    "UrlCitation": _PROVIDER,
    "AssistantAudio": _PROVIDER,
    "JsonObject": "free-form by intent: row values, JSON Schemas, settings of agents",
}

_BOTH_WAYS = (
    "also read in answers, where a bound would make a reader refuse what another server has stored; "
    "in requests the limit of the whole body holds"
)
_TOKENS = "token numbers are the tokenizer's own; only their count is bounded"
UNBOUNDED = {
    **dict.fromkeys(OPEN_REQUEST_SCHEMAS, _PROVIDER),
    "FunctionDefinition": _BOTH_WAYS,
    "ToolChoiceFunction": _BOTH_WAYS,
    "CollectionColumn": _BOTH_WAYS,
    "LLMConfig": _BOTH_WAYS,
    "CustomApiInfo": _BOTH_WAYS,
    "GenerationMetadata": _BOTH_WAYS,
    "ATIFStepMetrics.prompt_token_ids[]": _TOKENS,
    "ATIFStepMetrics.completion_token_ids[]": _TOKENS,
}

INFORMATIVE_PARAMETERS = {"SDK-Version"}
"""Parameters that no server needs to look at, so none refuses them for their length."""

STRING_FORMATS_WITH_A_LENGTH = {"date-time", "date", "uuid"}
STRING_FORMATS_BOUNDED_BY_THE_BODY = {"binary"}

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


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load(contract_path())


def no(problems: list[str]) -> None:
    """Fail with every problem on a line of its own."""
    assert not problems, "\n" + "\n".join(problems)


def references(node: Any) -> Iterator[str]:
    """Names of the schemas that a node refers to directly."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str) and value.startswith("#/components/schemas/"):
                yield value.rsplit("/", 1)[1]
            else:
                yield from references(value)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def reachable(contract: Contract, roots: list[Any]) -> set[str]:
    """Names of the schemas that the nodes refer to, directly or not."""
    found: set[str] = set()
    waiting = [name for root in roots for name in references(root)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(references(contract.schemas[name]))
    return found


def request_schemas(contract: Contract) -> set[str]:
    return reachable(contract, [operation.body[1] for operation in contract.operations() if operation.body])


def json_types(schema: dict[str, Any]) -> set[str]:
    """JSON types that a schema allows, alternatives written in place included."""
    declared = schema.get("type", [])
    types = {declared} if isinstance(declared, str) else set(declared)
    for keyword in ("anyOf", "oneOf"):
        for alternative in schema.get(keyword, ()):
            types |= json_types(alternative)
    return types


def strict(contract: Contract) -> Contract:
    """The contract with answers closed too, so that an example with a misspelt field does not pass."""
    document = copy.deepcopy(contract.document)
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return Contract(document)


def unbounded(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """Places of a field that have no bound."""
    if {"$ref", "enum", "const"} & schema.keys():
        return
    types = json_types(schema)
    fixed = STRING_FORMATS_WITH_A_LENGTH | STRING_FORMATS_BOUNDED_BY_THE_BODY
    if "string" in types and "maxLength" not in schema and schema.get("format") not in fixed:
        alternatives = [each for each in schema.get("anyOf", ()) if each.get("type") == "string"]
        anchored = schema.get("pattern", "").startswith("^") and schema["pattern"].endswith("$")
        if not anchored and not (alternatives and all("enum" in each for each in alternatives)):
            yield f"{name}: a string without maxLength"
    if "array" in types and "maxItems" not in schema:
        yield f"{name}: an array without maxItems"
    if "integer" in types and not {"minimum", "maximum"} <= schema.keys():
        yield f"{name}: an integer without minimum and maximum"
    if isinstance(schema.get("items"), dict):
        yield from unbounded(f"{name}[]", schema["items"])


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


def test_the_document_is_valid_openapi_3_1(contract: Contract) -> None:
    assert contract.document["openapi"].startswith("3.1.")
    no([error.message for error in OpenAPIV31SpecValidator(contract.document).iter_errors()])


def test_the_operations_of_existing_programs_are_there(contract: Contract) -> None:
    there = {(each.id, each.method, each.path) for each in contract.operations()}
    fixed = {
        (name, method, path.replace("~", "/projects/{project_id}"))
        for name, method, path in (line.split() for line in FIXED_OPERATIONS.strip().splitlines())
    }
    assert len(fixed) == 77
    no([f"{name}: {method} {path} is missing" for name, method, path in sorted(fixed - there)])
    added = {name for name, _, _ in there - fixed}
    assert added == NOT_UNDER_API.keys() | ADDED_OPERATIONS.keys()


def test_operation_ids_are_unique(contract: Contract) -> None:
    ids = [each.id for each in contract.operations()]
    assert len(ids) == len(set(ids))


def test_every_operation_says_what_it_does(contract: Contract) -> None:
    tags = {tag["name"] for tag in contract.document["tags"]}
    problems = []
    for each in contract.operations():
        if not re.fullmatch(r"[a-z]+(_[a-z]+)*", each.id):
            problems.append(f"{each.id}: the operationId is no snake_case name")
        if len(each.node.get("tags", [])) != 1 or each.node["tags"][0] not in tags:
            problems.append(f"{each.id}: tags are {each.node.get('tags')}, not one of {sorted(tags)}")
        summary = each.node.get("summary", "")
        if not summary or len(summary) >= 60 or summary.endswith("."):
            problems.append(
                f"{each.id}: the summary {summary!r} is empty, has 60 characters or ends in a point"
            )
        if len(each.node.get("description", "")) < 20:
            problems.append(f"{each.id}: no description")
    no(problems)


def test_every_schema_field_and_parameter_is_described(contract: Contract) -> None:
    problems = []
    for name, schema in contract.schemas.items():
        if not schema.get("description"):
            problems.append(f"{name}: no description")
        problems += [
            f"{name}.{field}: no description"
            for field, node in schema.get("properties", {}).items()
            if not node.get("description")
        ]
    for each in contract.operations():
        problems += [
            f"{each.id}: the parameter {parameter['name']} has no description"
            for parameter in each.parameters
            if not parameter.get("description")
        ]
    no(problems)
    assert "TODO" not in json.dumps(contract.document)


def test_every_operation_has_one_exact_success_status(contract: Contract) -> None:
    problems = []
    for each in contract.operations():
        successes = [status for status in each.answers if status.startswith("2")]
        if len(successes) != 1 or successes[0] not in {"200", "201", "204"}:
            problems.append(f"{each.id}: success statuses are {successes}")
        ranges = [status for status in each.answers if not re.fullmatch(r"[2-5]\d\d", status)]
        problems += [f"{each.id}: {status} is no exact status" for status in ranges]
    no(problems)


def statuses_due(operation: Operation) -> set[str]:
    due = {"503"}
    if operation.id not in NOT_UNDER_API:
        due |= {"429", "500"}
    if operation.node.get("security") != []:
        due.add("401")
    if any(parameter["in"] == "path" for parameter in operation.parameters):
        due.add("404")
    if operation.body:
        due |= {"413", "422"}
    return due


def test_every_operation_lists_the_errors_it_must_have(contract: Contract) -> None:
    no(
        [
            f"{each.id}: {status} is missing"
            for each in contract.operations()
            for status in sorted(statuses_due(each) - each.answers.keys())
        ]
    )


def test_every_error_has_a_json_body_with_a_detail(contract: Contract) -> None:
    problems = []
    for each in contract.operations():
        for status in each.answers:
            if status[0] in "45":
                media_type, content = each.content(status) or ("none", {})
                schema = contract.resolve(content.get("schema", {}))
                shapes = [contract.resolve(shape) for shape in schema.get("anyOf", [schema])]
                if media_type != "application/json" or not all(
                    "detail" in shape.get("properties", {}) for shape in shapes
                ):
                    problems.append(f"{each.id}: the body of {status} is {media_type} without a detail")
    no(problems)


def test_every_post_takes_an_idempotency_key(contract: Contract) -> None:
    no(
        [
            f"{each.id}: no Idempotency-Key"
            for each in contract.operations()
            if each.method == "POST"
            and ("header", "Idempotency-Key")
            not in {(parameter["in"], parameter["name"]) for parameter in each.parameters}
        ]
    )


def test_every_path_parameter_is_declared(contract: Contract) -> None:
    for each in contract.operations():
        declared = [parameter["name"] for parameter in each.parameters if parameter["in"] == "path"]
        assert declared == re.findall(r"{(\w+)}", each.path), each.id


def test_no_path_ends_with_a_slash(contract: Contract) -> None:
    no([path for path in contract.document["paths"] if path.endswith("/")])


def test_request_objects_are_closed(contract: Contract) -> None:
    still_open = {
        name
        for name in request_schemas(contract)
        if json_types(contract.schemas[name]) == {"object"}
        and contract.schemas[name].get("additionalProperties") is not False
    }
    no([f"{name}: an open object in a request" for name in sorted(still_open - OPEN_REQUEST_SCHEMAS.keys())])
    no([f"{name}: closed, needs no exception" for name in sorted(OPEN_REQUEST_SCHEMAS.keys() - still_open)])


def test_objects_are_named(contract: Contract) -> None:
    """An object written in place would escape the rules above."""

    def inline(node: Any, place: str) -> Iterator[str]:
        if isinstance(node, dict):
            if "properties" in node and "type" in node:
                yield f"{place}: an object schema written in place"
            for key, value in node.items():
                yield from inline(value, f"{place}.{key}")
        elif isinstance(node, list):
            for each in node:
                yield from inline(each, place)

    problems = [
        problem
        for name, schema in contract.schemas.items()
        for field, node in schema.get("properties", {}).items()
        for problem in inline(node, f"{name}.{field}")
    ]
    for operation in contract.operations():
        if operation.body:
            problems += inline(operation.body[1]["schema"], f"{operation.id}.body")
    no(problems)


def test_request_fields_are_bounded(contract: Contract) -> None:
    found = [
        problem
        for name in sorted(request_schemas(contract))
        for field, schema in contract.schemas[name].get("properties", {}).items()
        for problem in unbounded(f"{name}.{field}", schema)
    ]
    found += [
        problem
        for each in contract.operations()
        for parameter in each.parameters
        if parameter["name"] not in INFORMATIVE_PARAMETERS
        for problem in unbounded(f"{each.id}({parameter['name']})", parameter["schema"])
    ]
    excused = {
        problem: reason
        for problem in found
        for reason in UNBOUNDED
        if problem.split(":")[0] == reason or problem.split(".")[0] == reason
    }
    no([problem for problem in found if problem not in excused])
    # MessageAnnotation and the free-form object have nothing to bound.
    needed = set(excused.values()) | {"MessageAnnotation", "JsonObject"}
    no([f"{name}: bounded, needs no exception" for name in sorted(UNBOUNDED.keys() - needed)])


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


def test_defaults_are_accepted_by_their_own_schema(contract: Contract) -> None:
    no(
        [
            f"{name}.{field}: default {violation}"
            for name, schema in contract.schemas.items()
            for field, node in schema.get("properties", {}).items()
            if "default" in node
            for violation in contract.violations(node["default"], node)
        ]
    )


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


def test_every_schema_and_example_is_used(contract: Contract) -> None:
    # The value of a conversation column travels inside the free-form values of a row.
    described_only = {"UCEPayloadV1"}
    used = reachable(contract, [contract.document["paths"], contract.document["components"]["responses"]])
    used |= described_only | reachable(contract, [contract.schemas[name] for name in described_only])
    text = json.dumps(contract.document)
    used |= set(re.findall(r'"x-sse-data-schema": "#/components/schemas/(\w+)"', text))
    used |= reachable(contract, [contract.schemas[name] for name in used])
    no([f"{name}: an unused schema" for name in sorted(contract.schemas.keys() - used)])
    shown = set(re.findall(r"#/components/examples/(\w+)", text))
    no(
        [
            f"{name}: an unused example"
            for name in sorted(contract.document["components"]["examples"].keys() - shown)
        ]
    )
