"""The contract's operations: valid OpenAPI 3.1, those of existing programs, described, with every error."""

from __future__ import annotations

import re

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.contract.document import Contract, Operation, no

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
    "try_llm_config": "the platform tests configs on its website only",
    "put_template_variables_batch": "existing programs can only add rows",
    "upload_ratings": "the platform has a model decide every criterion",
    "list_audit_events": "the platform keeps no audit log that clients can read",
    "list_labels": "the platform has no labels that clients can read",
    "put_labels": "the platform has no labels that clients can give",
    "delete_label": "the platform has no labels that clients can withdraw",
    "list_earlier_ratings": "the platform tells of the newest verdicts only",
    "list_rating_versions": "the platform documents the path, and no existing program calls it",
}
"""Operations that no existing program calls, and why they are there."""

NOT_UNDER_API = {"get_health": "answers load balancers: outside /api/v0, without credentials and limits"}


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


def test_every_operation_that_may_change_something_says_what(contract: Contract) -> None:
    kinds = contract.schemas["AuditObjectKind"]["enum"]
    problems, named = [], set()
    for each in contract.operations():
        kind, role = each.node.get("x-object"), each.node.get("x-role")
        named.add(kind)
        if each.method == "GET" or role == "reader":
            if kind is not None:
                problems.append(f"{each.id}: changes nothing, and has an x-object")
        elif kind not in kinds:
            problems.append(f"{each.id}: x-object is {kind!r}, none of {kinds}")
        elif each.node.get("security") == []:
            problems.append(f"{each.id}: changes something, and needs no credentials")
    no(problems)
    no([f"{kind}: a kind of nothing" for kind in kinds if kind not in named])


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
