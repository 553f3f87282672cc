"""Rows by the thousand: an answer in proportion, other writers in between, and all of them or none."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from sqlalchemy import delete, func, select, text, update
from starlette.applications import Starlette

from elluminate_server import housekeeping
from elluminate_server.app import create_app
from elluminate_server.settings import Settings
from elluminate_server.store import pieces, shrinking
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Collection, CollectionColumn, Entry, IdempotencyKey, RowUpload
from elluminate_server.writing import row_uploads
from tests.server.conftest import KEY, client, created
from tests.support.databases import POSTGRESQL, sqlite_only

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, api_key=KEY)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> int:
    """Rows of a piece, here: an upload of a few hundred is one in many pieces."""
    for name in ("FIRST_SIZE", "SMALLEST", "LARGEST"):
        monkeypatch.setattr(pieces, name, 20)
    monkeypatch.setattr(pieces, "GAP_SECONDS", 0)
    return 20


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"\n".join(json.dumps(row, separators=(",", ":")).encode() for row in rows)


async def upload(
    api: httpx.AsyncClient, collection_id: int, content: bytes, *, key: str | None = None, **params: Any
) -> httpx.Response:
    return await api.post(
        f"/collections/{collection_id}/entries/batches",
        files={"file": ("variables.jsonl", content)},
        params=params,
        headers={} if key is None else {"Idempotency-Key": key},
        timeout=600,
    )


async def count_of(store: Store, what: Any, *conditions: Any) -> int:
    async with store.read() as session:
        return await session.scalar(select(func.count()).select_from(what).where(*conditions)) or 0


def questions(count: int) -> bytes:
    return lines([{"question": f"What is {number}?", "answer": str(number)} for number in range(count)])


# In proportion


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


# Others in between


async def test_others_write_between_the_pieces_and_see_no_row_before_the_last(
    api: httpx.AsyncClient, store: Store, small_pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = await created(api, "/collections", {"name": "C"})
    inserted = 0
    insert = row_uploads._insert

    async def insert_and_count(*args: Any) -> None:
        nonlocal inserted
        await insert(*args)
        inserted += 1

    monkeypatch.setattr(row_uploads, "_insert", insert_and_count)
    uploaded = asyncio.create_task(upload(api, collection["id"], questions(30 * small_pieces)))
    pieces_at_write: list[int] = []
    rows_seen: list[int] = []
    while not uploaded.done():
        await created(api, "/criterion_sets", {"name": f"Set {len(pieces_at_write)}"})
        pieces_at_write.append(inserted)
        listed = (await api.get("/collections")).json()["items"]
        rows_seen.append(listed[0]["variables_count"])
        entries = (await api.get(f"/collections/{collection['id']}/entries")).json()
        assert entries["count"] in (0, 30 * small_pieces)

    assert uploaded.result().status_code == 201
    assert inserted == 30
    assert set(rows_seen) <= {0, 30 * small_pieces}
    assert 0 in rows_seen
    if POSTGRESQL:  # where writers do not wait for each other at all
        return
    waited = [after - before for before, after in zip([0, *pieces_at_write], pieces_at_write, strict=False)]
    assert max(waited) <= 3, "a write waits for a piece or two, not for the upload"
    assert len([seen for seen in rows_seen if seen == 0]) >= 10


async def test_rows_in_pieces_are_the_same_as_rows_in_one(
    api: httpx.AsyncClient, small_pieces: int, store: Store
) -> None:
    rows = [{"task": f"t{number}", "x": number} for number in range(3 * small_pieces)]
    collection = await created(
        api, "/collections", {"name": "C", "collection_type": "AGENTIC", "variables": rows}
    )
    added = await upload(
        api, collection["id"], lines([{**row, "task": f"new {row['task']}"} for row in rows])
    )
    read = (await api.get(f"/collections/{collection['id']}")).json()["variables"]

    assert [row["id"] for row in read] == [row["id"] for row in [*collection["variables"], *added.json()]]
    assert [row["input_values"]["task"] for row in read[: len(rows)]] == [row["task"] for row in rows]
    assert [row["input_values"] for row in added.json()] == [
        {"task": f"new t{number}", "x": str(number)} for number in range(len(rows))
    ]
    assert await count_of(store, RowUpload) == await count_of(store, Entry, Entry.upload_id.is_not(None)) == 0


def while_in_pieces(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[object]], *, times: int = 1
) -> None:
    """Have something done by others before the last write of an upload, the first times."""
    insert = row_uploads._insert_in_pieces
    acts = iter([act] * times)

    async def insert_then_act(*args: Any) -> None:
        await insert(*args)
        if next(acts, None) is not None:
            await act()

    monkeypatch.setattr(row_uploads, "_insert_in_pieces", insert_then_act)


async def test_a_row_that_others_add_meanwhile_is_not_added_again(
    api: httpx.AsyncClient, small_pieces: int, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    collection = await created(api, "/collections", {"name": "C"})
    same = {"question": "What is 7?", "answer": "7"}
    await created(api, f"/collections/{collection['id']}/entries", {"input_values": same})
    other = {"question": "What is 9?", "answer": "9"}
    while_in_pieces(
        monkeypatch, lambda: created(api, f"/collections/{collection['id']}/entries", {"input_values": other})
    )

    answer = await upload(api, collection["id"], questions(3 * small_pieces), skip_existing=True)

    shown = [row["input_values"]["answer"] for row in answer.json()]
    assert shown == [str(number) for number in range(3 * small_pieces) if number not in (7, 9)]
    assert (await api.get(f"/collections/{collection['id']}")).json()["variables_count"] == 3 * small_pieces
    assert await count_of(store, Entry) == 3 * small_pieces


async def test_rows_that_no_longer_fit_changed_columns_are_checked_anew(
    api: httpx.AsyncClient, small_pieces: int, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    collection = await created(
        api, "/collections", {"name": "C", "columns": [{"name": "question"}, {"name": "answer"}]}
    )
    columns = [
        collection["columns"][0],
        {**collection["columns"][1], "column_type": "category", "categorical_values": ["0", "1"]},
    ]
    path = f"/collections/{collection['id']}"

    async def change() -> None:
        assert (await api.put(path, json={"name": "C", "columns": columns})).status_code == 200

    while_in_pieces(monkeypatch, change)

    answer = await upload(api, collection["id"], questions(3 * small_pieces))

    assert answer.status_code == 422
    assert "Line 3: $.answer: '2' is not one of the column's values" in answer.json()["detail"]
    assert await count_of(store, Entry) == await count_of(store, RowUpload) == 0


@pytest.mark.parametrize("lost", ["deleted", "locked"])
async def test_an_upload_into_a_collection_that_goes_meanwhile_leaves_nothing(
    api: httpx.AsyncClient, small_pieces: int, monkeypatch: pytest.MonkeyPatch, store: Store, lost: str
) -> None:
    collection = await created(api, "/collections", {"name": "C"})
    path = f"/collections/{collection['id']}"
    change = api.delete(path) if lost == "deleted" else api.put(path, json={"name": "C", "read_only": True})
    while_in_pieces(monkeypatch, lambda: change)

    answer = await upload(api, collection["id"], questions(3 * small_pieces))

    assert answer.status_code == (404 if lost == "deleted" else 409)
    assert await count_of(store, Entry) == await count_of(store, RowUpload) == 0


async def test_a_collection_with_many_rows_is_seen_when_all_are_there(
    api: httpx.AsyncClient, small_pieces: int, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    rows = [{"a": str(number)} for number in range(3 * small_pieces)]
    taken: list[int] = []

    async def look() -> None:
        assert (await api.get("/collections")).json()["count"] == 0
        assert (await api.get("/collections/1")).status_code == 404
        taken.append((await created(api, "/collections", {"name": "Many"}))["id"])

    while_in_pieces(monkeypatch, look)

    refused = await api.post("/collections", json={"name": "Many", "variables": rows})
    made = await created(api, "/collections", {"name": "Others", "variables": rows})

    assert refused.status_code == 409
    assert [row["input_values"] for row in made["variables"]] == rows
    assert made["variables_count"] == len(rows)
    assert await count_of(store, Collection) == 2
    assert await count_of(store, Entry) == len(rows)


async def test_what_a_killed_server_had_not_brought_to_its_end_is_unseen_and_cleared_away(
    app: Starlette,
    settings: Settings,
    api: httpx.AsyncClient,
    store: Store,
    small_pieces: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    collection = await created(api, "/collections", {"name": "C"})
    arrived, never = asyncio.Event(), asyncio.Event()

    async def stand_still() -> None:
        arrived.set()
        await never.wait()

    while_in_pieces(monkeypatch, stand_still, times=2)
    sent = asyncio.create_task(upload(api, collection["id"], questions(3 * small_pieces)))
    made = asyncio.create_task(
        api.post("/collections", json={"name": "New", "variables": [{"a": "1"}] * 3 * small_pieces})
    )
    await asyncio.wait_for(arrived.wait(), 30)
    while await count_of(store, Entry) < 6 * small_pieces:
        await asyncio.sleep(0.01)
    sent.cancel()
    made.cancel()
    await asyncio.gather(sent, made, return_exceptions=True)
    assert (await api.get(f"/collections/{collection['id']}")).json()["variables_count"] == 0

    # Whoever comes soon after leaves alone what may still be on its way.
    await housekeeping.tidy_up(store, settings)
    assert await count_of(store, Entry) == 6 * small_pieces
    async with store.write() as session:
        await session.execute(update(RowUpload).values(expires_at=utc_now()))
    again = create_app(settings)
    async with again.router.lifespan_context(again), asyncio.timeout(30):
        while await count_of(store, RowUpload):
            await asyncio.sleep(0.01)
    assert await count_of(store, Entry) == 0
    assert await count_of(store, Collection) == 1


async def test_an_upload_that_was_taken_for_abandoned_stores_nothing(
    api: httpx.AsyncClient, small_pieces: int, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    collection = await created(api, "/collections", {"name": "C"})

    async def take_away() -> None:
        async with store.write() as session:
            await session.execute(delete(Entry).where(Entry.upload_id.is_not(None)))

    while_in_pieces(monkeypatch, take_away)

    answer = await upload(api, collection["id"], questions(3 * small_pieces))

    assert answer.status_code == 503
    assert "Nothing was stored" in answer.json()["detail"]
    assert (await api.get(f"/collections/{collection['id']}")).json()["variables_count"] == 0
