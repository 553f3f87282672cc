"""The log lines of a run name its task, and not the request that asked for it."""

import json
import logging
from io import StringIO
from typing import NoReturn

import pytest

from elluminate_server.execution.run import Run
from elluminate_server.operating.log_lines import JsonLines
from tests.execution.backend import Backend
from tests.support.model_server import CapturedRequest, ModelServer, Reply, failure


def test_a_run_s_log_lines_name_its_task(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_run: Run) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(Run, "perform", broken)
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("elluminate_server.execution")
    logger.addHandler(handler)
    try:
        experiment = backend.create_experiment(rows=1)
        task_id = backend.run(experiment)
        backend.ended(experiment, task_id)
    finally:
        logger.removeHandler(handler)

    told = [json.loads(line) for line in written.getvalue().splitlines()]
    failed = next(line for line in told if "failed" in line["message"])
    assert failed["task_id"] == task_id
    assert "request_id" not in failed
    assert failed["exception"].endswith("ZeroDivisionError")


def test_the_end_of_a_run_that_failed_is_a_line_without_words_of_models_and_rows(
    backend_with_model: Backend, model_server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    backend = backend_with_model
    model_server.answer = lambda _: failure(401, "No topic1 for the key sk-hush.")
    experiment = backend.create_experiment(rows=8)
    task_id = backend.run(experiment)
    assert backend.ended(experiment, task_id)["status"] == "FAILURE"
    backend.wait(lambda: {"lines": _ends(caplog, task_id)}, lambda state: bool(state["lines"]))
    (line,) = _ends(caplog, task_id)
    assert f"experiment {experiment['id']}) ended as FAILURE" in line
    assert "401" in line
    assert "topic" not in line
    assert "sk-hush" not in line


def test_rows_that_failed_are_counted_in_one_line(
    backend_with_model: Backend, model_server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    backend, answer = backend_with_model, model_server.answer

    def some(request: CapturedRequest) -> str | Reply:
        asked = str(request.json["messages"])
        return failure(400, "No.") if "topic1" in asked or "topic2" in asked else answer(request)

    model_server.answer = some
    experiment = backend.create_experiment(rows=5)
    task_id = backend.run(experiment)
    assert backend.ended(experiment, task_id)["status"] == "SUCCESS"
    backend.wait(lambda: {"lines": _ends(caplog, task_id)}, lambda state: bool(state["lines"]))
    (line,) = _ends(caplog, task_id)
    assert line.endswith("ended with 2 of 5 responses failed. Failures seen by this process: 2 × 400.")


def _ends(caplog: pytest.LogCaptureFixture, task_id: str) -> list[str]:
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    return [line for line in told if task_id in line and " ended " in line]
