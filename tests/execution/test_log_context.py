"""The log lines of a run name its task, and not the request that asked for it."""

import json
import logging
from io import StringIO
from typing import NoReturn

import pytest

from elluminate_server.execution.run import Run
from elluminate_server.operating.log_lines import JsonLines
from tests.execution.backend import Backend


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
