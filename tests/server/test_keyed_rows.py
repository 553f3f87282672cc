"""Rows told apart by a key: those that are there are updated, the others added, all of them or none."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from elluminate_server.settings import Settings
from elluminate_server.store import pieces
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import CollectionColumn, Entry, RowUpload
from elluminate_server.writing.keyed_rows import match_rows
from tests.server.conftest import KEY, created

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, api_key=KEY)


async def put(
    api: httpx.AsyncClient, collection: dict[str, Any], rows: Sequence[Mapping[str, Any]], *key: str
) -> httpx.Response:
    return await api.put(
        f"/collections/{collection['id']}/entries/batches",
        files={"file": ("variables.jsonl", b"\n".join(json.dumps(row).encode() for row in rows))},
        params={"key": list(key)},
    )


async def rows_of(api: httpx.AsyncClient, collection: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get(f"/collections/{collection['id']}")).json()["variables"]
    return found


@pytest.fixture
async def capitals(api: httpx.AsyncClient) -> dict[str, Any]:
    rows = [
        {"country": "France", "capital": "Pariss", "note": "typo"},
        {"country": "Peru", "capital": "Lima", "note": "right"},
    ]
    return await created(api, "/collections", {"name": "Capitals", "variables": rows})


async def test_rows_that_are_there_are_updated_and_others_added(
    api: httpx.AsyncClient, capitals: dict[str, Any], store: Store
) -> None:
    france, peru = capitals["variables"]
    rows: list[dict[str, Any]] = [
        {"country": "Chad", "capital": "N'Djamena"},
        {"country": "Peru", "capital": "Lima"},
        {"country": "France", "capital": "Paris", "people": 2},
    ]

    answer = await put(api, capitals, rows, "country")

    assert answer.status_code == 200, answer.text
    told = answer.json()
    ids = [row["id"] for row in told["rows"]]
    assert ids[1:] == [peru["id"], france["id"]]
    assert (told["added_ids"], told["updated_ids"]) == (ids[:1], [france["id"]])
    values = {
        "Chad": {"country": "Chad", "capital": "N'Djamena", "note": "", "people": ""},
        "France": {"country": "France", "capital": "Paris", "note": "typo", "people": "2"},
        "Peru": {"country": "Peru", "capital": "Lima", "note": "right", "people": ""},
    }
    assert [row["input_values"] for row in told["rows"]] == [values[c] for c in ("Chad", "Peru", "France")]
    assert [column["name"] for column in told["rows"][0]["collection"]["columns"]] == list(values["Peru"])
    stored = {row["input_values"]["country"]: row for row in await rows_of(api, capitals)}
    assert {country: row["input_values"] for country, row in stored.items()} == values
    assert stored["France"]["created_at"] == france["created_at"]

    again = (await put(api, capitals, rows, "country")).json()
    assert (again["added_ids"], again["updated_ids"]) == ([], [])
    assert [row["id"] for row in again["rows"]] == ids
    async with store.read() as session:
        assert await session.scalar(select(func.count()).select_from(Entry)) == 3


async def test_an_updated_row_is_the_same_as_one_that_was_added_like_that(
    api: httpx.AsyncClient, capitals: dict[str, Any]
) -> None:
    await put(api, capitals, [{"country": "France", "capital": "Paris"}], "country")
    like_it = b'{"note": "typo", "capital": "Paris", "country": "France"}'

    added = await api.post(
        f"/collections/{capitals['id']}/entries/batches",
        files={"file": ("v", like_it)},
        params={"skip_existing": True},
    )

    assert added.json() == []


async def test_a_key_of_several_columns_compares_what_is_shown(api: httpx.AsyncClient) -> None:
    columns = [
        {"name": "n", "column_type": "json"},
        {"name": "language", "default_value": "en"},
        {"name": "text"},
    ]
    rows: list[dict[str, Any]] = [
        {"n": 0, "text": "zero"},
        {"n": False, "text": "no"},
        {"n": {"a": 1, "b": 2}, "text": "object"},
    ]
    collection = await created(api, "/collections", {"name": "C", "columns": columns, "variables": rows})
    first, second, third = (row["id"] for row in collection["variables"])

    answer = await put(
        api,
        collection,
        [
            {"n": {"b": 2, "a": 1}, "language": "en", "text": "the same object"},
            {"n": 0, "language": "en", "text": "nought"},
            {"n": 0, "language": "fr", "text": "zéro"},
        ],
        "n",
        "language",
    )

    told = answer.json()
    assert told["updated_ids"] == [third, first]
    assert [row["id"] for row in told["rows"]] == [third, first, *told["added_ids"]]
    assert second not in told["updated_ids"]


@pytest.mark.parametrize(
    ("rows", "key", "status", "words"),
    [
        (
            [{"country": "Chad"}, {"capital": "Lima"}],
            ["country"],
            422,
            "Line 2: $: has no value for 'country'",
        ),
        (
            [{"country": "Chad"}, {"country": "Mali"}, {"country": "Chad", "note": "2"}],
            ["country"],
            422,
            "Line 3: $: has the same 'country' as Line 1: $ already",
        ),
        ([{"country": ["Chad"]}], ["country"], 422, "Line 1: $.country"),
        ([{"note": "both"}], ["note"], 409, "have the same 'note', so that it is open which of them"),
    ],
)
async def test_rows_that_a_key_does_not_tell_apart_are_refused(
    api: httpx.AsyncClient,
    capitals: dict[str, Any],
    rows: list[dict[str, Any]],
    key: list[str],
    status: int,
    words: str,
) -> None:
    for row in capitals["variables"]:
        changed = {"input_values": {**row["input_values"], "note": "both"}}
        await api.put(f"/collections/{capitals['id']}/entries/{row['id']}", json=changed)
    before = await rows_of(api, capitals)

    refused = await put(api, capitals, [*rows, {"country": "Togo", "note": "more", "new": "x"}], *key)

    assert refused.status_code == status, refused.text
    assert words in refused.json()["detail"]
    assert await rows_of(api, capitals) == before


async def test_a_key_has_to_be_named_and_the_collection_unlocked(
    api: httpx.AsyncClient, capitals: dict[str, Any]
) -> None:
    unnamed = await put(api, capitals, [{"country": "Chad"}])
    assert unnamed.status_code == 422
    assert "'key'" in unnamed.json()["detail"]
    await api.put(f"/collections/{capitals['id']}", json={"name": "Capitals", "read_only": True})
    locked = await put(api, capitals, [{"country": "Chad"}], "country")
    assert locked.status_code == 409


async def test_tasks_stay_unique(api: httpx.AsyncClient, store: Store) -> None:
    rows = [{"task": "sort", "goal": "a"}, {"task": "count", "goal": "b"}]
    body = {"name": "Tasks", "collection_type": "AGENTIC", "variables": rows}
    collection = await created(api, "/collections", body)

    taken = await put(api, collection, [{"goal": "a", "task": "count"}], "goal")
    unnamed = await put(api, collection, [{"goal": "c"}], "goal")
    swapped = await put(
        api, collection, [{"goal": "a", "task": "count"}, {"goal": "b", "task": "sort"}], "goal"
    )
    partial = await put(api, collection, [{"goal": "a", "hint": "x"}], "goal")

    assert taken.status_code == 409
    assert "Line 1: $.task: 'count' is the task of row 2 already" in taken.json()["detail"]
    assert unnamed.status_code == 422
    assert swapped.status_code == partial.status_code == 200
    assert [row["input_values"]["task"] for row in await rows_of(api, collection)] == ["count", "sort"]


async def test_rows_that_others_change_meanwhile_are_matched_anew(
    api: httpx.AsyncClient, capitals: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    france, peru = capitals["variables"]
    path = f"/collections/{capitals['id']}/entries"
    others = [
        lambda: api.put(
            f"{path}/{france['id']}", json={"input_values": {"country": "France", "note": "edited"}}
        ),
        lambda: api.delete(f"{path}/{peru['id']}"),
    ]

    async def match_and_let_others_write(*args: Any, **kwargs: Any) -> Any:
        function, *rest = args
        found = function(*rest, **kwargs)
        if function is match_rows and others:
            assert (await others.pop(0)()).status_code < 300
        return found

    monkeypatch.setattr(asyncio, "to_thread", match_and_let_others_write)

    told = (
        await put(api, capitals, [{"country": "France", "capital": "Paris"}, {"country": "Peru"}], "country")
    ).json()

    assert others == []
    assert told["updated_ids"] == [france["id"]]
    assert len(told["added_ids"]) == 1 and peru["id"] not in told["added_ids"]
    assert told["rows"][0]["input_values"] == {"country": "France", "capital": "Paris", "note": "edited"}


async def test_many_rows_are_updated_and_added_in_one_go(
    api: httpx.AsyncClient, capitals: dict[str, Any], monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    for name in ("FIRST_SIZE", "SMALLEST", "LARGEST"):
        monkeypatch.setattr(pieces, name, 20)
    monkeypatch.setattr(pieces, "GAP_SECONDS", 0)
    first = [{"country": f"C{number}", "capital": "?"} for number in range(100)]
    second = [{"country": f"C{number}", "capital": str(number)} for number in range(50, 150)]

    one = (await put(api, capitals, first, "country")).json()
    other = (await put(api, capitals, second, "country")).json()

    assert len(one["added_ids"]) == 100
    assert other["updated_ids"] == one["added_ids"][50:]
    assert len(other["added_ids"]) == 50
    assert [row["input_values"]["country"] for row in other["rows"]] == [row["country"] for row in second]
    async with store.read() as session:
        assert await session.scalar(select(func.count()).select_from(Entry)) == 152
        assert await session.scalar(select(func.count()).select_from(RowUpload)) == 0
        assert await session.scalar(select(func.count()).select_from(CollectionColumn)) == 3
