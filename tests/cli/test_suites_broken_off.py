"""A suite whose run is broken off in the middle: run again it goes on, and what is answered is not asked again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from elluminate import Client
from elluminate_server import serving
from tests.support.model_server import CapturedRequest, ModelServer
from tests.support.serve_process import clean_environment
from tests.support.serve_process import serving as serving_process

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

BOUND = 60
NAMES = ["Ada", "Grace", "Mary", "Barbara"]

PROGRAM = """\
import pathlib, threading

def greet(name):
    with open("asked", "a") as file:
        file.write(name + "\\n")
    if name == "Mary" and pathlib.Path("hangs").exists():
        pathlib.Path("waits").touch()
        threading.Event().wait()
    return f"Hi {name}"
"""

SUITE = """\
name: Greetings
{asked}
rows: [{{name: Ada}}, {{name: Grace}}, {{name: Mary}}, {{name: Barbara}}]
criteria: [Is it polite?]
"""
OF_A_TARGET = SUITE.format(asked="target: greeting:greet\nmax_concurrency: 1")
OF_A_MODEL = SUITE.format(asked='template: "Greet {{name}}."')


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("greeting.py").write_text(PROGRAM, encoding="utf-8")
    return tmp_path


@pytest.fixture(params=["local", "server"])
def place(request: pytest.FixtureRequest, model_server: ModelServer) -> Iterator[dict[str, str]]:
    """Where suites run: the environment of a command."""
    models = {
        "ELLUMINATE_LLM_BASE_URL": model_server.base_url,
        "ELLUMINATE_LLM_MODEL": "scripted",
        "ELLUMINATE_MAX_CONCURRENT_CALLS": "1",
    }
    if request.param == "local":
        database = Path("evals.db").absolute()
        yield {"ELLUMINATE_BASE_URL": f"local:{database.as_posix()}", **models}
        serving.stop_local_server(str(database))
    else:
        with serving_process("server.db", environment=models) as server:
            yield server.environment


@contextmanager
def running(environment: dict[str, str], *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "elluminate", "run", "suite.yaml", *options],
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=BOUND)


def interrupted(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=BOUND)
    assert process.returncode == 130, told
    assert "Run again as it is, the suite goes on with experiment 'Greetings (" in told, told
    return told


def run(environment: dict[str, str], *options: str) -> str:
    with running(environment, *options) as process:
        printed, told = process.communicate(timeout=BOUND)
        assert process.returncode == 0, printed + told
    return told


def asked() -> list[str]:
    return Path("asked").read_text(encoding="utf-8").split()


def until_it_waits(process: subprocess.Popen[str]) -> None:
    looking = threading.Event()
    while not Path("waits").exists():
        assert process.poll() is None, process.communicate()
        looking.wait(0.01)


def experiments(environment: dict[str, str]) -> int:
    with Client(
        base_url=environment["ELLUMINATE_BASE_URL"], api_key=environment.get("ELLUMINATE_API_KEY")
    ) as client:
        return len(client.list_experiments())


def test_a_target_is_not_asked_again_for_what_it_has_answered(place: dict[str, str]) -> None:
    Path("suite.yaml").write_text(OF_A_TARGET, encoding="utf-8")
    Path("hangs").touch()
    with running(place) as process:
        until_it_waits(process)
        Path("hangs").unlink()
        # One that is under way belongs to its process alone: another run of the suite at the same time begins anew.
        assert "Going on" not in run(place)
        told = interrupted(process)
    assert "Interrupted: 2 of 4 answers" in told
    assert asked() == ["Ada", "Grace", "Mary", *NAMES]

    # What is another suite, or is to be new, leaves it alone.
    Path("suite.yaml").write_text(OF_A_TARGET.replace("polite", "short"), encoding="utf-8")
    assert "Going on" not in run(place)
    Path("suite.yaml").write_text(OF_A_TARGET, encoding="utf-8")
    assert "Going on" not in run(place, "--new")

    before = len(asked())
    told = run(place)
    assert "Going on with experiment 'Greetings (" in told
    assert "whose run was broken off: 2 of 4 answers are left" in told
    assert asked()[before:] == ["Mary", "Barbara"]
    assert experiments(place) == 4


def test_a_model_is_not_asked_again_for_what_it_has_answered(
    place: dict[str, str], model_server: ModelServer
) -> None:
    def is_late(request: CapturedRequest) -> bool:
        return request.kind == "answer" and "Mary" in str(request.json["messages"])

    Path("suite.yaml").write_text(OF_A_MODEL, encoding="utf-8")
    with model_server.held(is_late), running(place) as process:
        model_server.wait_for_requests(1, is_late)
        interrupted(process)

    told = run(place)
    assert "Going on with experiment 'Greetings (" in told
    answered = [
        str(request.json["messages"]) for request in model_server.requests if request.kind == "answer"
    ]
    for name in ("Ada", "Grace", "Barbara"):
        assert sum(name in text for text in answered) == 1
    assert experiments(place) == 1
