"""A success echoes the Idempotency-Key, which tells clients that the server honours keys."""

import httpx
import pytest

pytestmark = pytest.mark.anyio

KEY = {"Idempotency-Key": "a-key-of-one-request"}


async def test_of_a_request_that_it_answers(api: httpx.AsyncClient) -> None:
    answer = await api.post("/criterion_sets", json={"name": "Quality", "criteria": None}, headers=KEY)
    assert (answer.status_code, answer.headers["Idempotency-Key"]) == (201, KEY["Idempotency-Key"])
    again = await api.post("/criterion_sets", json={"name": "Quality", "criteria": None}, headers=KEY)
    assert (again.status_code, again.headers["Idempotency-Key"]) == (201, KEY["Idempotency-Key"])
    assert again.json() == answer.json()


async def test_also_before_there_is_a_project(root: httpx.AsyncClient, api: httpx.AsyncClient) -> None:
    body = {"current_sdk_version": "1.0.0"}
    answer = await root.post(
        "/api/v0/version/compatible", json=body, headers={**KEY, "X-API-Key": api.headers["X-API-Key"]}
    )
    assert (answer.status_code, answer.headers["Idempotency-Key"]) == (200, KEY["Idempotency-Key"])


async def test_not_of_a_request_that_it_refuses(api: httpx.AsyncClient) -> None:
    refused = await api.post("/criterion_sets", json={"name": "", "criteria": None}, headers=KEY)
    assert refused.status_code == 422
    assert "Idempotency-Key" not in refused.headers


async def test_nor_without_a_key(api: httpx.AsyncClient) -> None:
    answer = await api.post("/criterion_sets", json={"name": "Quality", "criteria": None})
    assert "Idempotency-Key" not in answer.headers
