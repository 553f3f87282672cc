"""`elluminate worker` as a process: its log, its port, and the spans of it and of a server."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from elluminate.__main__ import main
from elluminate_server import commands
from tests.cli.test_serve import Started
from tests.support.serve_process import clean_environment

BOUND = 60


class Working:
    """A worker, read up to the line that says that it works."""

    def __init__(self, database: Path, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "elluminate", "worker", "--database", str(database), *arguments],
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    @property
    def address(self) -> str:
        found = re.search(r"(http://\S+)/metrics\.", self.line)
        assert found is not None, self.line
        return found[1]

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", trust_env=False)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit code, and what was printed since and on standard error."""
        self.process.send_signal(number)
        printed, errors = self.process.communicate(timeout=BOUND)
        return self.process.returncode, printed, errors

    def __enter__(self) -> "Working":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=BOUND)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "evals.db"
    with monkeypatch.context() as patch:
        patch.setenv("ELLUMINATE_DATABASE_URL", str(path))
        assert main(["migrate"]) == 0
    capsys.readouterr()
    return path


def test_its_log_is_an_object_a_line_where_that_is_asked_for(database: Path) -> None:
    with Working(database, "--log-format", "json", OTEL_TRACES_EXPORTER="no-such") as worker:
        assert worker.line == "elluminate works. Stop with Ctrl-C.\n"
        code, _, errors = worker.end()
    assert code == 0
    (line,) = map(json.loads, errors.splitlines())
    assert (line["level"], line["logger"]) == ("warning", "elluminate_server.operating")
    assert "'no-such'" in line["message"]


def test_it_tells_what_it_does_on_this_machine_alone(database: Path) -> None:
    with Working(database, "--metrics", "0", "--concurrency", "5") as worker:
        assert worker.address.startswith("http://127.0.0.1:")
        assert ", 5 test cases at a time, and tells of it at http://" in worker.line
        health, told, nothing = worker.get("/healthz"), worker.get("/metrics"), worker.get("/api/v0/projects")
        assert worker.end() == (0, "", "")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert (told.status_code, nothing.status_code) == (200, 404)
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(told.text)
        for sample in family.samples
    }
    assert samples["elluminate_database_up"] == 1
    assert samples["elluminate_leases_held"] == samples["elluminate_shares_held"] == 0
    assert samples["elluminate_leases_lost_total"] == 0
    assert "elluminate_model_calls_under_way" in samples


def test_a_host_that_is_named_is_listened_on(database: Path) -> None:
    with Working(database, "--metrics", "0.0.0.0:0") as worker:
        port = worker.address.rpartition(":")[2]
        assert worker.address == f"http://0.0.0.0:{port}"
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200


def test_a_port_in_use_is_one_line_with_the_way_out(database: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Working(database, "--metrics", str(port)) as worker:
            assert worker.line == ""
            _, errors = worker.process.communicate(timeout=BOUND)
            assert worker.process.returncode == 1
    assert errors == (
        f"elluminate: Port {port} on 127.0.0.1 is in use by another program. Choose another one with --metrics, or "
        "--metrics 0 for any free port.\n"
    )


@pytest.mark.parametrize("given", ["http", ":9100", "127.0.0.1:", "127.0.0.1:65536", ""])
def test_a_bad_port_is_wrong_usage(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["worker", f"--metrics={given}"])
    assert ended.value.code == 2
    assert "argument --metrics: " in capsys.readouterr().err


def test_what_a_server_was_asked_is_linked_with_what_a_worker_did(database: Path) -> None:
    exporting = {"OTEL_TRACES_EXPORTER": "console", "OTEL_BSP_SCHEDULE_DELAY": "600000"}
    program = """
from elluminate import Client
with Client() as client:
    rows = client.create_collection(name="c", variables=[{"topic": "tides"}])
    template = client.create_prompt_template(name="t", messages="Explain {{topic}}.")
    experiment = client.create_experiment(name="e", prompt_template=template, collection=rows)
    assert len(experiment.run().responses()) == 1
"""
    with (
        Started("--database", str(database), "--no-work", **exporting) as server,
        Working(database, **exporting) as worker,
    ):
        exports = {name: server.exported(name) for name in ("ELLUMINATE_BASE_URL", "ELLUMINATE_API_KEY")}
        subprocess.run(
            [sys.executable, "-c", program], env=clean_environment(**exports), check=True, timeout=BOUND
        )
        code, printed, errors = worker.end()
        assert (code, errors) == (0, "")
        server.process.terminate()
        served, _ = server.process.communicate(timeout=BOUND)
    worked = {span["name"]: span for span in documents(printed)}
    requests = {span["name"]: span for span in documents(served)}
    assert worked["task experiment"]["resource"]["attributes"]["service.name"] == "elluminate-worker"
    request = requests["run_experiment"]
    assert request["resource"]["attributes"]["service.name"] == "elluminate-server"
    (link,) = worked["task experiment"]["links"]
    assert link["context"]["span_id"] == request["context"]["span_id"]
    (link,) = worked["item"]["links"]
    assert link["context"]["span_id"] == worked["task experiment"]["context"]["span_id"]
    for secret in (exports["ELLUMINATE_API_KEY"], "tides", "Explain"):
        assert secret not in printed + served


def documents(text: str) -> list[Mapping[str, Any]]:
    """The JSON objects that stand one after another."""
    found, place = [], text.find("{")
    while place >= 0:
        document, end = json.JSONDecoder().raw_decode(text, place)
        found.append(document)
        place = text.find("{", end)
    return found


def test_a_database_that_it_makes_is_told_before_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new.db"
    monkeypatch.setenv("ELLUMINATE_DATABASE_URL", str(path))
    monkeypatch.delenv("ELLUMINATE_BROKER_URL", raising=False)
    said: list[str] = []
    monkeypatch.setattr(commands, "work", lambda *_, **__: said.append(capsys.readouterr().err))
    assert main(["worker"]) == 0
    assert said == [f"There is no database {path}: a new one is made.\n"]
