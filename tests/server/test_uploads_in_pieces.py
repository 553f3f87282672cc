"""Rows by the thousand, in pieces: other writers in between, and all of the rows or none."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, update
from starlette.applications import Starlette

from elluminate_server import housekeeping
from elluminate_server.app import create_app
from elluminate_server.settings import Settings
from elluminate_server.store import pieces
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Collection, Entry, RowUpload
from elluminate_server.writing import row_uploads
from tests.server.conftest import KEY, created
from tests.server.uploading import count_of, lines, questions, upload
from tests.support.databases import POSTGRESQL

pytestmark = pytest.mark.anyio


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
    async with asyncio.timeout(30):
        await arrived.wait()
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
