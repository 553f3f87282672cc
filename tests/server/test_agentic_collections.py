"""AGENTIC collections over HTTP: one task per row, each with a name of its own."""

from typing import Any

import httpx
import pytest

from tests.server.conftest import created

pytestmark = pytest.mark.anyio

ROWS = [
    {"task": "sort", "instruction": "Sort the file."},
    {"task": "count", "instruction": "Count {{the}} lines."},
]


async def tasks(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    body = {"name": "Tasks", "collection_type": "AGENTIC", "variables": ROWS, **fields}
    return await created(api, "/collections", body)


async def test_an_instruction_that_only_the_rows_name_is_the_prompt(api: httpx.AsyncClient) -> None:
    collection = await tasks(api)
    assert collection["collection_type"] == "AGENTIC"
    assert [(one["name"], one["column_type"]) for one in collection["columns"]] == [
        ("task", "text"),
        ("instruction", "raw_input"),
    ]
    assert [row["input_values"] for row in collection["variables"]] == ROWS
    named = await tasks(api, name="Named", columns=[{"name": "task"}, {"name": "instruction"}])
    assert [one["column_type"] for one in named["columns"]] == ["text", "text"]


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"variables": [{"instruction": "x"}]}, "needs a text column 'task'"),
        ({"variables": [], "columns": []}, "needs a text column 'task'"),
        ({"variables": [], "columns": [{"name": "task", "column_type": "json"}]}, "has to be a text column"),
        ({"variables": [{"task": " "}]}, "$.variables[0].task: every row"),
        (
            {"variables": [{"task": "a"}, {"task": "a"}]},
            "$.variables[1].task: 'a' is the task of $.variables[0]",
        ),
    ],
)
async def test_a_collection_without_one_name_per_row_is_refused(
    fields: dict[str, Any], detail: str, api: httpx.AsyncClient
) -> None:
    refused = await api.post("/collections", json={"name": "Tasks", "collection_type": "AGENTIC", **fields})
    assert refused.status_code == 422
    assert detail in refused.json()["detail"]
    assert (await api.get("/collections")).json()["count"] == 0


async def test_a_task_that_another_row_has_is_refused(api: httpx.AsyncClient) -> None:
    collection = await tasks(api)
    rows = f"/collections/{collection['id']}/entries"
    first = f"{rows}/{collection['variables'][0]['id']}"
    taken = await api.post(rows, json={"input_values": {"task": "sort"}})
    assert taken.status_code == 409
    assert f"'sort' already (id {collection['variables'][0]['id']})" in taken.json()["detail"]
    unnamed = await api.post(rows, json={"input_values": {"instruction": "x"}})
    assert unnamed.status_code == 422
    assert (await api.put(first, json={"input_values": {"task": "count"}})).status_code == 409
    assert (await api.put(first, json={"input_values": {"task": "sort"}})).status_code == 200
    upload = {"file": ("variables.jsonl", b'{"task": "new"}\n{"task": "new"}\n', "application/jsonl")}
    batch = await api.post(f"{rows}/batches", files=upload)
    assert batch.status_code == 422
    assert (await api.get(rows)).json()["count"] == 2


async def test_the_column_of_the_names_stays(api: httpx.AsyncClient) -> None:
    collection = await tasks(api)
    path = f"/collections/{collection['id']}"
    task = next(column for column in collection["columns"] if column["name"] == "task")
    for columns in ([{"name": "other"}], [{**task, "name": "title"}], [{**task, "column_type": "json"}]):
        refused = await api.put(path, json={"name": "Tasks", "columns": columns})
        assert refused.status_code == 422, refused.text
        assert "'task'" in refused.json()["detail"]
