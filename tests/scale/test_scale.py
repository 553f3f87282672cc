"""One run on several workers of Celery, with PostgreSQL and a broker: killed, restarted, and with a row that kills."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest

from tests.execution.test_kill import CRITERIA
from tests.scale.conftest import Deployment
from tests.support import worker_process
from tests.support.model_server import CapturedRequest
from tests.support.services import RabbitMQ, Redis

ROWS = 150

IN_HAND = 16 * 3
"""Calls that a killed process may have had under way, or answered and not stored yet."""


def run(here: Deployment, rows: int = ROWS, name: str = "e") -> tuple[dict[str, Any], str]:
    made = here.backend.create_experiment(rows=rows, criteria=CRITERIA, name=name)
    return made, here.backend.run(made)


def wait_for_calls(here: Deployment, count: int) -> None:
    here.model_server.wait_for_requests(count)


def assert_ended(here: Deployment, made: dict[str, Any], task_id: str) -> None:
    status = here.backend.ended(made, task_id)
    assert (status["status"], status["error_msg"]) == ("SUCCESS", None)


def test_two_workers_take_about_half_the_time_of_one(deployment: Deployment) -> None:
    """Printed, not asserted: a busy machine is no defect."""
    here, took = deployment, {}
    here.model_server.latency = 0.3
    for workers in (1, 2):
        here.add_worker("--concurrency", "4")
        began = time.perf_counter()
        made, task_id = run(here, 120, name=f"{workers} workers")
        assert_ended(here, made, task_id)
        took[workers] = time.perf_counter() - began
        here.model_server.requests.clear()
    print(f"one worker {took[1]:.1f} s, two {took[2]:.1f} s: {took[2] / took[1]:.2f}x")


def test_a_worker_that_is_killed_at_any_of_ten_random_moments_costs_only_the_calls_in_flight(
    deployment: Deployment,
) -> None:
    here, chance, rows = deployment, random.Random(1), 80
    for _ in range(2):
        here.add_worker("--concurrency", "6")
    for number in range(10):
        here.model_server.requests.clear()
        made, task_id = run(here, rows, name=f"killed {number}")
        wait_for_calls(here, chance.randrange(1, rows * 3))
        victim = chance.choice(here.workers)
        here.workers.remove(victim)
        worker_process.kill(victim)
        began = time.perf_counter()
        assert_ended(here, made, task_id)
        print(f"{number}: over {time.perf_counter() - began:.1f} s after the death")
        here.assert_whole(made, rows, repeated=IN_HAND)
        here.add_worker("--concurrency", "6")
    assert here.model_server.most_at_once <= 16


def test_places_hold_over_four_workers_when_one_is_killed(deployment: Deployment) -> None:
    here, rows, most = deployment, 500, 16
    for _ in range(4):
        here.add_worker()
    made, task_id = run(here, rows)
    wait_for_calls(here, rows // 2)
    worker_process.kill(here.workers[0])
    assert_ended(here, made, task_id)
    here.assert_whole(made, rows, repeated=IN_HAND)
    assert here.model_server.most_at_once <= most


@pytest.mark.parametrize("broker", [Redis, RabbitMQ], indirect=True)
def test_a_run_goes_on_while_the_broker_is_killed_and_started_again(deployment: Deployment) -> None:
    here = deployment
    for _ in range(2):
        here.add_worker("--concurrency", "6")
    made, task_id = run(here)
    wait_for_calls(here, 30)
    here.broker.kill()
    # Asked without a broker: workers find it by themselves.
    again, again_id = run(here, 10, name="without a broker")
    assert_ended(here, again, again_id)
    here.broker.start()
    assert_ended(here, made, task_id)
    third, third_id = run(here, 10, name="with a broker again")
    assert_ended(here, third, third_id)
    assert len(here.backend.responses(experiment_id=made["id"])) == ROWS
    calls = (ROWS + 10 + 10) * (1 + len(CRITERIA))
    assert len(here.model_server.requests) == calls


def test_a_run_goes_on_when_postgresql_was_killed_and_started_again(deployment: Deployment) -> None:
    here = deployment
    for _ in range(2):
        here.add_worker("--concurrency", "6")
    made, task_id = run(here)
    wait_for_calls(here, 60)
    here.postgresql.kill()
    time.sleep(1.0)
    here.postgresql.start()
    here.backend.wait(lambda: _status(here, made, task_id), lambda found: found["status"] == "SUCCESS")
    here.assert_whole(made, ROWS, repeated=2 * IN_HAND)


def _status(here: Deployment, made: dict[str, Any], task_id: str) -> dict[str, Any]:
    found = here.backend.http.get(f"experiments/{made['id']}/generation/{task_id}")
    return found.json() if found.status_code == 200 else {"status": found.status_code}


def test_a_row_that_always_kills_its_worker_fails_and_the_others_are_done(deployment: Deployment) -> None:
    here, rows, deaths = deployment, 40, 0
    poison = "Explain topic7."
    is_over = threading.Event()

    def answer(request: CapturedRequest) -> str:
        nonlocal deaths
        text = str(request.json["messages"][-1]["content"])
        if text == poison and not is_over.is_set():
            deaths += 1
            here.workers[-1].kill()  # there is one at a time
        return f"An answer to: {text}"

    here.model_server.answer = answer
    here.add_worker("--concurrency", "6")
    made, task_id = run(here, rows)
    while here.backend.status(made, task_id)["status"] in {"PENDING", "STARTED"}:
        if here.workers[-1].poll() is not None:
            here.add_worker("--concurrency", "6")
        time.sleep(0.2)
    is_over.set()
    status = here.backend.status(made, task_id)
    assert status["status"] == "SUCCESS"
    responses = here.backend.responses(experiment_id=made["id"])
    assert len(responses) == rows
    failed = [response for response in responses if response["error"]]
    assert [response["error"][:8] for response in failed] == ["Given up"]
    assert all(len(response["ratings"]) == len(CRITERIA) for response in responses if not response["error"])
    print(f"{deaths} deaths")
