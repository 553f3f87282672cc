"""A real server in a thread, and the few calls that tests of runs make to it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from elluminate_server.local import LocalAddress, LocalServer
from tests.support.databases import fresh_database
from tests.support.model_server import ModelServer

BOUND = 90.0
"""Seconds that any condition may take to come true before its test fails, also where others use the processor."""

TERMINAL = {"SUCCESS", "FAILURE", "REVOKED", "REJECTED", "TIMEOUT"}


@attrs.frozen
class Backend:
    """A client of one project.

    Attributes:
        http: Asks the server; paths are relative to the project.
    """

    http: httpx.Client

    def post(self, path: str, body: Any, status: int = 201) -> Any:
        response = self.http.post(path, json=body)
        assert response.status_code == status, response.text
        return response.json()

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        response = self.http.get(path, params=query)
        assert response.status_code == status, response.text
        return response.json()

    def create_experiment(
        self, *, rows: int = 3, criteria: tuple[str, ...] = ("Is it short?",), name: str = "e", **fields: Any
    ) -> dict[str, Any]:
        messages = [{"role": "user", "content": "Explain {{topic}}."}]
        template = self.post("prompt_templates", {"name": name, "messages": messages})
        collection = self.post(
            "collections",
            {
                "name": name,
                "columns": [{"name": "topic"}],
                "variables": [{"topic": f"topic{number}"} for number in range(1, rows + 1)],
            },
        )
        criterion_set = self.post(
            "criterion_sets", {"name": name, "criteria": [{"criterion_str": text} for text in criteria]}
        )
        created: dict[str, Any] = self.post(
            "experiments",
            {
                "name": name,
                "description": "",
                "prompt_template_id": template["id"],
                "collection_id": collection["id"],
                "criterion_set_id": criterion_set["id"],
                **fields,
            },
        )
        return created

    def run(self, experiment: dict[str, Any], **fields: Any) -> str:
        started = self.post(f"experiments/{experiment['id']}/run", fields, status=200)
        task_id: str = started["generation_task_id"]
        return task_id

    def status(self, experiment: dict[str, Any], task_id: str, **query: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.get(f"experiments/{experiment['id']}/generation/{task_id}", **query)
        return answer

    def ended(self, experiment: dict[str, Any], task_id: str) -> dict[str, Any]:
        return self.wait(
            lambda: self.status(experiment, task_id), lambda status: status["status"] in TERMINAL
        )

    def wait(
        self, read: Callable[[], dict[str, Any]], condition: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """What is read once the condition holds for it, for `BOUND` seconds at most."""
        end = time.monotonic() + BOUND
        while True:
            found = read()
            if condition(found):
                return found
            assert time.monotonic() < end, f"not within {BOUND:.0f} s; last: {found}"
            time.sleep(
                0.01
            )  # the server is a thread of this process: asking at once again takes its time away

    def responses(self, **query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self.get("responses", page=page, **query)
            items += answer["items"]
            if len(items) >= answer["count"]:
                return items
            page += 1

    def stream(self, path: str, **query: Any) -> bytes:
        """All bytes of an event stream, up to its end."""
        with self.http.stream("GET", path, params=query) as response:
            assert response.status_code == 200
            assert response.headers["content-type"] == "text/event-stream"
            return b"".join(response.iter_raw())


def events_of(stream: bytes) -> list[dict[str, Any]]:
    """The data of each event; comments left out. Fails when the stream is not in the exact format."""
    assert stream.endswith(b"\n\n")
    events = []
    for block in stream.removesuffix(b"\n\n").split(b"\n\n"):
        if not block.startswith(b": "):
            assert block.startswith(b"data: {")
            assert b"\n" not in block
            events.append(json.loads(block.removeprefix(b"data: ")))
    return events


def client_of(address: LocalAddress) -> httpx.Client:
    headers = {"X-API-Key": address.api_key}
    with httpx.Client(base_url=f"{address.base_url}/api/v0/", headers=headers, trust_env=False) as first:
        project = first.get("projects").json()["items"][0]
    return httpx.Client(
        base_url=f"{address.base_url}/api/v0/projects/{project['id']}/",
        headers=headers,
        trust_env=False,
        timeout=BOUND,
    )


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """A server with the offline model."""
    with started(tmp_path) as running:
        yield running


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """A scripted provider."""
    with ModelServer() as server:
        yield server


@pytest.fixture
def backend_with_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_server: ModelServer
) -> Iterator[Backend]:
    """A server whose default model and judge are the scripted provider."""
    monkeypatch.setenv("ELLUMINATE_LLM_BASE_URL", model_server.base_url)
    monkeypatch.setenv("ELLUMINATE_LLM_MODEL", "scripted")
    monkeypatch.setenv("ELLUMINATE_LLM_API_KEY", "key-of-the-tests")
    with started(tmp_path) as running:
        yield running


@contextmanager
def started(path: Path) -> Iterator[Backend]:
    server = LocalServer(fresh_database(path))
    server.start()
    try:
        with client_of(server.address) as http:
            yield Backend(http)
    finally:
        server.stop()
