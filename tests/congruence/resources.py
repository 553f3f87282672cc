"""Templates, criteria, collections, models, keys and projects: made, changed, read, listed."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from elluminate_api.models import CollectionColumn, ColumnType

from elluminate import ConflictError, NotFoundError, ValidationError
from elluminate.schemas import PromptTemplateFilter
from tests.congruence.caller import Caller

_TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
_ANSWER = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}


@frozen
class Resources:
    """What experiments are made of."""

    explain: Any
    shorter: Any
    quality: Any
    concepts: Any
    small: Any


async def resources(call: Caller) -> Resources:
    """One of everything, for the experiments."""
    explain, shorter = await _prompt_templates(call)
    quality = await _criteria(call, explain, shorter)
    concepts = await _collections(call, explain)
    small = await _llm_configs(call)
    await _keys_and_projects(call)
    return Resources(explain, shorter, quality, concepts, small)


async def _prompt_templates(call: Caller) -> tuple[Any, Any]:
    prompt = "Explain {{concept}} to {{reader}}."
    explain = await call.do("create_prompt_template", name="Explain", template=prompt)
    await call.do("create_prompt_template", name="Explain", messages=prompt, raises=ConflictError)
    shorter = await call.of(explain, "new_version", template="Explain {{concept}} to {{reader}}, briefly.")
    await call.do("get_prompt_template", name="Explain")
    await call.do("get_prompt_template", name="Explain", version=1)
    await call.do("get_prompt_template", id=shorter.id)
    await call.do("get_prompt_template", name="Nothing", raises=NotFoundError)
    await call.do("get_or_create_prompt_template", "Explain", prompt)
    await call.do("get_or_create_prompt_template", "Chat", [{"role": "system", "content": "Be kind."}])
    await call.do(
        "create_prompt_template",
        "Structured",
        "Answer {{concept}} as JSON.",
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": _ANSWER},
        },
    )
    await call.do("create_prompt_template", "Tools", "Find {{concept}}.", tools=[_TOOL], tool_choice="auto")
    await call.do("list_prompt_templates")
    await call.do("list_prompt_templates", name="Explain")
    latest = PromptTemplateFilter(name="Explain", version="latest")
    await call.each(call.client.iter_prompt_templates(latest), "iter_prompt_templates")
    return explain, shorter


async def _criteria(call: Caller, explain: Any, shorter: Any) -> Any:
    await call.of(explain, "list_criteria")
    await call.of(explain, "generate_criteria")
    await call.of(explain, "generate_criteria", raises=ConflictError)
    await call.of(explain, "get_or_generate_criteria")
    await call.of(explain, "generate_criteria", delete_existing=True)
    await call.of(explain, "list_criteria")
    quality = await call.do("create_criterion_set", "Quality", ["Is it short?"])
    await call.do("create_criterion_set", "Quality", raises=ConflictError)
    await call.of(quality, "add_criteria", ["Is it kind?", "Is it short?"])
    await call.of(quality, "add_criterion", "Does it mention {{concept}}?")
    passing = await call.of(quality, "add_criterion", "Is it wrong?")
    await call.of(passing, "update", "Is it right?", label="right")
    await call.of(passing, "delete")
    await call.do("get_criterion_set", name="Quality")
    await call.do("get_criterion_set", id=quality.id)
    await call.of(quality, "link_template", shorter)
    await call.do("get_prompt_template", id=shorter.id)
    await call.of(quality, "unlink_template", shorter)
    await call.do("get_or_create_criterion_set", "Quality")
    spare, _ = await call.do("get_or_create_criterion_set", "Spare", {"criteria": ["Is it there?"]})
    await call.of(spare, "clear")
    await call.do("list_criterion_sets")
    await call.do("delete_criterion_set", spare)
    return quality


async def _collections(call: Caller, explain: Any) -> Any:
    concepts = await call.do("create_collection", "Concepts", "What to explain")
    rows = [{"concept": "recursion", "reader": "a child"}, {"concept": "closures", "reader": "an expert"}]
    await call.of(concepts, "add_many", rows)
    more = [*rows, {"concept": "Ünïcode ✓", "reader": "anyone / everyone"}]
    await call.of(concepts, "add_many", more, skip_existing=True)
    written = await call.of(concepts, "generate_variables", explain)
    await call.of(concepts, "update_entry", written, {"concept": "monads", "reader": "a cat"})
    await call.do("create_collection", "Concepts", raises=ConflictError)
    await call.do("get_collection", name="Concepts")
    await call.do("get_collection", id=concepts.id)
    await call.do("list_collections")
    await call.do("list_collections", compatible_prompt_template=explain)
    await call.each(call.client.iter_collections(), "iter_collections")
    other, _ = await call.do(
        "get_or_create_collection", "Other", {"variables": [{"concept": "x", "reader": "y"}]}
    )
    await call.do("update_collection", other, description="Of no use", read_only=True)
    await call.of(other, "clear", raises=ConflictError)
    await call.of(other, "update", read_only=False)
    await call.of(other, "delete_entry", other.variables[0])
    await call.of(other, "add_many", rows)
    await call.of(other, "clear")
    await call.do("delete_collection", other)
    return concepts


async def prompts_of_rows(call: Caller) -> None:
    """A collection whose rows are the prompts, with columns of several types."""
    columns = [
        CollectionColumn(name="prompt", column_type=ColumnType.RAW_INPUT),
        CollectionColumn(
            name="area",
            column_type=ColumnType.CATEGORY,
            categorical_values=["sea", "sky"],
            default_value="sea",
        ),
        CollectionColumn(name="facts", column_type=ColumnType.JSON),
    ]
    rows = [
        {"prompt": "Explain tides.", "facts": {"by": ["moon", "sun"]}},
        {"prompt": "Explain rain.", "area": "sky", "facts": [1, 2.5, None]},
    ]
    prompts = await call.do("create_collection", "Prompts", columns=columns, variables=rows)
    await call.of(prompts, "add_many", [{"prompt": "x", "area": "land"}], raises=Exception)
    quality = await call.do("create_criterion_set", "Of rows", ["Is it short?"])
    await call.of(quality, "add_criterion", "Does it mention rain?", template_variables=prompts.variables[1])
    ran = await call.do("run_experiment", "Of rows", None, prompts, criterion_set=quality)
    assert sorted(len(response.ratings) for response in ran.responses()) == [1, 2]
    await call.do("get_experiment", name="Of rows", categorical_filters={"area": ["sky"]})


async def _llm_configs(call: Caller) -> Any:
    small = await call.do("create_llm_config", "Small", "small-1", "not-a-key", temperature=0.5)
    await call.do("get_llm_config", name="Small")
    await call.do("get_llm_config", id=small.id)
    await call.do("get_or_create_llm_config", "Small")
    await call.do("list_llm_configs")
    tested = await call.of(small, "test", "Explain tides.")
    assert (tested.ok, tested.answered_by_model) == (True, "offline")
    return small


async def _keys_and_projects(call: Caller) -> None:
    key = await call.do("create_api_key", "Pipeline", role="editor")
    assert key.key
    assert key.role == "editor"
    await call.do("create_api_key", "Pipeline", role="owner", raises=ValidationError)
    await call.do("revoke_api_key", key)
    # Which key asked, and by which request, is not the same however the server was started.
    lines = await call.world.acall(call.client, "list_audit_events", object_kind="api_key", object_id=key.id)
    # A DELETE whose answer was lost is carried out again, and has a line each time.
    told = list(dict.fromkeys((one.operation, one.status, one.object_name) for one in lines))
    call.note("list_audit_events", told)
    assert [operation for operation, _, _ in told] == ["create_api_key", "revoke_api_key"]
    await call.do("list_audit_events", object_kind="nothing", raises=ValidationError)
    # A server of its own has a key that was made when it was started, too.
    (listed,) = await call.some("list_api_keys", lambda one: one.id == key.id)
    assert listed.revoked_at is not None
    (project, *_) = await call.do("list_projects")
    await call.do("select_project", project)
    await call.do("select_project", 99, raises=NotFoundError)
    await call.do("create_project", "", raises=ValidationError)
    await call.do("create_project", "Another", "Of the same organization")
    await call.do("create_project", "Another", raises=ConflictError)
    await call.do("list_projects")
    await call.do("check_version")
