"""Runs at endpoints that refuse, are away or never will answer: what waits, what ends, what is brought later."""

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elluminate_server.execution.asking import HOPELESS_CALLS
from elluminate_server.llm.model_config import MAX_CONNECTIONS
from elluminate_server.llm.pace import FIRST_LIMIT
from tests.execution.backend import Backend
from tests.execution.test_completing import YES, calls, cancel, completed, verdict_calls
from tests.execution.test_kill import can_kill, kill, started
from tests.support.databases import fresh_database
from tests.support.model_server import CapturedRequest, ModelServer, Reply, completion, failure

CRITERIA = ("Is it short?", "Is it right?")
WAITS, GOES_ON = "Waits, and asks again in", "Goes on: the model endpoint"

Choice = Callable[[CapturedRequest], Reply | None]


def refuse_when(model_server: ModelServer, choose: Choice) -> None:
    """Have the server refuse, instead of what it would say, where a choice is made."""
    answer = model_server.answer
    model_server.answer = lambda request: choose(request) or answer(request)
    model_server.verdict = lambda request: choose(request) or YES


def lines(backend: Backend, experiment: dict[str, Any], beginning: str) -> list[str]:
    log = backend.get(f"experiments/{experiment['id']}")["logs"] or ""
    return [line for line in log.splitlines() if line.startswith(beginning)]


def wait_for_line(backend: Backend, experiment: dict[str, Any], beginning: str) -> None:
    backend.wait(lambda: {"lines": lines(backend, experiment, beginning)}, lambda found: bool(found["lines"]))


def assert_whole(backend: Backend, experiment: dict[str, Any], rows: int) -> None:
    """Every row has one answer, and every answer its verdicts."""
    responses = backend.responses(experiment_id=experiment["id"])
    assert [response["error"] for response in responses] == [None] * rows
    assert [len(response["ratings"]) for response in responses] == [len(CRITERIA)] * rows
    places = {response["prompt"]["template_variables"]["id"] for response in responses}
    assert len(places) == rows


# What waits


def test_a_run_loses_no_row_at_an_endpoint_that_refuses_and_fails_by_chance(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    chance = random.Random(3)

    def choose(_request: CapturedRequest) -> Reply | None:
        drawn = chance.random()
        if drawn < 0.30:
            return failure(429, "too many", retry_after=0.05)
        return failure(500) if drawn < 0.35 else None

    refuse_when(model_server, choose)
    experiment = backend_with_model.create_experiment(rows=8, criteria=CRITERIA)
    status = backend_with_model.ended(experiment, backend_with_model.run(experiment))
    assert (status["status"], status["error_msg"]) == ("SUCCESS", None)
    assert_whole(backend_with_model, experiment, 8)


def test_a_run_loses_no_row_to_a_quota(backend_with_model: Backend, model_server: ModelServer) -> None:
    window, quota = 0.5, 8
    taken: Counter[int] = Counter()

    def choose(_request: CapturedRequest) -> Reply | None:
        now = time.monotonic()
        taken[int(now / window)] += 1
        if taken[int(now / window)] <= quota:
            return None
        return failure(429, "too many", retry_after=window - now % window)

    refuse_when(model_server, choose)
    experiment = backend_with_model.create_experiment(rows=20, criteria=CRITERIA)
    status = backend_with_model.ended(experiment, backend_with_model.run(experiment))
    assert (status["status"], status["error_msg"]) == ("SUCCESS", None)
    assert_whole(backend_with_model, experiment, 20)


def test_a_run_waits_for_an_endpoint_that_is_away_and_says_so(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    away = True
    refuse_when(model_server, lambda _request: failure(502, "nobody there") if away else None)
    experiment = backend_with_model.create_experiment(rows=12, criteria=CRITERIA)
    task_id = backend_with_model.run(experiment)
    wait_for_line(backend_with_model, experiment, WAITS)
    model_server.wait_for_requests(12 + 2)  # each has found out, and it was asked again in vain
    away = False
    assert backend_with_model.ended(experiment, task_id)["status"] == "SUCCESS"
    assert_whole(backend_with_model, experiment, 12)
    waits, *again = lines(backend_with_model, experiment, WAITS)
    assert "answered 502: nobody there" in waits
    assert len(again) <= 3 and all(line.endswith(" s so far.)") for line in again), "of many calls that wait"
    assert len(lines(backend_with_model, experiment, GOES_ON)) == 1
    responses = backend_with_model.responses(experiment_id=experiment["id"])
    assert max(response["generation_metadata"]["waited_seconds"] for response in responses) > 0.3


def test_a_run_waits_for_an_endpoint_that_is_not_there_yet(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelServer() as found:
        port = int(found.base_url.rsplit(":", 1)[1].removesuffix("/v1"))
    model_server = request.getfixturevalue("model_server")
    monkeypatch.setattr(ModelServer, "base_url", f"http://127.0.0.1:{port}/v1")
    backend = request.getfixturevalue("backend_with_model")
    experiment = backend.create_experiment(rows=3, criteria=CRITERIA)
    task_id = backend.run(experiment)
    wait_for_line(backend, experiment, WAITS)
    with ModelServer(port):
        assert backend.ended(experiment, task_id)["status"] == "SUCCESS"
    assert_whole(backend, experiment, 3)
    assert model_server.requests == []


def test_runs_of_several_configs_share_what_one_endpoint_takes(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    started_runs = []
    with model_server.held():
        for name in "abcd":
            config = backend.post(
                "llm_configs",
                {
                    "name": name,
                    "llm_model_name": "scripted",
                    "llm_base_url": model_server.base_url,
                    "api_key": "key-of-the-tests",
                    "max_connections": 3,
                },
            )
            made = backend.create_experiment(rows=5, criteria=(), name=name, llm_config_id=config["id"])
            started_runs.append((made, backend.run(made)))
        model_server.wait_for_requests(3)
    for made, task_id in started_runs:
        assert backend.ended(made, task_id)["status"] == "SUCCESS"
    assert model_server.most_at_once == 3


def test_cancelling_a_run_that_waits_ends_it_at_once(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    refused = [failure(429, "come later", retry_after=600)]
    refuse_when(model_server, lambda _request: refused.pop() if refused else None)
    experiment = backend.create_experiment(rows=30, criteria=CRITERIA)
    task_id = backend.run(experiment)
    wait_for_line(backend, experiment, WAITS)
    before = len(model_server.requests)
    cancel(backend, experiment)
    assert backend.status(experiment, task_id)["status"] == "REVOKED"
    assert len(model_server.requests) == before


@can_kill
def test_a_run_that_waits_goes_on_in_the_next_process(tmp_path: Path) -> None:
    database = fresh_database(tmp_path)
    with ModelServer() as model_server:
        refused = [failure(429, "come later", retry_after=3000)]
        refuse_when(model_server, lambda _request: refused.pop() if refused else None)
        with started(database, model_server) as (backend, served):
            experiment = backend.create_experiment(rows=6, criteria=CRITERIA)
            task_id = backend.run(experiment)
            wait_for_line(backend, experiment, WAITS)
            kill(served)
        with started(database, model_server) as (backend, _):
            assert backend.ended(experiment, task_id)["status"] == "SUCCESS"
            assert_whole(backend, experiment, 6)


def test_a_request_does_not_wait_as_a_run_does(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    model_server.fail(1, status=429, message="come later", retry_after=600)
    experiment = backend.create_experiment(rows=1)
    row = backend.get(f"collections/{experiment['collection']['id']}")["variables"][0]["id"]
    body = {"template_variables_id": row, "experiment_id": experiment["id"]}
    answered = backend.post("responses/generate", body)
    assert "answered 429: come later" in answered["error"]
    assert "longer than is waited" in answered["error"]


def test_a_run_that_has_waited_long_enough_ends_and_a_retry_brings_the_rest(
    model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("ELLUMINATE_LLM_PATIENCE", "1")
    backend = request.getfixturevalue("backend_with_model")
    away = True
    refuse_when(model_server, lambda _request: failure(503, "overloaded") if away else None)
    experiment = backend.create_experiment(rows=20, criteria=CRITERIA)
    status = backend.ended(experiment, backend.run(experiment))
    assert status["status"] == "FAILURE"
    assert "answered 503: overloaded" in status["error_msg"]
    assert backend.responses(experiment_id=experiment["id"]) == []
    away = False
    assert completed(backend, experiment)["status"] == "SUCCESS"
    assert_whole(backend, experiment, 20)


# What ends


HOPELESS = [
    pytest.param(failure(401, "Incorrect API key provided"), id="a wrong key"),
    pytest.param(failure(403, "Not for this project"), id="a key that may not"),
    pytest.param(failure(404, "The model `scripted` does not exist"), id="an unknown model"),
    pytest.param(
        failure(429, "You exceeded your current quota", code="insufficient_quota"), id="no money left"
    ),
]


@pytest.mark.parametrize("refusal", HOPELESS)
def test_a_run_that_no_call_of_which_can_succeed_ends_after_a_few_and_a_retry_brings_it_all(
    backend_with_model: Backend, model_server: ModelServer, refusal: Reply
) -> None:
    backend = backend_with_model
    is_hopeless = True
    refuse_when(model_server, lambda _request: refusal if is_hopeless else None)
    experiment = backend.create_experiment(rows=40, criteria=CRITERIA)
    status = backend.ended(experiment, backend.run(experiment))
    assert (status["status"], status["has_internal_error"]) == ("FAILURE", False)
    assert f"answered {refusal.status}" in status["error_msg"]
    assert len(model_server.requests) <= FIRST_LIMIT + HOPELESS_CALLS
    assert len(backend.responses(experiment_id=experiment["id"])) < HOPELESS_CALLS

    is_hopeless = False
    model_server.requests.clear()
    assert completed(backend, experiment)["status"] == "SUCCESS"
    assert_whole(backend, experiment, 40)
    assert calls(model_server).total() == 40


def test_a_run_whose_money_runs_out_keeps_what_it_has_and_goes_on_there(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    money = 30
    paid: list[CapturedRequest] = []

    def choose(request: CapturedRequest) -> Reply | None:
        if len(paid) >= money:
            return failure(429, "You exceeded your current quota", code="insufficient_quota")
        paid.append(request)
        return None

    refuse_when(model_server, choose)
    experiment = backend.create_experiment(rows=40, criteria=CRITERIA)
    status = backend.ended(experiment, backend.run(experiment))
    assert status["status"] == "FAILURE"
    assert "You exceeded your current quota" in status["error_msg"]
    assert len(model_server.requests) <= money + FIRST_LIMIT + money

    money = 1000
    assert completed(backend, experiment)["status"] == "SUCCESS"
    assert_whole(backend, experiment, 40)
    assert len(paid) == 40 * (1 + len(CRITERIA))  # nothing was paid for twice


def test_a_judge_that_cannot_be_asked_ends_the_run_and_keeps_the_answers(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    model_server.verdict = lambda _request: failure(401, "No such key")
    rows = 150
    experiment = backend.create_experiment(rows=rows, criteria=CRITERIA)
    status = backend.ended(experiment, backend.run(experiment))
    assert status["status"] == "FAILURE"
    assert "No such key" in status["error_msg"]
    answered = backend.responses(experiment_id=experiment["id"])
    assert 0 < len(answered) == calls(model_server).total() < rows
    assert verdict_calls(model_server) <= 2 * MAX_CONNECTIONS

    model_server.verdict = lambda _request: YES
    assert completed(backend, experiment)["status"] == "SUCCESS"
    assert_whole(backend, experiment, rows)
    assert calls(model_server).total() == rows


def test_a_row_that_is_refused_for_itself_fails_alone(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    def choose(request: CapturedRequest) -> Reply | None:
        is_bad = request.kind == "answer" and "topic7." in str(request.json["messages"])
        return failure(403, "This was flagged by moderation") if is_bad else None

    refuse_when(model_server, choose)
    experiment = backend_with_model.create_experiment(rows=20, criteria=CRITERIA)
    assert backend_with_model.ended(experiment, backend_with_model.run(experiment))["status"] == "SUCCESS"
    responses = backend_with_model.responses(experiment_id=experiment["id"])
    failed = [response["error"] for response in responses if response["error"]]
    assert len(failed) == 1
    assert "flagged by moderation" in failed[0]


def test_what_is_asked_of_models_follows_the_settings(
    model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for name, value in {"LLM_TEMPERATURE": "0.7", "LLM_MAX_TOKENS": "99", "JUDGE_MAX_TOKENS": "77"}.items():
        monkeypatch.setenv(f"ELLUMINATE_{name}", value)
    backend = request.getfixturevalue("backend_with_model")
    model_server.answer = lambda _request: completion("The moon.")
    experiment = backend.create_experiment(rows=1)
    backend.ended(experiment, backend.run(experiment))
    sent = {one.kind: (one.json["temperature"], one.json["max_tokens"]) for one in model_server.requests}
    assert sent == {"answer": (0.7, 99), "verdict": (0.0, 77)}
