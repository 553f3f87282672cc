"""LLM configs of places that the server does not ask: refused when stored, or ending a run after a few calls."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elluminate_server.execution.asking import HOPELESS_CALLS
from tests.execution.backend import Backend, started
from tests.support.model_server import ModelServer

HOST = "llm.example"
CONFIG = {"name": "Nearby", "llm_model_name": "scripted", "api_key": "key-of-the-tests"}


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """A server that asks public addresses alone, where the name `llm.example` leads to this machine."""
    look_up = socket.getaddrinfo

    def answer(host: Any, *args: Any, **options: Any) -> Any:
        return look_up("127.0.0.1" if host == HOST else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setenv("ELLUMINATE_ALLOW_PRIVATE_ENDPOINTS", "false")
    with started(tmp_path) as running:
        yield running


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "localhost", "169.254.169.254", "[::1]"])
def test_an_address_that_is_not_asked_is_no_llm_config(backend: Backend, host: str) -> None:
    refused = backend.post("llm_configs", {**CONFIG, "llm_base_url": f"http://{host}:1/v1"}, 422)
    assert "is not asked by this server" in refused["detail"]
    assert "ELLUMINATE_ALLOW_PRIVATE_ENDPOINTS=" in refused["detail"]
    assert backend.get("llm_configs")["count"] == 0


def test_a_name_that_leads_to_one_ends_a_run_after_a_few_calls(
    backend: Backend, model_server: ModelServer
) -> None:
    url = model_server.base_url.replace("127.0.0.1", HOST)
    config = backend.post("llm_configs", {**CONFIG, "llm_base_url": url})
    experiment = backend.create_experiment(rows=40, llm_config_id=config["id"])
    status = backend.ended(experiment, backend.run(experiment))

    assert (status["status"], status["has_internal_error"]) == ("FAILURE", False)
    assert f"{HOST} is a loopback address" in status["error_msg"]
    assert f"ELLUMINATE_ALLOW_PRIVATE_ENDPOINTS={HOST}" in status["error_msg"]
    assert len(backend.responses(experiment_id=experiment["id"])) < HOPELESS_CALLS
    assert model_server.requests == []
