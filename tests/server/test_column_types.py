"""Columns by type over HTTP: what their cells hold, and which columns can be together."""

from typing import Any

import httpx
import pytest

from tests.server.conftest import created

pytestmark = pytest.mark.anyio

TALK = {"input": {"messages": [{"role": "user", "content": "Hello"}]}}
STORED = {**TALK, "schema_version": "elluminate.uce/1"}


def of_type(column_type: str, *values: Any, **column: Any) -> dict[str, Any]:
    return {
        "name": "C",
        "columns": [{"name": "a", "column_type": column_type, **column}],
        "variables": [{"a": value} for value in values],
    }


@pytest.mark.parametrize(
    ("column_type", "sent", "stored"),
    [
        ("text", [1.5, True, None, "é"], ["1.5", "true", "", "é"]),
        ("raw_input", ["Say {{a}}", None], ["Say {{a}}", ""]),
        ("persona_goal", ["Get a refund"], ["Get a refund"]),
        ("json", [{"b": [1, None]}, "text", None, 1.5], [{"b": [1, None]}, "text", None, 1.5]),
        ("category", ["red", "", None], ["red", "", ""]),
        (
            "conversation",
            [TALK, '{"input": {"messages": [{"role": "user", "content": "Hello"}]}}', None],
            [STORED, STORED, ""],
        ),
    ],
)
async def test_cells_are_stored_by_their_column_s_type(
    api: httpx.AsyncClient, column_type: str, sent: list[Any], stored: list[Any]
) -> None:
    values = {"categorical_values": ["red", "blue"]} if column_type == "category" else {}
    made = await created(api, "/collections", of_type(column_type, *sent, **values))

    read = (await api.get(f"/collections/{made['id']}")).json()

    assert [row["input_values"]["a"] for row in read["variables"]] == stored
    assert read["columns"][0]["column_type"] == column_type


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("Hello", "not the text 'Hello'"),
        ([1], "$.variables[1].a: has to be an object, not a list"),
        ({"input": {}, "schema_version": "elluminate.uce/2"}, ".schema_version"),
        ({"messages": []}, "a: the field 'input' is missing"),
        ({"input": {"messages": [{"role": "user", "content": 1}]}}, ".input.messages[0].content"),
        ({"input": {"messages": [{"role": "wizard", "content": "x"}]}}, ".input.messages[0].role"),
        ({"input": {"tools": [{"type": "function"}]}}, ".input.tools[0]"),
        ({"input": {"tool_choice": "required"}}, "'required' needs tools"),
        ({"input": {"tool_choice": "always"}}, "'always' is none of"),
        ({"input": {"tool_choice": {"type": "function", "function": {"name": "f"}}}}, "the tool 'f'"),
        ({"input": {"response_format": {"hint": "xml"}}}, ".input.response_format.hint"),
    ],
)
async def test_a_conversation_that_breaks_the_payload_is_refused_by_its_path(
    api: httpx.AsyncClient, payload: Any, words: str
) -> None:
    refused = await api.post("/collections", json=of_type("conversation", TALK, payload))

    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("$.variables[1].a")
    assert words in refused.json()["detail"]
    assert (await api.get("/collections")).json()["count"] == 0


@pytest.mark.parametrize(
    ("types", "words"),
    [
        (["raw_input", "raw_input"], "'a' (raw_input), 'b' (raw_input)"),
        (["conversation", "conversation"], "at most one column"),
        (["text", "conversation", "raw_input"], "'b' (conversation), 'c' (raw_input)"),
    ],
)
async def test_rows_have_one_prompt_at_most(api: httpx.AsyncClient, types: list[str], words: str) -> None:
    columns = [{"name": name, "column_type": one} for name, one in zip("abc", types, strict=False)]
    refused = await api.post("/collections", json={"name": "C", "columns": columns})
    first = await created(api, "/collections", {"name": "D", "columns": columns[:1]})
    changed = await api.put(f"/collections/{first['id']}", json={"name": "D", "columns": columns})

    for answer in (refused, changed):
        assert answer.status_code == 422
        assert words in answer.json()["detail"]
    assert len((await api.get(f"/collections/{first['id']}")).json()["columns"]) == 1


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"column_type": "conversation", "default_value": "x"}, "has no default"),
        ({"column_type": "category", "categorical_values": ["x"], "default_value": "y"}, "'y' is not one"),
        ({"column_type": "raw_input", "categorical_values": ["x"]}, "only a category column"),
    ],
)
async def test_columns_with_odd_values_are_refused(
    api: httpx.AsyncClient, column: dict[str, Any], words: str
) -> None:
    refused = await api.post("/collections", json={"name": "C", "columns": [{"name": "a", **column}]})

    assert refused.status_code == 422
    assert words in refused.json()["detail"]


async def test_a_conversation_column_keeps_its_name(api: httpx.AsyncClient) -> None:
    made = await created(api, "/collections", of_type("conversation", TALK))
    path, (column,) = f"/collections/{made['id']}", made["columns"]

    renamed = await api.put(path, json={"name": "C", "columns": [{"id": column["id"], "name": "b"}]})
    moved = await api.put(path, json={"name": "C", "columns": [{"name": "new"}, {"name": "a"}]})

    assert renamed.status_code == 422
    assert "'a' cannot be renamed" in renamed.json()["detail"]
    assert [(one["name"], one["column_type"]) for one in moved.json()["columns"]] == [
        ("new", "text"),
        ("a", "conversation"),
    ]
    assert (await api.get(path)).json()["variables"][0]["input_values"]["a"] == STORED


async def test_text_becomes_a_conversation_when_it_is_one(api: httpx.AsyncClient) -> None:
    text = '{"input": {"messages": [{"role": "user", "content": "Hello"}]}}'
    made = await created(api, "/collections", of_type("text", text, default_value="none"))
    path = f"/collections/{made['id']}"
    wanted = {"name": "C", "columns": [{"name": "a", "column_type": "conversation"}]}

    changed = (await api.put(path, json=wanted)).json()

    assert changed["columns"][0]["default_value"] == ""
    assert (await api.get(path)).json()["variables"][0]["input_values"]["a"] == STORED
    await created(api, "/collections", of_type("text", "Hello") | {"name": "D"})
    refused = await api.put(f"/collections/{made['id'] + 1}", json={**wanted, "name": "D"})
    assert refused.status_code == 422
    assert "Row " in refused.json()["detail"]


async def test_collections_of_every_kind(api: httpx.AsyncClient) -> None:
    made = await created(api, "/collections", {"name": "C", "collection_type": "PERSONA"})

    assert made["collection_type"] == "PERSONA"
