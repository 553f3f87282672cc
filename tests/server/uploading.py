"""Uploads of rows by the thousand, as the tests of them make them."""

import json
from typing import Any

import httpx
from sqlalchemy import func, select

from elluminate_server.store.engine import Store


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
