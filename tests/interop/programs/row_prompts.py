"""Rows that are prompts, columns of each type, tools, structured answers, and answers that stand in a column."""

from calling import Caller, main
from pydantic import BaseModel

from elluminate.schemas import (
    CollectionColumn,
    ColumnTypeEnum,
    GenerationMetadata,
    GenerationParams,
    UCEPayloadV1,
)

TOOL = {
    "type": "function",
    "function": {
        "name": "look_up",
        "description": "Finds a word.",
        "parameters": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
    },
}


class Answer(BaseModel):
    """What the model must say."""

    text: str
    sure: bool


def texts(experiment):
    """What was answered, in the order of the rows."""
    responses = sorted(experiment.rated_responses, key=lambda r: (r.prompt.template_variables.id, r.epoch))
    return [response.response_str for response in responses]


async def raw_inputs(call: Caller, quality):
    columns = [
        CollectionColumn(name="prompt", column_type=ColumnTypeEnum.RAW_INPUT),
        CollectionColumn(
            name="area",
            column_type=ColumnTypeEnum.CATEGORY,
            categorical_values=["sea", "sky"],
            default_value="sea",
        ),
        CollectionColumn(name="facts", column_type=ColumnTypeEnum.JSON),
        CollectionColumn(name="note", default_value="none"),
    ]
    rows = [
        {"prompt": "Explain tides.", "facts": '{"by": "moon"}'},
        {"prompt": "Explain rain.", "area": "sky", "facts": "[1, 2]", "note": "short"},
    ]
    prompts = await call.do("create_collection", name="Prompts", columns=columns, variables=rows)
    ran = await call.do(
        "run_experiment",
        name="Raw",
        prompt_template=None,
        collection=prompts,
        criterion_set=quality,
        rating_version="mock",
    )
    types = {column.name: column.column_type.value for column in prompts.columns}
    call.note("types", dict(sorted(types.items())))
    call.note("values", [sorted(row.input_values) for row in prompts.variables])
    call.note("raw", [len(texts(ran)), all(texts(ran)), str(ran.rating_version), ran.prompt_template])


async def conversations(call: Caller, quality):
    if not callable(getattr(UCEPayloadV1, "from_openai", None)):
        return
    talk = UCEPayloadV1.from_openai(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Where is the Eiffel Tower?"},
        ],
        tools=[TOOL],
        tool_choice="required",
    )
    plain = UCEPayloadV1.from_openai([{"role": "user", "content": "Say hello."}], metadata={"from": "a test"})
    collection = await call.do(
        "create_collection",
        name="Talks",
        columns=[CollectionColumn(name="talk", column_type=ColumnTypeEnum.CONVERSATION)],
        variables=[{"talk": talk.to_uce_dict()}, {"talk": plain.to_uce_dict()}],
    )
    ran = await call.do(
        "run_experiment",
        name="Talking",
        prompt_template=None,
        collection=collection,
        criterion_set=quality,
        n_epochs=2,
    )
    called = [response for response in ran.rated_responses if response.messages[0].tool_calls]
    call.note("talks", [len(ran.rated_responses), len(called)])
    call.note("called", sorted({r.messages[0].tool_calls[0].function.name for r in called}))


async def shaped(call: Caller, quality):
    rows = [{"word": "tide", "known": "The sea rises."}, {"word": "rain", "known": "Water falls."}]
    words = await call.do("create_collection", name="Words", variables=rows)
    tools = await call.do(
        "create_prompt_template", name="Tools", messages="Find {{word}}.", tools=[TOOL], tool_choice="auto"
    )
    answering = await call.do(
        "create_prompt_template", name="Shaped", messages="Explain {{word}}.", response_format=Answer
    )
    again = await call.of(answering, "new_version", messages="Explain {{word}} well.", response_format=Answer)
    call.note("tools", [len(tools.tools), tools.tool_choice])
    call.note("shaped", [answering.version, again.version, again.response_format_json_schema is not None])
    ran = await call.do(
        "run_experiment", name="Shaped", prompt_template=answering, collection=words, criterion_set=quality
    )
    call.note("shaped answers", all(Answer.model_validate_json(text) for text in texts(ran)))

    column = next(column for column in words.columns if column.name == "known")
    known = await call.do(
        "run_experiment",
        name="Known",
        prompt_template=tools,
        collection=words,
        criterion_set=quality,
        response_column_id=column.id,
    )
    call.note("known", [texts(known), known.response_column_id == column.id])
    waiting = await call.do(
        "run_experiment",
        name="Waiting",
        prompt_template=tools,
        collection=words,
        criterion_set=quality,
        generate=False,
    )
    call.note("waiting", [len(waiting.rated_responses), waiting.results])
    params = GenerationParams(temperature=0.3, max_tokens=200)
    await call.of(waiting, "run", generation_params=params)
    ran = await call.do("get_experiment", id=waiting.id, fetch_responses=False)
    call.note("waited", [len(waiting.rated_responses), ran.generation_params.temperature])
    model = await call.do(
        "create_llm_config", name="Elsewhere", llm_model_name="elsewhere-1", api_key="not-a-key"
    )
    fed = await call.do(
        "create_experiment", name="Fed", prompt_template=tools, collection=words, criterion_set=quality
    )
    measured = GenerationMetadata(
        llm_model_config=None, duration_seconds=1.5, input_tokens=3, output_tokens=4
    )
    added = await call.of(
        fed,
        "add_responses",
        responses=["The sea.", "Water."],
        template_variables=words.variables,
        metadata=[model, measured],
    )
    told = [response.generation_metadata for response in added]
    call.note(
        "metadata", [told[0].llm_model_config.llm_model_name, told[1].input_tokens, told[1].output_tokens]
    )


async def program(call: Caller):
    quality = await call.do("create_criterion_set", name="Quality", criteria=["Is it short?"])
    await raw_inputs(call, quality)
    await conversations(call, quality)
    await shaped(call, quality)


main(program)
