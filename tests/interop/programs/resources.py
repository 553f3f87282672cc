"""Templates, collections, criteria, criterion sets and LLM configs: made, versioned, looked up, listed, deleted."""

from calling import Caller, main

from elluminate.exceptions import ConflictError


async def prompt_templates(call: Caller):
    prompt = "Explain {{concept}} to {{reader}}."
    first = await call.do("create_prompt_template", name="Explain", messages=prompt)
    second = await call.of(first, "new_version", messages="Explain {{concept}} to {{reader}}, briefly.")
    same, created = await call.do("get_or_create_prompt_template", name="Explain", messages=prompt)
    chat, made = await call.do(
        "get_or_create_prompt_template",
        name="Chat",
        messages=[
            {"role": "system", "content": "Answer as {{reader}} would."},
            {"role": "user", "content": "What is {{concept}}?"},
        ],
    )
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    await call.do(
        "create_prompt_template",
        name="Structured",
        messages="Answer {{concept}} as JSON.",
        response_format={
            "type": "json_schema",
            "json_schema": {
                "name": "answer",
                "strict": True,
                "schema": {**schema, "additionalProperties": False},
            },
        },
    )
    await call.refused(ConflictError, "create_prompt_template", name="Explain", messages=prompt)
    await call.refused(ValueError, "get_prompt_template", name="Nothing")
    newest = await call.do("get_prompt_template", name="Explain")
    oldest = await call.do("get_prompt_template", name="Explain", version=1)
    by_id = await call.do("get_prompt_template", id=second.id)
    call.note("placeholders", sorted(first.placeholders))
    call.note("versions", [first.version, second.version, newest.version, oldest.version, by_id.version])
    call.note("got or created", [same.id == first.id, created, chat.version, made])
    call.note(
        "rendered", [dict(message) for message in chat.render_messages(concept="a loop", reader="a cat")]
    )
    if call.has(call.client, "list_prompt_templates"):
        listed = await call.do("list_prompt_templates")
        named = await call.do("list_prompt_templates", name="Explain")
        call.note("templates", sorted(f"{template.name} v{template.version}" for template in listed))
        call.note("named templates", sorted(template.version for template in named))
    return first, second, chat


async def criteria(call: Caller, first, second):
    generated = await call.of(first, "generate_criteria")
    kept, again = await call.of(first, "get_or_generate_criteria")
    replaced = await call.of(first, "generate_criteria", delete_existing=True)
    listed = await call.of(first, "list_criteria")
    call.note(
        "generated criteria", [len(generated) > 0, [c.id for c in kept] == [c.id for c in generated], again]
    )
    call.note(
        "replaced criteria",
        sorted(c.criterion_str for c in replaced) == sorted(c.criterion_str for c in listed),
    )
    quality = await call.do("create_criterion_set", name="Quality", criteria=["Is it short?"])
    added = await call.of(quality, "add_criteria", ["Is it kind?", "Is it short?"])
    one = await call.of(quality, "add_criterion", "Does it mention {{concept}}?")
    await call.of(quality, "link_template", second)
    linked = await call.do("get_prompt_template", id=second.id)
    named = await call.do("get_criterion_set", name="Quality")
    by_id = await call.do("get_criterion_set", id=quality.id)
    await call.of(quality, "unlink_template", second)
    unlinked = await call.do("get_prompt_template", id=second.id)
    spare, made = await call.do(
        "get_or_create_criterion_set", name="Spare", defaults={"criteria": ["Is it there?"]}
    )
    _, again = await call.do("get_or_create_criterion_set", name="Spare")
    await call.of(spare, "clear")
    emptied = await call.do("get_criterion_set", id=spare.id)
    await call.refused(ConflictError, "create_criterion_set", name="Quality")
    await call.refused(ValueError, "get_criterion_set", name="Nothing")
    sets = await call.do("list_criterion_sets")
    call.note("added criteria", [c.criterion_str for c in [*added, one]])
    call.note("linked", [linked.criterion_set_id == quality.id, unlinked.criterion_set_id])
    call.note("read criteria", [sorted(c.criterion_str for c in read.criteria) for read in (named, by_id)])
    call.note("spare", [made, again, emptied.criteria])
    call.note("sets", len(sets))
    await call.do("delete_criterion_set", spare)


async def collections(call: Caller, first):
    rows = [{"concept": "recursion", "reader": "a child"}, {"concept": "closures", "reader": "an expert"}]
    concepts = await call.do(
        "create_collection", name="Concepts", description="What to explain", variables=rows
    )
    await call.of(concepts, "add_many", variables=[{"concept": "Ünïcode ✓", "reader": "anyone / everyone"}])
    if call.level >= (1, 5):
        known = await call.do("create_collection", name="Known", variables=rows)
        more = [*rows, {"concept": "x", "reader": "y"}]
        added = await call.of(known, "add_many", variables=more, skip_existing=True)
        call.note("added but for the existing", [row.input_values for row in added])
        await call.do("delete_collection", known)
    invented = await call.of(concepts, "generate_variables", first)
    named = await call.do("get_collection", name="Concepts")
    by_id = await call.do("get_collection", id=concepts.id)
    columns = await call.do("create_collection", name="Columns", columns=["concept", "reader"])
    defaults = {"variables": [{"a": "1"}], "description": "d"}
    other, made = await call.do("get_or_create_collection", name="Other", defaults=defaults)
    filled = len(other.variables)
    same, again = await call.do("get_or_create_collection", name="Other")
    await call.refused(ConflictError, "create_collection", name="Concepts")
    await call.refused(ValueError, "get_collection", name="Nothing")
    await call.of(other, "clear")
    cleared = await call.do("get_collection", id=other.id)
    call.note("invented", sorted(invented.input_values))
    call.note("rows", [row.input_values["concept"] for row in named.variables if row.id != invented.id])
    call.note("read twice", [row.id for row in named.variables] == [row.id for row in by_id.variables])
    call.note("columns", [[column.name for column in c.columns] for c in (named, columns)])
    call.note("got or created collection", [made, again, same.id == other.id, filled, len(cleared.variables)])
    if call.has(call.client, "list_collections"):
        listed = await call.do("list_collections")
        compatible = await call.do("list_collections", compatible_prompt_template=first)
        call.note("collections", sorted([c.name, c.variables_count] for c in listed))
        call.note("compatible", sorted(c.name for c in compatible))
    await call.do("delete_collection", other)
    await call.refused(ValueError, "get_collection", name="Other")


async def llm_configs(call: Caller):
    small = await call.do(
        "create_llm_config",
        name="Small",
        llm_model_name="small-1",
        api_key="not-a-key",
        temperature=0.5,
        max_tokens=100,
    )
    named = await call.do("get_llm_config", name="Small")
    by_id = await call.do("get_llm_config", id=small.id)
    other, made = await call.do(
        "get_or_create_llm_config",
        name="Other",
        defaults={"llm_model_name": "other-1", "api_key": "not-a-key"},
    )
    same, again = await call.do("get_or_create_llm_config", name="Other")
    await call.refused(
        ConflictError, "create_llm_config", name="Small", llm_model_name="small-1", api_key="not-a-key"
    )
    await call.refused(ValueError, "get_llm_config", name="Nothing")
    call.note("model", [named.llm_model_name, named.temperature, named.max_tokens, by_id.id == small.id])
    call.note("got or created model", [made, again, same.id == other.id])
    await call.do("delete_llm_config", other)


async def program(call: Caller):
    first, second, chat = await prompt_templates(call)
    await criteria(call, first, second)
    await collections(call, first)
    await llm_configs(call)
    await call.do("delete_prompt_template", chat)
    await call.refused(ValueError, "get_prompt_template", name="Chat")


main(program)
