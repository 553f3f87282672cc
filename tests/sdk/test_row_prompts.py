"""Rows that hold their own prompts, and criteria for one row, through the clients."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elluminate import APIError, AsyncClient, Client, EqualPromptsWarning, SingleBracesWarning
from elluminate.schemas import CollectionColumn, ColumnType, UCEPayloadV1

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(base_url=f"local:{tmp_path / 'test.db'}") as client:
        yield client


def test_a_conversation_goes_on_and_one_row_has_a_criterion_of_its_own(client: Client) -> None:
    talk = UCEPayloadV1.from_openai(
        [{"role": "user", "content": "Where is the Eiffel Tower?"}], tools=[TOOL], tool_choice="required"
    )
    collection = client.create_collection(
        "Talks",
        columns=[CollectionColumn(name="talk", column_type=ColumnType.CONVERSATION)],
        variables=[
            {"talk": talk.to_uce_dict()},
            {"talk": UCEPayloadV1.from_openai([{"role": "user", "content": "Say hello."}]).to_uce_dict()},
        ],
    )
    criterion_set = client.create_criterion_set("Quality", ["Is it short?"])
    row = collection.variables[1]
    own = criterion_set.add_criterion("Does it greet?", template_variables=row)

    experiment = client.run_experiment("Talking", None, collection, criterion_set=criterion_set)

    called, said = experiment.responses()
    assert called.prompt.resolved_tools == [TOOL]
    assert called.prompt.resolved_tool_choice == "required"
    assert called.messages[0]["tool_calls"][0]["function"]["name"] == "look_up"
    assert called.prompt.prompt_template is None
    assert [rating.criterion.criterion_str for rating in called.ratings] == ["Is it short?"]
    assert [rating.criterion.criterion_str for rating in said.ratings] == ["Is it short?", "Does it greet?"]
    assert own.template_variables is not None
    assert own.template_variables.id == row.id


@pytest.mark.anyio
async def test_raw_inputs_without_blocking(tmp_path: Path) -> None:
    async with AsyncClient(base_url=f"local:{tmp_path / 'test.db'}") as client:
        collection = await client.create_collection(
            "Prompts",
            columns=[CollectionColumn(name="prompt", column_type=ColumnType.RAW_INPUT)],
            variables=[{"prompt": "Explain {{tides}}."}],
        )
        experiment = await client.run_experiment("Raw", None, collection)
        (response,) = experiment.responses()
        assert response.prompt.messages[0]["content"] == "Explain {{tides}}."
        template = await client.create_prompt_template("T", template="Explain tides.")
        with pytest.raises(APIError, match="Leave the template out"):
            await client.run_experiment("Both", template, collection)


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        pytest.param(["topic"], [{"topic": "tides"}], id="one row"),
        pytest.param(
            [CollectionColumn(name="talk", column_type=ColumnType.CONVERSATION)],
            [
                {"talk": UCEPayloadV1.from_openai([{"role": "user", "content": text}]).to_uce_dict()}
                for text in ("Hello.", "Bye.")
            ],
            id="conversations",
        ),
        pytest.param(["answer"], [{"answer": "Ebb."}, {"answer": "Flow."}], id="answers in a column"),
    ],
)
def test_a_prompt_without_placeholders_is_fine_where_rows_are_not_asked_the_same(
    columns: list[str | CollectionColumn], rows: list[dict[str, Any]], client: Client
) -> None:
    template = client.create_prompt_template("T", template="Be brief.")
    collection = client.create_collection("C", columns=columns, variables=rows)
    answers = next((column.id for column in collection.columns if column.name == "answer"), None)
    with warnings.catch_warnings():
        warnings.simplefilter("error", EqualPromptsWarning)
        client.create_experiment("E", template, collection, response_column_id=answers).clone("Again")


def test_instructions_before_a_conversation_may_have_names_in_braces(client: Client) -> None:
    talks = [
        {"talk": UCEPayloadV1.from_openai([{"role": "user", "content": text}]).to_uce_dict()}
        for text in ("Hello.", "Bye.")
    ]
    collection = client.create_collection(
        "C", columns=[CollectionColumn(name="talk", column_type=ColumnType.CONVERSATION)], variables=talks
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        instructions = [{"role": "system", "content": "Write {name} where the name belongs."}]
        template = client.create_prompt_template("T", instructions)
        client.run_experiment("E", template, collection, criteria=["Is it kind?"])


def test_a_text_is_warned_of_once_per_client(client: Client) -> None:
    collection = client.create_collection("C", variables=[{"topic": "tides"}, {"topic": "rain"}])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for name in ("First", "Second"):
            template, _ = client.get_or_create_prompt_template("T", template="Explain {topic}.")
            client.run_experiment(name, template, collection, criteria=["Is it about {topic}?"])
        client.with_options(timeout=30).run_experiment("Third", template, collection, criteria=["Is it?"])
    assert [str(one.message)[:20] for one in told] == ["the prompt has {topi", "the criterion 'Is it"]
    with Client(base_url=client.base_url) as another, pytest.warns(SingleBracesWarning):
        another.run_experiment("Fourth", template, collection, criteria=["Is it?"])
