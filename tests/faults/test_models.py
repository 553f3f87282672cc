"""Faults between the server and a model: every row is answered and rated, once, and little is asked in vain.

Times are a twentieth of those that providers have; shares and numbers of calls are theirs.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from elluminate_server.llm.model_config import MAX_CONNECTIONS
from tests.execution.backend import Backend, started
from tests.execution.test_kill import prompt_of
from tests.execution.test_waiting import (
    CRITERIA,
    GOES_ON,
    WAITS,
    assert_whole,
    lines,
    refuse_when,
    wait_for_line,
)
from tests.faults.faults import MODEL_SIDE, Fault, Schedule, seeds
from tests.faults.proxy import FaultyProxy
from tests.support.model_server import CapturedRequest, ModelServer, Reply, failure

ROWS = 200
CALLS = ROWS * (1 + len(CRITERIA))
SCALE = 1 / 20
WHIMS = {Fault.BUSY_AFTER: 0.30, Fault.BROKEN: 0.05, Fault.DELAYED: 0.05}


@contextmanager
def backend_behind(address: str, folder: Path, **settings: str) -> Iterator[Backend]:
    """A server whose default model and judge are at an address."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "LLM_BASE_URL": address,
            "LLM_MODEL": "scripted",
            "LLM_API_KEY": "key-of-the-tests",
            **settings,
        }.items():
            environment.setenv(f"ELLUMINATE_{name}", value)
        with started(folder) as backend:
            yield backend


def run_whole(backend: Backend, rows: int, name: str = "run") -> dict[str, Any]:
    """Run an experiment, and see that each row has one answer with its verdicts."""
    experiment = backend.create_experiment(rows=rows, criteria=CRITERIA, name=name)
    status = backend.ended(experiment, backend.run(experiment))
    assert (status["status"], status["error_msg"]) == ("SUCCESS", None)
    assert_whole(backend, experiment, rows)
    assert backend.get(f"experiments/{experiment['id']}")["results"]["num_rated_responses"] == rows
    return experiment


@pytest.mark.parametrize("seed", seeds(11))
def test_a_model_that_refuses_fails_and_is_slow_by_chance_loses_no_row(seed: int, tmp_path: Path) -> None:
    schedule = Schedule(seed, sum(WHIMS.values()), WHIMS, most_in_a_row=1000)
    print(f"FAULTS_SEED={seed}")
    with (
        ModelServer() as model,
        FaultyProxy(model.base_url, schedule, retry_after=1 * SCALE, delay=2 * SCALE) as proxy,
        backend_behind(proxy.base_url, tmp_path) as backend,
    ):
        run_whole(backend, ROWS)
    print(f"{proxy.requests} requests for {CALLS} calls: {schedule}")
    assert len(model.requests) == CALLS
    assert schedule.met[Fault.BUSY_AFTER] >= 0.25 * proxy.requests


@pytest.mark.parametrize("seed", seeds(21))
def test_everything_that_goes_wrong_on_the_way_to_a_model_costs_no_row_and_doubles_none(
    seed: int, tmp_path: Path
) -> None:
    rows = 24
    schedule = Schedule(seed, 0.0, MODEL_SIDE, most_in_a_row=2, are_pages_repeated=True)
    print(f"FAULTS_SEED={seed}")
    with (
        ModelServer() as model,
        FaultyProxy(model.base_url, schedule) as proxy,
        backend_behind(proxy.base_url, tmp_path, LLM_TIMEOUT="1", JUDGE_TIMEOUT="1") as backend,
    ):
        # A page in place of the first answer of all means a wrong address.
        run_whole(backend, 1, name="before")
        model.requests.clear()
        schedule.share = 0.25
        run_whole(backend, rows)
    print(f"{proxy.requests} requests for {rows * 3} calls, {len(model.requests)} arrived: {schedule}")
    answers = Counter(prompt_of(request) for request in model.requests if request.kind == "answer")
    assert len(answers) == rows
    # What arrived more often than once is what was answered, and whose answer was lost.
    lost = len(model.requests) - rows * 3
    assert lost <= sum(
        schedule.met[fault] for fault in Fault if "passed on" in fault.value or fault is Fault.CUT
    )


def test_a_quota_loses_no_call_and_costs_few(tmp_path: Path) -> None:
    rows, calls = 2 * ROWS, 2 * CALLS  # to learn a quota costs some, however many there are
    window, quota = 10 * SCALE, 60
    taken: Counter[int] = Counter()
    refused = 0

    def choose(_request: CapturedRequest) -> Reply | None:
        nonlocal refused
        now = time.monotonic()
        taken[int(now / window)] += 1
        if taken[int(now / window)] <= quota:
            return None
        refused += 1
        return failure(429, "too many", retry_after=window - now % window)

    with ModelServer() as model, backend_behind(model.base_url, tmp_path) as backend:
        refuse_when(model, choose)
        run_whole(backend, rows)
    print(f"{refused} of {len(model.requests)} requests were refused")
    assert len(model.requests) - refused == calls
    assert refused <= 0.05 * calls


def test_a_model_that_is_down_in_the_middle_of_a_run_is_waited_for(tmp_path: Path) -> None:
    down = 10 * SCALE
    whole = Schedule(0, 0.0, MODEL_SIDE, 0)
    with (
        ModelServer() as model,
        FaultyProxy(model.base_url, whole) as proxy,
        backend_behind(proxy.base_url, tmp_path) as backend,
    ):
        experiment = backend.create_experiment(rows=ROWS, criteria=CRITERIA)
        task_id = backend.run(experiment)
        model.wait_for_requests(CALLS // 3)
        proxy.refuse()
        since = time.monotonic()
        wait_for_line(backend, experiment, WAITS)
        waiting = backend.wait(
            lambda: backend.status(experiment, task_id), lambda _: time.monotonic() - since >= down
        )
        assert waiting["status"] == "STARTED"
        before = len(model.requests)
        assert before < CALLS
        proxy.take()
        assert backend.ended(experiment, task_id)["status"] == "SUCCESS"
        assert_whole(backend, experiment, ROWS)
        assert len(lines(backend, experiment, GOES_ON)) == 1
        assert 1 <= len(lines(backend, experiment, WAITS)) <= 2 + down / 10, "again where it takes long"
    # What was under way when it went down was asked again, and nothing else.
    print(f"{len(model.requests)} requests for {CALLS} calls")
    assert len(model.requests) <= CALLS + MAX_CONNECTIONS
