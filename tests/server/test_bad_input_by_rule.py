"""What no schema says: names that are taken, targets that are read-only, rules between fields; all of it atomic."""

import datetime
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.server.contract_inputs import CONTRACT, OPERATIONS, json_schema
from tests.server.whole_project import UNKNOWN, Ids, Whole, good_body, refused, url_of, whole_server

pytestmark = pytest.mark.anyio

SAID = [{"role": "assistant", "content": "Done."}]
PAST = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=1)).isoformat()


@pytest.fixture(scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    async with whole_server(tmp_path_factory.mktemp("whole")) as found:
        yield found


def meant(value: Any, ids: Ids) -> Any:
    """The value, with ids in place of their names in angle brackets."""
    if isinstance(value, dict):
        return {name: meant(one, ids) for name, one in value.items()}
    if isinstance(value, list):
        return [meant(one, ids) for one in value]
    return ids[value[1:-1]] if isinstance(value, str) and value[:1] == "<" else value


# Names

TAKEN: dict[str, tuple[tuple[str, int], ...]] = {
    "create_project": (("Default project", 409),),
    "create_collection": (("Topics", 409), ("Pupils", 409)),
    "update_collection": (("Locked", 409), ("Pupils", 409)),
    "create_criterion_set": (("Quality", 409),),
    "create_llm_config": (("Small", 409),),
    "create_experiment": (("First", 409),),
    "create_scenario_set": (("Pupils", 400), ("Topics", 400)),
    "update_scenario_set": (("Locked set", 400), ("Topics", 400)),
    "add_scenario_field": (("mood", 409),),
    "rename_scenario_field": (("mood", 409),),
    "create_persona": (("Grace", 409),),
    "update_persona": (("Emmy", 409),),
    "create_persona_group": (("Pupils", 409),),
    "update_persona_group": (("Teachers", 409),),
}
"""Names that something has, and with which status they are refused: scenario sets answer 400, as the contract says."""

NOT_UNIQUE = {"create_api_key", "create_prompt_template"}
"""Keys may share a name; a template of a known name is its next version."""


def test_every_request_with_a_name_is_here() -> None:
    schemas = {one: CONTRACT.resolve(json_schema(one) or {}) for one in OPERATIONS}

    assert {one for one, schema in schemas.items() if "name" in schema.get("properties", {})} == (
        TAKEN.keys() | NOT_UNIQUE
    )


@pytest.mark.parametrize("operation", TAKEN)
async def test_a_taken_name(whole: Whole, operation: str) -> None:
    body = good_body(operation, whole.mine)["json"]
    async with whole.unchanged():
        for name, status in TAKEN[operation]:
            answer = await whole.send(operation, json={**body, "name": name})
            refused(answer, status, repr(name), "already", "hoose another")


async def test_a_version_that_there_is(whole: Whole) -> None:
    same = {"name": "Tutor", "messages": [{"role": "user", "content": "Explain {{topic}}."}]}
    async with whole.unchanged():
        answer = await whole.send("create_prompt_template", json=same)

        refused(answer, 409, "'Tutor'", "version 1", "change the content")
        assert answer.json()["prompt_template_id"] == whole.mine["prompt_template_id"]


# Read-only targets

LOCKED = {
    "collection_id": "locked_collection_id",
    "entry_id": "locked_entry_id",
    "scenario_set_id": "locked_set_id",
    "field_id": "locked_field_id",
    "scenario_id": "locked_scenario_id",
}
UNLOCKED = {"update_collection", "delete_collection"}
"""Read-only protects rows and columns: a collection may be renamed, unlocked and deleted."""


def changes_what_may_be_locked(operation: str) -> bool:
    path = OPERATIONS[operation].path
    return OPERATIONS[operation].method != "GET" and (
        "{collection_id}" in path or "{scenario_set_id}" in path
    )


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if changes_what_may_be_locked(one)])
async def test_a_read_only_target(whole: Whole, operation: str) -> None:
    ids = whole.mine | {name: whole.mine[locked] for name, locked in LOCKED.items()}
    changed: dict[str, Any] = {}
    if operation == "update_collection":
        changed = {"json": {"name": "Locked", "columns": [{"name": "topic"}, {"name": "x"}]}}
    elif operation in UNLOCKED:
        return
    async with whole.unchanged():
        answer = await whole.send(operation, ids=ids, **changed)
        refused(
            answer,
            409,
            "'Locked",
            "read-only",
            "Unlock it" if "/collections" in url_of(operation, ids) else "",
        )


# Rules

RULES: list[tuple[str, dict[str, Any], int, tuple[str, ...]]] = [
    ("create_api_key", {"name": "k", "expires_at": PAST}, 422, ("$.expires_at", "future")),
    (
        "create_prompt_template",
        {"messages": SAID, "tool_choice": "auto"},
        422,
        ("$.tool_choice", "needs tools", "Leave it out"),
    ),
    (
        "create_collection",
        {"columns": [{"name": "a"}, {"name": "a"}]},
        422,
        ("$.columns[1].name", "two columns named 'a'"),
    ),
    ("create_collection", {"columns": [{"name": " "}]}, 422, ("$.columns[0].name", "' '")),
    (
        "create_collection",
        {"variables": [{"a": "x"}, {"a": {"b": 1}}]},
        422,
        ("$.variables[1].a", "{'b': 1}", "json column"),
    ),
    ("create_collection", {"variables": [{"a": "x"}, {"": "y"}]}, 422, ("$.variables[1]", "needs a name")),
    (
        "create_collection",
        {"collection_type": "AGENTIC", "variables": [{"instruction": "x"}]},
        422,
        ("'task'", "Add it to the columns, or to the rows"),
    ),
    (
        "create_collection",
        {"collection_type": "AGENTIC", "variables": [{"task": "x"}, {"task": "x"}]},
        422,
        ("$.variables[1].task", "'x'", "$.variables[0]"),
    ),
    (
        "create_collection",
        {
            "columns": [
                {"name": "a", "column_type": "raw_input"},
                {"name": "b", "column_type": "conversation"},
            ]
        },
        422,
        ("$.columns", "'a' (raw_input), 'b' (conversation)"),
    ),
    (
        "create_collection",
        {"columns": [{"name": "a", "categorical_values": ["x"]}]},
        422,
        ("$.columns[0].categorical_values", "only a category column"),
    ),
    (
        "update_collection",
        {"name": "Topics", "columns": [{"id": UNKNOWN, "name": "x"}]},
        422,
        ("$.columns[0]", str(UNKNOWN)),
    ),
    ("create_template_variables", {}, 422, ("input_values", "prompt_template_id")),
    (
        "create_template_variables",
        {"input_values": {}, "prompt_template_id": "<prompt_template_id>"},
        422,
        ("exactly one of input_values", "prompt_template_id"),
    ),
    ("create_template_variables", {"input_values": {"topic": ["x"]}}, 422, ("$.input_values.topic", "['x']")),
    ("update_template_variables", {"input_values": {" ": "x"}}, 422, ("$.input_values", "needs a name")),
    ("create_criteria", {"criteria": []}, 422, ("prompt_template_id", "criterion_set_id")),
    (
        "create_criteria",
        {"criteria": None, "criterion_set_id": "<criterion_set_id>"},
        422,
        ("give prompt_template_id, or give criteria",),
    ),
    (
        "create_llm_config",
        {"name": "x", "llm_model_name": "m", "api_key": "k", "llm_base_url": "llm.example"},
        422,
        ("$.llm_base_url", "'llm.example'", "https://llm.example/v1"),
    ),
    (
        "create_llm_config",
        {"name": "x", "llm_model_name": "m", "api_key": "k", "temperature": 1, "reasoning_effort": "low"},
        422,
        ("temperature (1)", "'low'", "give one of them"),
    ),
    ("create_experiment", {"name": "x", "description": ""}, 422, ("$.collection_id", "needs a collection")),
    (
        "create_experiment",
        {"name": "x", "description": "", "collection_id": "<collection_id>"},
        422,
        ("$.prompt_template_id", "'Topics'"),
    ),
    (
        "create_experiment",
        {
            "name": "x",
            "description": "",
            "collection_id": "<moody_collection_id>",
            "prompt_template_id": "<prompt_template_id>",
        },
        422,
        (
            "'Tutor'",
            "{{topic}}",
            "'Moods'",
            "'mood'",
            "Add a column of that name, or correct the placeholder",
        ),
    ),
    (
        "create_experiment",
        {"name": "x", "description": "", "scenario_set_id": "<scenario_set_id>"},
        422,
        ("$.scenario_set_id", "MULTI_TURN"),
    ),
    (
        "create_experiment",
        {"name": "x", "description": "", "evaluation_mode": "AGENTIC", "collection_id": "<collection_id>"},
        422,
        ("$.collection_id", "'Topics' is STANDARD"),
    ),
    (
        "create_experiment",
        {
            "name": "x",
            "description": "",
            "collection_id": "<collection_id>",
            "prompt_template_id": "<prompt_template_id>",
            "response_column_id": UNKNOWN,
        },
        404,
        (str(UNKNOWN),),
    ),
    ("create_response", {"messages": []}, 422, ("$.messages", "POST /responses/generate")),
    (
        "create_response",
        {"messages": [{"role": "user", "content": "x"}]},
        422,
        ("$.messages", "no assistant or tool message"),
    ),
    ("generate_response", {"messages": SAID}, 422, ("$.messages", "POST /responses")),
    (
        "create_responses_batch",
        {
            "prompt_response_ins": [
                {"template_variables_id": "<entry_id>", "experiment_id": "<experiment_id>", "messages": SAID},
                {
                    "template_variables_id": "<locked_entry_id>",
                    "experiment_id": "<experiment_id>",
                    "messages": SAID,
                },
            ]
        },
        404,
        ("no row in collection",),
    ),
    (
        "create_ratings_batch",
        {"prompt_response_ids": ["<response_id>", UNKNOWN]},
        404,
        (str(UNKNOWN),),
    ),
    ("create_scenario_set", {"fields": ["a", "a"]}, 422, ("$.fields[1]", "'a'", "twice")),
    ("create_scenario_set", {"fields": ["goal"]}, 422, ("$.fields[0]", "'goal'", "choose another name")),
    ("add_scenario_field", {"name": "two words"}, 422, ("$.name", "'two words'", "letters, digits")),
    (
        "create_scenario",
        {"goal": " ", "expected_conversation_outcome": "x"},
        422,
        ("$.goal", "only blanks"),
    ),
    (
        "create_scenario",
        {"goal": "x", "expected_conversation_outcome": "x", "field_values": {"levle": "5"}},
        422,
        ("$.field_values", "'levle'", "'level', 'mood'", "correct the name"),
    ),
    (
        "create_scenarios_batch",
        {
            "scenarios": [
                {"goal": "x", "expected_conversation_outcome": "x"},
                {"goal": "x", "expected_conversation_outcome": "\n"},
            ]
        },
        422,
        ("$.scenarios[1].expected_conversation_outcome", "only blanks"),
    ),
    (
        "create_persona_group",
        {"name": "x", "persona_ids": ["<persona_id>", "<persona_id>"]},
        422,
        ("$.persona_ids[1]",),
    ),
]


@pytest.mark.parametrize(
    ("operation", "changed", "status", "named"), RULES, ids=[f"{row[0]} {' '.join(row[3])}" for row in RULES]
)
async def test_a_rule_between_fields(
    whole: Whole, operation: str, changed: dict[str, Any], status: int, named: tuple[str, ...]
) -> None:
    body = meant(changed, whole.mine)
    if operation in {"create_response", "generate_response"}:
        body = {**good_body(operation, whole.mine)["json"], **body}
    async with whole.unchanged():
        refused(await whole.send(operation, json=body), status, *named)


STATES: list[tuple[str, dict[str, str], int, tuple[str, ...]]] = [
    (
        "run_experiment",
        {"experiment_id": "agentic_experiment_id"},
        409,
        ("'Agents'", "upload_agent_results()"),
    ),
    (
        "get_agent_results_definition",
        {"experiment_id": "experiment_id"},
        400,
        ("'First'", "evaluation_mode AGENTIC"),
    ),
    ("upload_agent_results", {"experiment_id": "experiment_id"}, 400, ("'First'", "evaluation_mode AGENTIC")),
    (
        "preview_agent_results_matching",
        {"experiment_id": "experiment_id"},
        400,
        ("'First'", "evaluation_mode AGENTIC"),
    ),
    ("generate_response", {"experiment_id": "agentic_experiment_id"}, 422, ("'Agents'", "Give the messages")),
    ("delete_persona", {}, 409, ("'Grace'", "'Pupils'", "Take it out of them", "update_persona_group()")),
    ("get_persona", {}, 404, ("version",)),
]


@pytest.mark.parametrize(("operation", "instead", "status", "named"), STATES)
async def test_something_in_another_state(
    whole: Whole, operation: str, instead: dict[str, str], status: int, named: tuple[str, ...]
) -> None:
    ids = whole.mine | {name: whole.mine[one] for name, one in instead.items()}
    url = f"http://testserver/api/v0{OPERATIONS[operation].path}".format(**ids)
    arguments = good_body(operation, ids)
    if operation == "generate_response":
        arguments["json"] |= {
            "experiment_id": ids["experiment_id"],
            "template_variables_id": ids["agentic_task_id"],
        }
    if operation == "get_persona":
        arguments = {"params": {"version": 99}}
    async with whole.unchanged():
        refused(await whole.send(operation, url=url, **arguments), status, *named)


QUERIES: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("get_experiment", {"categorical_filters": "{"}, ("categorical_filters", "JSON")),
    ("get_experiment", {"categorical_filters": '["mood"]'}, ("categorical_filters",)),
    ("get_experiment", {"categorical_filters": '{"mood": "good"}'}, ("categorical_filters",)),
    ("list_comparison_samples", {"categorical_filters": "{"}, ("categorical_filters", "JSON")),
]


@pytest.mark.parametrize(("operation", "query", "named"), QUERIES)
async def test_a_filter_that_cannot_be_read(
    whole: Whole, operation: str, query: dict[str, Any], named: tuple[str, ...]
) -> None:
    needed = {
        one["name"]: whole.mine[one["name"]]
        for one in OPERATIONS[operation].parameters
        if one["in"] == "query" and one.get("required")
    }
    refused(await whole.send(operation, params=needed | query), 422, *named)
