"""Rows by the thousand: answers in proportion, bounds, and kept answers whose room is given back."""

import json
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from sqlalchemy import text, update

from elluminate_server import housekeeping
from elluminate_server.app import create_app
from elluminate_server.settings import Settings
from elluminate_server.store import shrinking
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import CollectionColumn, Entry, IdempotencyKey
from tests.server.conftest import KEY, client, created
from tests.server.uploading import count_of, lines, questions, upload
from tests.support.databases import sqlite_only

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, api_key=KEY)


async def test_the_rows_of_an_answer_repeat_what_is_short_of_their_collection(api: httpx.AsyncClient) -> None:
    columns = [{"name": "topic", "default_value": "none"}, {"name": "kind"}]
    collection = await created(
        api, "/collections", {"name": "C", "description": "Long", "columns": columns, "variables": [{}, {}]}
    )
    added = (await upload(api, collection["id"], lines([{"kind": "a"}, {"kind": "b"}, {}]))).json()
    listed = (await api.get(f"/collections/{collection['id']}/entries")).json()["items"]
    read = (await api.get(f"/collections/{collection['id']}")).json()["variables"]

    for first, *others in (added, listed, read, collection["variables"]):
        assert [column["name"] for column in first["collection"]["columns"]] == ["topic", "kind"]
        assert first["collection"]["description"] == "Long"
        for other in others:
            left_out = {"columns", "environment_config", "version"}
            in_short = {name: value for name, value in first["collection"].items() if name not in left_out}
            assert other["collection"] == in_short
    assert [row["input_values"] for row in added] == [
        {"topic": "none", "kind": "a"},
        {"topic": "none", "kind": "b"},
        {"topic": "none", "kind": ""},
    ]


async def test_many_rows_of_many_columns_answer_and_store_no_more_than_they_are(
    tmp_path: Path, database_url: str
) -> None:
    settings = Settings(database_url=database_url, api_key=KEY, max_columns=1000, max_request_cells=5_000_000)
    app = create_app(settings)
    async with app.router.lifespan_context(app), client(app, "/api/v0/projects/1", KEY) as api:
        collection = await created(api, "/collections", {"name": "Wide"})
        row = json.dumps({f"c{number}": "v" for number in range(1000)}, separators=(",", ":")).encode()
        content = b"\n".join([row] * 5000)

        answer = await upload(api, collection["id"], content, key="wide")

        assert answer.status_code == 201, answer.text
        assert len(answer.content) < 1.2 * len(content)
        stored = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
        # The rows, once more in the write-ahead log, and the answer for its key, compressed.
        assert stored < 2.5 * len(content)
        repeated = await upload(api, collection["id"], content, key="wide")
        assert repeated.headers["idempotent-replayed"] == "true"
        assert repeated.content == answer.content
        read = await api.get(f"/collections/{collection['id']}", timeout=600)
        assert len(read.content) < 1.2 * len(content)


@pytest.mark.parametrize("existing", [0, 150])
async def test_a_column_too_many_is_refused_with_its_row(
    api: httpx.AsyncClient, store: Store, existing: int
) -> None:
    columns = [{"name": f"c{number}"} for number in range(existing)]
    collection = await created(api, "/collections", {"name": "C", "columns": columns})

    answer = await upload(
        api,
        collection["id"],
        lines([{"c0": "1"}, {f"c{number}": "v" for number in range(199)}, {"more": "2", "and": "3"}]),
    )

    assert answer.status_code == 422
    assert "Line 3: $: 'and' would be column 201, and 200 are the most" in answer.json()["detail"]
    assert "ELLUMINATE_MAX_COLUMNS" in answer.json()["detail"]
    assert await count_of(store, Entry) == 0
    assert await count_of(store, CollectionColumn) == existing


async def test_columns_too_many_are_refused_wherever_they_come_from(
    api: httpx.AsyncClient, store: Store
) -> None:
    many = [{"name": f"c{number}"} for number in range(201)]
    row = {column["name"]: "v" for column in many}
    collection = await created(api, "/collections", {"name": "C"})
    path = f"/collections/{collection['id']}"

    answers = [
        await api.post("/collections", json={"name": "D", "columns": many}),
        await api.post("/collections", json={"name": "D", "variables": [row]}),
        await api.put(path, json={"name": "C", "columns": many}),
        await api.post(f"{path}/entries", json={"input_values": row}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert all("200 are the most" in answer.json()["detail"] for answer in answers)
    assert await count_of(store, CollectionColumn) == 0


async def test_a_collection_that_has_more_columns_already_keeps_them(
    api: httpx.AsyncClient, store: Store
) -> None:
    collection = await created(api, "/collections", {"name": "C"})
    async with store.write() as session:
        session.add_all(
            CollectionColumn(collection_id=collection["id"], name=f"c{number}", position=number)
            for number in range(300)
        )
    columns = (await api.get(f"/collections/{collection['id']}")).json()["columns"]

    assert (await upload(api, collection["id"], lines([{"c299": "x"}]))).status_code == 201
    assert (await upload(api, collection["id"], lines([{"new": "x"}]))).status_code == 422
    turned = await api.put(
        f"/collections/{collection['id']}", json={"name": "C", "columns": list(reversed(columns))}
    )
    assert turned.status_code == 200
    assert len(turned.json()["columns"]) == 300


async def test_cells_too_many_are_refused_with_how_many_rows_would_do(
    database_url: str,
) -> None:
    app = create_app(Settings(database_url=database_url, api_key=KEY, max_request_cells=1000))
    async with app.router.lifespan_context(app), client(app, "/api/v0/projects/1", KEY) as api:
        collection = await created(api, "/collections", {"name": "C", "columns": [{"name": "a"}]})
        refused = [
            await upload(api, collection["id"], lines([{"b": "1"}] * 251)),
            await api.post("/collections", json={"variables": [{"a": "1", "b": "2"}] * 251}),
        ]
        for answer in refused:
            assert answer.status_code == 413
            assert (
                "251 rows of 2 columns count as 1004 cells, and 1000 are the most" in answer.json()["detail"]
            )
            assert "at most 250 at a time" in answer.json()["detail"]
        assert (await upload(api, collection["id"], lines([{"b": "1"}] * 250))).status_code == 201


async def test_an_answer_that_would_be_too_long_is_refused_before_anything_is_stored(
    database_url: str,
) -> None:
    app = create_app(Settings(database_url=database_url, api_key=KEY, max_answer_bytes=11_000))
    async with app.router.lifespan_context(app), client(app, "/api/v0/projects/1", KEY) as api:
        # A few bytes of rows, each of which shows its default.
        columns = [{"name": "a", "default_value": "d" * 2000}]
        collection = await created(api, "/collections", {"name": "C", "columns": columns})
        path = f"/collections/{collection['id']}"

        refused = await upload(api, collection["id"], b"{}\n" * 6)

        assert refused.status_code == 413
        assert "Line 5" in refused.json()["detail"] and "at most 4 at a time" in refused.json()["detail"]
        assert (await api.get(path)).json()["variables_count"] == 0
        for _ in range(2):
            assert (await upload(api, collection["id"], b"{}\n" * 4)).status_code == 201
        too_long = await api.get(path)
        assert too_long.status_code == 422
        assert "in pages" in too_long.json()["detail"]
        assert (await api.get(f"{path}/entries")).json()["count"] == 8


@sqlite_only
async def test_answers_are_kept_compressed_forgotten_in_time_and_their_pages_given_back(
    api: httpx.AsyncClient, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shrinking, "KEPT_PAGES", 10)
    answers = collection_id = 0
    for key in "abc":
        collection_id = (await created(api, "/collections", {"name": f"Collection {key}"}))["id"]
        answer = await upload(api, collection_id, questions(10_000), key=key)
        answers += len(answer.content)
        await api.delete(f"/collections/{collection_id}")
    assert answers > 8 * MEGABYTE
    (size,) = await pragma(store, "SELECT sum(length(body)) FROM idempotency_keys")
    assert size < answers / 8

    (pages,) = await pragma(store, "PRAGMA page_count")
    shorter = attrs.evolve(settings, idempotency_lifetime=60)
    async with store.write() as session:
        await session.execute(update(IdempotencyKey).values(created_at=utc_now().replace(year=2020)))
    await housekeeping.tidy_up(store, shorter)

    assert await pragma(store, "SELECT count(*) FROM idempotency_keys") == [0]
    (left,) = await pragma(store, "PRAGMA page_count")
    assert left < pages / 2
    repeated = await upload(api, collection_id, questions(10_000), key="c")
    assert repeated.status_code == 404, "the key is new again"


async def pragma(store: Store, statement: str) -> list[Any]:
    async with store.read() as session:
        return list(await session.scalars(text(statement)))
