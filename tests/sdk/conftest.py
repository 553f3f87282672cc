"""One of everything for each module of tests, read by the blocking and by the async client of one server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from elluminate import Client
from elluminate_server import serving
from tests.sdk.both_ways import BothWays, Way, both_ways
from tests.support.model_server import ModelServer


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothWays]:
    with both_ways(tmp_path_factory.mktemp("both")) as found:
        yield found


@pytest.fixture(params=["blocking", "async"])
def way(request: pytest.FixtureRequest, both: BothWays) -> Way:
    return both.ways[request.param]


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def base_url(tmp_path: Path, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database of the test's own, whose models are the scripted one."""
    monkeypatch.setenv("ELLUMINATE_LLM_BASE_URL", model_server.base_url)
    monkeypatch.setenv("ELLUMINATE_LLM_MODEL", "scripted")
    yield f"local:{(tmp_path / 'scripted.db').as_posix()}"
    serving.stop_local_server(str(tmp_path / "scripted.db"))


@pytest.fixture
def client(base_url: str) -> Iterator[Client]:
    with Client(base_url=base_url) as client:
        yield client
