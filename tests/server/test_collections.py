"""Collections: columns, rows, their forms and their locks."""

import json
from typing import Any

import httpx
import pytest

from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio


async def rows(api: httpx.AsyncClient, collection_id: int) -> list[dict[str, Any]]:
    collection = (await api.get(f"/collections/{collection_id}")).json()
    assert collection["variables_count"] == len(collection["variables"])
    return [row["input_values"] for row in collection["variables"]]


def columns(collection: dict[str, Any]) -> list[tuple[str, str]]:
    assert [column["column_position"] for column in collection["columns"]] == list(
        range(len(collection["columns"]))
    )
    return [(column["name"], column["column_type"]) for column in collection["columns"]]


async def upload(
    api: httpx.AsyncClient, collection_id: int, content: bytes, query: str = ""
) -> httpx.Response:
    files = {"file": ("variables.jsonl", content, "application/jsonl")}
    return await api.post(f"/collections/{collection_id}/entries/batches{query}", files=files)


def lines(*values: Any) -> bytes:
    return "\n".join(json.dumps(value) for value in values).encode()


async def test_columns_are_inferred_from_the_rows_in_order_of_appearance(api: httpx.AsyncClient) -> None:
    body = {"name": "C", "variables": [{"b": "1"}, {"a": "2", "b": "3"}]}
    collection = await created(api, "/collections", body)

    assert columns(collection) == [("b", "text"), ("a", "text")]
    assert [row["input_values"] for row in collection["variables"]] == [
        {"b": "1", "a": ""},
        {"b": "3", "a": "2"},
    ]
    assert collection["variables"][0]["collection"]["id"] == collection["id"]
    assert collection["variables"][0]["collection"]["variables_count"] == 2


async def test_given_columns_come_first_and_fill_missing_cells(api: httpx.AsyncClient) -> None:
    body = {
        "name": "C",
        "columns": [{"name": "z", "default_value": "none", "column_position": 0}, {"name": "y"}],
        "variables": [{"y": "1", "x": "2"}],
    }
    collection = await created(api, "/collections", body)

    assert columns(collection) == [("z", "text"), ("y", "text"), ("x", "text")]
    assert await rows(api, collection["id"]) == [{"z": "none", "y": "1", "x": "2"}]


async def test_text_cells_hold_text_and_json_cells_anything(api: httpx.AsyncClient) -> None:
    given = {"t": "a", "i": 1, "f": 1.5, "b": True, "n": None, "j": {"deep": [1, None]}}
    body = {"name": "C", "columns": [{"name": "j", "column_type": "json"}], "variables": [given]}
    collection = await created(api, "/collections", body)

    assert await rows(api, collection["id"]) == [
        {"j": {"deep": [1, None]}, "t": "a", "i": "1", "f": "1.5", "b": "true", "n": ""}
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"variables": [{"a": "x"}, {"a": ["x"]}]}, "$.variables[1].a"),
        ({"variables": [{"a": {"b": 1}}]}, "json column"),
        ({"variables": [{" ": "x"}]}, "blanks"),
        ({"variables": [{"": "x"}]}, "blanks"),
        ({"variables": [{"x" * 256: "x"}]}, "256 characters"),
        ({"columns": [{"name": "a"}, {"name": "a"}]}, "$.columns[1].name"),
        ({"columns": [{"column_type": "text"}]}, "$.columns[0].name"),
        ({"columns": [{"name": "a", "column_type": "text", "categorical_values": ["x"]}]}, "category"),
        (
            {
                "columns": [{"name": "a", "column_type": "category", "categorical_values": ["x", "y"]}],
                "variables": [{"a": "z"}],
            },
            "'x', 'y'",
        ),
    ],
)
async def test_rows_and_columns_that_do_not_fit_are_422_and_nothing_is_stored(
    api: httpx.AsyncClient, body: dict[str, Any], words: str
) -> None:
    response = await api.post("/collections", json={"name": "C", **body})

    assert response.status_code == 422
    assert words in response.json()["detail"]
    assert (await api.get("/collections")).json()["count"] == 0


async def test_lookups_by_name_are_exact_and_odd_filters_do_no_harm(api: httpx.AsyncClient) -> None:
    first = await created(api, "/collections", {"name": "Topics"})
    await created(api, "/collections", {"name": "Topics 2"})

    exact = (await api.get("/collections", params={"name": "Topics"})).json()
    none = (await api.get("/collections", params={"name": "Topic"})).json()
    odd = await api.get(
        "/collections", params={"filters": "{'name': None}", "sort_options": "{'sort': '-name'}"}
    )

    assert [item["id"] for item in exact["items"]] == [first["id"]]
    assert none == {"items": [], "count": 0}
    assert [item["name"] for item in odd.json()["items"]] == ["Topics", "Topics 2"]
    assert "variables" not in exact["items"][0]


async def test_names_are_taken_free_again_and_invented(api: httpx.AsyncClient) -> None:
    first = await created(api, "/collections", {"name": "C"})
    assert (await api.post("/collections", json={"name": "C"})).status_code == 409
    assert (await api.delete(f"/collections/{first['id']}")).status_code == 204
    second = await created(api, "/collections", {"name": "C"})

    assert second["id"] > first["id"]
    assert (await created(api, "/collections", {}))["name"] != (await created(api, "/collections", {}))[
        "name"
    ]


async def test_collections_that_cover_a_template(api: httpx.AsyncClient, world: World) -> None:
    await created(api, "/collections", {"name": "Empty"})
    wide = await created(api, "/collections", {"name": "Wide", "columns": [{"name": "x"}, {"name": "topic"}]})

    found = await api.get(f"/collections?compatible_prompt_template_id={world.prompt_template_id}")

    assert [item["id"] for item in found.json()["items"]] == [world.collection_id, wide["id"]]


async def test_an_update_keeps_what_is_absent(api: httpx.AsyncClient) -> None:
    config = {"image": "x"}
    made = await created(
        api,
        "/collections",
        {"name": "C", "description": "d", "environment_config": config, "variables": [{"a": "1"}]},
    )
    path = f"/collections/{made['id']}"

    renamed = (await api.put(path, json={"name": "D"})).json()
    cleared = (await api.put(path, json={"name": "D", "environment_config": None})).json()

    assert (renamed["name"], renamed["description"], renamed["environment_config"]) == ("D", "d", config)
    assert cleared["environment_config"] is None
    assert columns(cleared) == [("a", "text")]
    assert renamed["updated_at"] > made["updated_at"]
    await created(api, "/collections", {"name": "E"})
    assert (await api.put(path, json={"name": "E"})).status_code == 409


async def test_a_column_list_keeps_moves_adds_and_removes(api: httpx.AsyncClient) -> None:
    body = {
        "name": "C",
        "columns": [{"name": "a", "default_value": "A"}, {"name": "b"}, {"name": "c"}],
        "variables": [{"b": "1", "c": "2"}],
    }
    made = await created(api, "/collections", body)
    path = f"/collections/{made['id']}"

    wanted = [{"name": "c"}, {"name": "new"}, {"name": "a", "default_value": "", "column_position": 0}]
    changed = (await api.put(path, json={"name": "C", "columns": wanted})).json()
    back = (await api.put(path, json={"name": "C", "columns": [{"name": "b"}, {"name": "a"}]})).json()

    assert columns(changed) == [("c", "text"), ("new", "text"), ("a", "text")]
    assert changed["columns"][0]["id"] == made["columns"][2]["id"]
    assert changed["columns"][2]["default_value"] == "A"
    assert columns(back) == [("b", "text"), ("a", "text")]
    assert await rows(api, made["id"]) == [{"b": "", "a": "A"}]


async def test_columns_swap_names_by_id(api: httpx.AsyncClient) -> None:
    made = await created(api, "/collections", {"name": "C", "variables": [{"a": "1", "b": "2"}]})
    first, second = made["columns"]
    wanted = [{**first, "name": "b"}, {**second, "name": "a"}]

    response = await api.put(f"/collections/{made['id']}", json={"name": "C", "columns": wanted})

    assert response.status_code == 200, response.text
    assert await rows(api, made["id"]) == [{"b": "1", "a": "2"}]


async def test_a_column_changes_its_type_only_when_its_cells_fit(api: httpx.AsyncClient) -> None:
    made = await created(
        api,
        "/collections",
        {"name": "C", "columns": [{"name": "j", "column_type": "json"}], "variables": [{"j": 1}, {"j": [2]}]},
    )
    path = f"/collections/{made['id']}"
    wanted = [{"name": "j", "column_type": "text"}]

    refused = await api.put(path, json={"name": "C", "columns": wanted})
    await api.delete(f"{path}/entries/{made['variables'][1]['id']}")
    accepted = await api.put(path, json={"name": "C", "columns": wanted})

    assert refused.status_code == 422
    assert f"Row {made['variables'][1]['id']}" in refused.json()["detail"]
    assert columns(accepted.json()) == [("j", "text")]
    assert await rows(api, made["id"]) == [{"j": "1"}]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([{"id": 99, "name": "a"}], "no column 99"),
        ([{"name": "a"}, {"name": "a"}], "listed twice"),
        ([{"name": "n"}, {"name": "n"}], "two columns"),
        ([{"name": None}], "needs a name"),
    ],
)
async def test_impossible_column_lists_are_422(api: httpx.AsyncClient, wanted: Any, words: str) -> None:
    made = await created(api, "/collections", {"name": "C", "variables": [{"a": "1"}]})

    response = await api.put(f"/collections/{made['id']}", json={"name": "C", "columns": wanted})

    assert response.status_code == 422
    assert words in response.json()["detail"]
    assert await rows(api, made["id"]) == [{"a": "1"}]


async def test_a_row_lives(api: httpx.AsyncClient) -> None:
    made = await created(api, "/collections", {"name": "C", "variables": [{"a": "1"}]})
    path = f"/collections/{made['id']}/entries"

    row = await created(api, path, {"input_values": {"a": "2", "b": 3}, "environment_config": {"k": 1}})
    changed = await api.put(f"{path}/{row['id']}", json={"input_values": {"b": "4"}})

    assert row["input_values"] == {"a": "2", "b": "3"}
    assert columns(row["collection"]) == [("a", "text"), ("b", "text")]
    assert changed.json()["input_values"] == {"a": "", "b": "4"}
    assert changed.json()["environment_config"] == {"k": 1}
    assert (await api.get(f"{path}/{row['id']}")).json()["input_values"] == {"a": "", "b": "4"}
    listed = (await api.get(path)).json()
    assert [item["id"] for item in listed["items"]] == [made["variables"][0]["id"], row["id"]]
    assert (await api.delete(f"{path}/{row['id']}")).status_code == 204
    assert (await api.get(f"{path}/{row['id']}")).status_code == 404
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).json() == {"items": [], "count": 0}


@pytest.mark.parametrize(
    "body",
    [{}, {"input_values": None, "prompt_template_id": None}, {"input_values": {}, "prompt_template_id": 1}],
)
async def test_a_row_is_either_given_or_generated(
    api: httpx.AsyncClient, world: World, body: dict[str, Any]
) -> None:
    response = await api.post(f"/collections/{world.collection_id}/entries", json=body)

    assert response.status_code == 422
    assert "exactly one" in response.json()["detail"]


async def test_a_row_is_generated_for_a_template(api: httpx.AsyncClient, world: World) -> None:
    path = f"/collections/{world.collection_id}/entries"
    row = await created(api, path, {"prompt_template_id": world.prompt_template_id})

    assert row["input_values"]["topic"]
    assert row["input_values"]["topic"] not in {"tides", "rain"}
    plain = await created(
        api, "/prompt_templates", {"name": "P", "messages": [{"role": "user", "content": "x"}]}
    )
    response = await api.post(path, json={"prompt_template_id": plain["id"]})
    assert response.status_code == 422
    assert "no placeholders" in response.json()["detail"]


async def test_an_upload_stores_every_line_in_order(api: httpx.AsyncClient) -> None:
    made = await created(api, "/collections", {"name": "C"})
    content = b"\xef\xbb\xbf" + lines(*({"n": str(n)} for n in range(300))) + b"\r\n\n"

    response = await upload(api, made["id"], content)

    assert response.status_code == 201
    assert [row["input_values"] for row in response.json()] == [{"n": str(n)} for n in range(300)]
    assert len(await rows(api, made["id"])) == 300


async def test_skip_existing_leaves_out_stored_and_repeated_rows(api: httpx.AsyncClient) -> None:
    made = await created(api, "/collections", {"name": "C", "variables": [{"a": "1", "b": ""}, {"a": "5"}]})
    content = lines({"a": "1"}, {"a": 1}, {"a": "2"}, {"b": "", "a": "2"}, {"a": "3"})

    skipping = await upload(api, made["id"], content, "?skip_existing=true")
    everything = await upload(api, made["id"], content, "?skip_existing=false")

    assert [row["input_values"]["a"] for row in skipping.json()] == ["2", "3"]
    assert len(everything.json()) == 5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": "1"}\n{"a": ', "Line 2"),
        (b'{"a": "1"}\n\n["a"]', "Line 3"),
        (b'{"a": "1"}\nnull', "Line 2"),
        (b'{"a": "1"}\n{"a": [1]}', "Line 2: $.a"),
        (b'{"a": "\\u0000"}', "Line 1"),
        (b'{"a": "\xff"}', "Line 1"),
    ],
)
async def test_a_bad_line_refuses_the_whole_file(api: httpx.AsyncClient, content: bytes, words: str) -> None:
    made = await created(api, "/collections", {"name": "C"})

    response = await upload(api, made["id"], content)

    assert response.status_code == 422
    assert words in response.json()["detail"]
    assert await rows(api, made["id"]) == []
    assert columns((await api.get(f"/collections/{made['id']}")).json()) == []


async def test_an_upload_is_repeated_by_its_key_whatever_the_boundary(api: httpx.AsyncClient) -> None:
    made = await created(api, "/collections", {"name": "C"})
    path = f"/collections/{made['id']}/entries/batches"
    answers = [
        await api.post(path, files={"file": ("v", lines({"a": "1"}))}, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]

    assert answers[0].request.headers["content-type"] != answers[1].request.headers["content-type"]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert len(await rows(api, made["id"])) == 1


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"files": {"other": ("v", b"{}")}}, 400),
        ({"data": {"file": "{}"}}, 400),
        ({"json": {}}, 400),
        ({"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"content": b"nothing", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
        ({"files": {"file": ("v", b" " * 300_000)}}, 413),
    ],
)
async def test_malformed_uploads(
    api: httpx.AsyncClient, world: World, arguments: dict[str, Any], status: int
) -> None:
    response = await api.post(f"/collections/{world.collection_id}/entries/batches", **arguments)

    assert response.status_code == status, response.text
    assert response.json()["detail"]


async def test_a_read_only_collection_refuses_changes_of_rows_and_columns(
    api: httpx.AsyncClient, world: World
) -> None:
    path = world.path("/collections/{collection_id}")
    locked = await api.put(path, json={"name": "Topics", "read_only": True})
    assert locked.json()["read_only"] is True

    refused = [
        await api.post(f"{path}/entries", json={"input_values": {}}),
        await api.post(f"{path}/entries", json={"prompt_template_id": world.prompt_template_id}),
        await api.put(f"{path}/entries/{world.entry_id}", json={"input_values": {}}),
        await api.delete(f"{path}/entries/{world.entry_id}"),
        await api.delete(f"{path}/entries"),
        await upload(api, world.collection_id, lines({"topic": "x"})),
        await api.put(path, json={"name": "Topics", "columns": [{"name": "topic"}, {"name": "x"}]}),
        await api.put(path, json={"name": "Topics", "columns": []}),
    ]

    for response in refused:
        assert response.status_code == 409, response.text
        assert "read-only" in response.json()["detail"]
    assert (await api.put(path, json={"name": "T", "description": "d"})).status_code == 200
    unlocked = {"name": "T", "read_only": False, "columns": [{"name": "topic"}, {"name": "x"}]}
    assert (await api.put(path, json=unlocked)).status_code == 200


async def test_deleted_rows_and_collections_stay_readable_in_results(
    api: httpx.AsyncClient, world: World
) -> None:
    await api.put(
        world.path("/collections/{collection_id}/entries/{entry_id}"),
        json={"input_values": {"topic": "waves"}},
    )
    edited = (await api.get(f"/responses/{world.response_id}")).json()["prompt"]
    await api.delete(world.path("/collections/{collection_id}/entries"))
    emptied = (await api.get(f"/responses/{world.response_id}")).json()["prompt"]
    await api.delete(world.path("/collections/{collection_id}"))
    orphan = (await api.get(f"/responses/{world.response_id}")).json()["prompt"]

    for prompt in (edited, emptied, orphan):
        assert prompt["is_stale"] is True
        assert prompt["template_variables"]["input_values"] == {"topic": "tides"}
        assert prompt["messages"] == [{"role": "user", "content": "Explain tides."}]
    experiment = (await api.get(f"/experiments/{world.experiment_id}")).json()
    assert experiment["collection"]["name"] == "Topics"
    assert experiment["collection"]["variables_count"] == 0
    assert (await api.get("/collections")).json()["count"] == 0
