"""Request ids: taken from the client, sent back with every answer, and in the log lines of the request."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import httpx
import pytest
from starlette.applications import Starlette

from elluminate_server.operating.context import current_request_id
from elluminate_server.operating.log_lines import JsonLines

pytestmark = pytest.mark.anyio


@pytest.fixture
def lines() -> Iterator[StringIO]:
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("elluminate_server")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/api/v0/projects/1/collections", 200),
        ("POST", "/api/v0/projects/1/collections", 400),
        ("GET", "/api/v0/projects/1/collections/99", 404),
        ("GET", "/nothing", 404),
        ("PATCH", "/healthz", 405),
        ("GET", "/api/v0/openapi.json", 200),
    ],
)
async def test_every_answer_says_its_id(api: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    url = f"http://testserver{path}"
    given = await api.request(method, url, headers={"X-Request-ID": "mine-1"})
    made = await api.request(method, url)
    assert (given.status_code, made.status_code) == (status, status)
    assert given.headers.get_list("x-request-id") == ["mine-1"]
    assert len(made.headers["x-request-id"]) == 16


async def test_a_repetition_has_its_own_request_s_id(api: httpx.AsyncClient) -> None:
    body, key = {"name": "Topics"}, {"Idempotency-Key": "k"}
    first = await api.post("/collections", json=body, headers={**key, "X-Request-ID": "first"})
    again = await api.post("/collections", json=body, headers={**key, "X-Request-ID": "again"})
    assert first.json() == again.json()
    assert (first.headers["x-request-id"], again.headers["x-request-id"]) == ("first", "again")


async def test_the_log_lines_of_a_request_have_its_id(
    api: httpx.AsyncClient, app: Starlette, lines: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.get("/collections", headers={"X-Request-ID": "fine"})
    monkeypatch.setattr(app.state, "store", None)
    failed = await api.get("/collections", headers={"X-Request-ID": "broken"})
    monkeypatch.undo()

    read = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert failed.status_code == 500
    assert {line["request_id"] for line in read if line["logger"] == "elluminate_server.http"} == {
        "fine",
        "broken",
    }
    incident = next(line for line in read if "incident" in line["message"])
    assert incident["request_id"] == "broken"
    assert incident["exception"].startswith("Traceback")
    assert current_request_id.get() is None
