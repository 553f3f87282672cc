"""Runs over HTTP: start, poll, stream."""

import contextlib
import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from elluminate_server.execution.notices import Watch
from elluminate_server.http import event_stream
from tests.execution.backend import BOUND, Backend, events_of
from tests.support.model_server import ModelServer


def test_run_poll_and_read(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=4, criteria=("Is it short?", "Is it {{topic}}?"))
    assert experiment["generation_task_id"] is None
    task_id = backend.run(experiment)
    assert re.fullmatch(r"[0-9a-f]{32}", task_id)
    status = backend.ended(experiment, task_id)
    assert status["status"] == "SUCCESS"
    assert (status["completed_responses"], status["completed_ratings"], status["total_responses"]) == (
        4,
        4,
        4,
    )
    assert status["generation_task_id"] is None
    assert status["has_internal_error"] is False
    responses = backend.responses(experiment_id=experiment["id"])
    assert [len(response["ratings"]) for response in responses] == [2, 2, 2, 2]
    read = backend.get(f"experiments/{experiment['id']}")
    assert read["results"]["num_rated_responses"] == 4
    assert "Rated 4/4" in read["logs"]


def test_an_experiment_created_with_generate_runs(backend: Backend) -> None:
    experiment = backend.create_experiment(generate=True, n_epochs=2)
    backend.ended(experiment, experiment["generation_task_id"])
    assert len(backend.responses(experiment_id=experiment["id"])) == 6
    assert backend.get(f"experiments/{experiment['id']}")["results"]["completed_epochs"] == 2


def test_an_experiment_runs_once(backend: Backend) -> None:
    experiment = backend.create_experiment()
    backend.ended(experiment, backend.run(experiment))
    answer = backend.post(f"experiments/{experiment['id']}/run", {}, status=409)
    assert answer["detail"] == (
        f"Experiment 'e' was run already. What its run left undone is completed by "
        f"retry_failed() (POST /experiments/{experiment['id']}/retry-failed); to run it again, create another "
        "experiment."
    )


def test_a_repeated_run_request_with_one_idempotency_key_starts_one_run(backend: Backend) -> None:
    experiment = backend.create_experiment()
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first, second = (
        backend.http.post(f"experiments/{experiment['id']}/run", json={}, headers=headers) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    backend.ended(experiment, first.json()["generation_task_id"])
    assert len(backend.responses(experiment_id=experiment["id"])) == 3


def test_an_unknown_task_reads_pending(backend: Backend) -> None:
    experiment = backend.create_experiment()
    status = backend.status(experiment, "no-such-task")
    assert status["status"] == "PENDING"
    assert status["completed_responses"] is None
    assert status["generation_task_id"] is None


def test_a_task_of_another_experiment_reads_pending(backend: Backend) -> None:
    one, other = backend.create_experiment(name="one"), backend.create_experiment(name="other")
    task_id = backend.run(one)
    backend.ended(one, task_id)
    assert backend.status(other, task_id)["status"] == "PENDING"


def test_a_poll_that_waits_is_answered_when_the_run_is_over(
    backend_with_model: Backend, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(rows=1)
    begun = threading.Event()
    ended_by_it: list[bool] = []
    wait_for_end = Watch.wait_for_end

    async def waits(watch: Watch, seconds: float) -> bool:
        begun.set()
        ended_by_it.append(await wait_for_end(watch, seconds))
        return ended_by_it[-1]

    monkeypatch.setattr(Watch, "wait_for_end", waits)
    with contextlib.ExitStack() as hold, ThreadPoolExecutor(1) as pool:
        hold.enter_context(model_server.held())
        task_id = backend.run(experiment)
        model_server.wait_for_requests(1)
        # It goes on all the time that is waited.
        assert backend.status(experiment, task_id, wait=0.2)["status"] == "STARTED"
        assert set(ended_by_it) == {False}
        begun.clear()
        waiting = pool.submit(backend.status, experiment, task_id, wait=10)
        assert begun.wait(BOUND)
        hold.close()
        assert waiting.result(BOUND)["status"] == "SUCCESS"
        assert ended_by_it[-1]
    # There is nothing to wait for.
    waited = len(ended_by_it)
    assert backend.status(experiment, task_id, wait=10)["status"] == "SUCCESS"
    assert backend.status(experiment, "no-such-task", wait=10)["status"] == "PENDING"
    assert len(ended_by_it) == waited
    path = f"experiments/{experiment['id']}/generation/{task_id}"
    assert "wait" in str(backend.get(path, 422, wait=11))
    backend.get(f"experiments/999/generation/{task_id}", 404, wait=10)


def test_polls_with_a_cursor_give_each_log_line_once(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=2)
    task_id = backend.run(experiment)
    backend.ended(experiment, task_id)
    assert backend.status(experiment, task_id)["logs_delta"] is None
    whole = backend.status(experiment, task_id, log_cursor=0)
    assert sorted(whole["logs_delta"].splitlines()) == [
        "Generated 1/2",
        "Generated 2/2",
        "Rated 1/2",
        "Rated 2/2",
    ]
    again = backend.status(experiment, task_id, log_cursor=whole["log_cursor"])
    assert (again["logs_delta"], again["log_cursor"]) == ("", whole["log_cursor"])
    connection = str(uuid.uuid4())
    first = backend.status(experiment, task_id, connection_uuid=connection)
    second = backend.status(experiment, task_id, connection_uuid=connection)
    assert (first["logs_delta"], second["logs_delta"]) == (whole["logs_delta"], "")


def test_a_stream_has_exactly_the_event_stream_format(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=3)
    task_id = backend.run(experiment)
    stream = backend.stream(f"experiments/{experiment['id']}/generation/{task_id}/stream")
    events = events_of(stream)
    assert events[-1]["status"] == "SUCCESS"
    assert [event["status"] for event in events[:-1]] == ["STARTED"] * (len(events) - 1) or events[0][
        "status"
    ] == "PENDING"
    log = "".join(event["logs_delta"] for event in events)
    assert log == backend.status(experiment, task_id, log_cursor=0)["logs_delta"]


def test_a_stream_of_an_ended_run_is_one_event_with_exact_bytes(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=0)
    task_id = backend.run(experiment)
    backend.ended(experiment, task_id)
    assert backend.stream(f"experiments/{experiment['id']}/generation/{task_id}/stream") == (
        b'data: {"completed_ratings":0,"completed_responses":0,"epochs":[],"error_msg":null,'
        b'"failed_responses":0,"generation_task_id":null,"has_internal_error":false,"log_cursor":0,"logs_delta":"",'
        b'"status":"SUCCESS","total_responses":0,"unjudged_responses":0}\n\n'
    )


def test_a_stream_shows_progress_and_keeps_the_connection_open(
    backend_with_model: Backend, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_SECONDS", 0.2)
    backend = backend_with_model
    experiment = backend.create_experiment(rows=1)
    received = b""
    with contextlib.ExitStack() as hold:
        hold.enter_context(model_server.held())
        task_id = backend.run(experiment)
        model_server.wait_for_requests(1)
        path = f"experiments/{experiment['id']}/generation/{task_id}/stream"
        with backend.http.stream("GET", path, params={"polling_interval": 0.1}) as response:
            chunks = response.iter_raw()
            while b": keep-alive\n\n" not in received:
                received += next(chunks)
            hold.close()
            received += b"".join(chunks)
    events = events_of(received)
    assert (events[0]["status"], events[0]["completed_responses"], events[0]["total_responses"]) == (
        "STARTED",
        0,
        1,
    )
    assert events[-1]["status"] == "SUCCESS"


def test_a_stream_of_an_unknown_task_is_one_pending_event(backend: Backend) -> None:
    experiment = backend.create_experiment()
    (event,) = events_of(backend.stream(f"experiments/{experiment['id']}/generation/nothing/stream"))
    assert event["status"] == "PENDING"


def test_a_stream_of_a_deleted_experiment_ends_as_revoked(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(rows=1)
    streamed: list[bytes] = []
    with model_server.held():
        task_id = backend.run(experiment)
        model_server.wait_for_requests(1)
        path = f"experiments/{experiment['id']}/generation/{task_id}/stream"
        with backend.http.stream("GET", path) as response:
            chunks = response.iter_raw()
            streamed.append(next(chunks))
            assert backend.http.delete(f"experiments/{experiment['id']}").status_code == 204
            streamed += chunks
    events = events_of(b"".join(streamed))
    assert (events[0]["status"], events[-1]["status"]) == ("STARTED", "REVOKED")
    assert events[-1]["error_msg"] == "Experiment 'e' was deleted."
    assert backend.responses() == []


@pytest.mark.parametrize("interval", [0.05, 11])
def test_a_polling_interval_out_of_bounds_is_refused(backend: Backend, interval: float) -> None:
    experiment = backend.create_experiment()
    path = f"experiments/{experiment['id']}/generation/nothing/stream"
    answer = backend.get(path, status=422, polling_interval=interval)
    assert "polling_interval" in answer["detail"]


def test_a_failing_provider_fails_the_run_with_its_words(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    model_server.fail(2, status=401, message="Incorrect API key provided")
    experiment = backend.create_experiment(rows=2)
    status = backend.ended(experiment, backend.run(experiment))
    assert status["status"] == "FAILURE"
    assert status["error_msg"].startswith("None of the 2 responses could be generated. ")
    assert "Incorrect API key provided" in status["error_msg"]
    assert "key-of-the-tests" not in status["error_msg"]
    responses = backend.responses(experiment_id=experiment["id"])
    assert all("Incorrect API key provided" in response["error"] for response in responses)
    assert len(responses) == 2


def test_the_judge_is_shown_where_a_rows_value_stands_and_nobody_else_is(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(rows=1, criteria=("Is it about {{topic}}?",))
    backend.ended(experiment, backend.run(experiment))
    (asked,) = [request.json["messages"] for request in model_server.requests if request.kind == "verdict"]
    shown = re.search(r"Is it about \[([0-9a-f]{16}) value\]topic1\[\1 end of value\]\?", asked[1]["content"])
    assert shown is not None
    assert f"[{shown[1]} value]" in asked[0]["content"]
    (response,) = backend.responses(experiment_id=experiment["id"])
    assert [rating["criterion"]["criterion_str"] for rating in response["ratings"]] == [
        "Is it about {{topic}}?"
    ]
    assert shown[1] not in str(response)


def batch_status(backend: Backend, kind: str, task_id: str) -> dict[str, Any]:
    return backend.wait(
        lambda: backend.get(f"{kind}/batches/{task_id}"),
        lambda status: status["status"] not in {"PENDING", "STARTED"},
    )


def test_response_batches_store_and_generate(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=2)
    collection = backend.get(f"collections/{experiment['collection']['id']}")
    given, generated = (row["id"] for row in collection["variables"])
    body = {
        "prompt_response_ins": [
            {
                "template_variables_id": given,
                "experiment_id": experiment["id"],
                "messages": [{"role": "assistant", "content": "Given."}],
                "metadata": {"llm_model_config": {**_CONFIG, "api_key": "sk-secret"}, "input_tokens": 3},
            },
            {"template_variables_id": generated, "experiment_id": experiment["id"]},
        ]
    }
    task_id = backend.post("responses/batches", body)
    assert batch_status(backend, "responses", task_id) == {"status": "SUCCESS", "error_msg": None}
    by_row = {r["prompt"]["template_variables"]["id"]: r for r in backend.responses()}
    assert by_row[given]["messages"][-1]["content"] == "Given."
    assert by_row[given]["generation_metadata"]["input_tokens"] == 3
    assert by_row[generated]["messages"][-1]["content"].startswith("Offline answer")
    assert "sk-secret" not in str(by_row)
    assert backend.post("responses/batches", {"prompt_response_ins": []}) is None


_CONFIG = {
    "id": None,
    "name": "mine",
    "description": "",
    "llm_model_name": "mine-1",
    "max_connections": 10,
    "inference_type": "openai",
}


def test_a_row_of_another_collection_is_refused_and_nothing_is_stored(backend: Backend) -> None:
    one, other = backend.create_experiment(name="one"), backend.create_experiment(name="other")
    row = backend.get(f"collections/{other['collection']['id']}")["variables"][0]["id"]
    body = {"prompt_response_ins": [{"template_variables_id": row, "experiment_id": one["id"]}]}
    assert f"with id {row}" in backend.post("responses/batches", body, status=404)["detail"]
    assert backend.responses() == []


def test_one_response_is_generated_while_the_caller_waits(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=1)
    row = backend.get(f"collections/{experiment['collection']['id']}")["variables"][0]["id"]
    body = {"template_variables_id": row, "experiment_id": experiment["id"], "epoch": 2}
    response = backend.post("responses/generate", body)
    assert (response["epoch"], response["error"], response["ratings"]) == (2, None, [])
    assert response["messages"][-1]["role"] == "assistant"
    assert [one["id"] for one in backend.responses()] == [response["id"]]


def test_rating_now_answers_in_the_order_of_the_criteria(backend: Backend) -> None:
    experiment = backend.create_experiment(
        rows=1, criteria=("Is it short?", "Is it long?", "Is it {{topic}}?")
    )
    backend.ended(experiment, backend.run(experiment))
    (response,) = backend.responses()
    ratings = backend.post("ratings", {"prompt_response_id": response["id"], "rating_mode": "fast"})
    assert [rating["criterion"]["criterion_str"] for rating in ratings] == [
        "Is it short?",
        "Is it long?",
        "Is it {{topic}}?",
    ]
    assert {rating["rating"] for rating in ratings} <= {"YES", "NO"}
    listed = backend.get("ratings", prompt_response_id=response["id"])
    assert listed["count"] == 3
    assert {rating["id"] for rating in listed["items"]} == {rating["id"] for rating in ratings}


def test_rating_without_criteria_is_refused(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=1, criteria=())
    backend.ended(experiment, backend.run(experiment))
    (response,) = backend.responses()
    one = backend.post("ratings", {"prompt_response_id": response["id"]}, status=422)
    many = backend.post("ratings/batches", {"prompt_response_ids": [response["id"]]}, status=422)
    assert "no criteria" in one["detail"]
    assert "no criteria" in many["detail"]


def test_rating_batches_are_polled_and_streamed(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=3)
    backend.ended(experiment, backend.run(experiment))
    ids = [response["id"] for response in backend.responses()][::-1]
    task_id = backend.post("ratings/batches", {"prompt_response_ids": ids, "rating_mode": "detailed"})
    events = events_of(backend.stream(f"ratings/batches/{task_id}/stream"))
    assert events[-1] == {"status": "SUCCESS", "error_msg": None}
    assert backend.get(f"ratings/batches/{task_id}") == {"status": "SUCCESS", "error_msg": None}
    assert backend.get(f"responses/batches/{task_id}")["status"] == "PENDING"
    listed = backend.get("responses", response_ids=ids)
    assert [response["id"] for response in listed["items"]] == ids
    assert backend.post("ratings/batches", {"prompt_response_ids": []}) is None
    assert (
        "response 999"
        in backend.post("ratings/batches", {"prompt_response_ids": [999]}, status=404)["detail"]
    )


def test_one_failed_verdict_refuses_the_rating_as_a_whole(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(rows=1, criteria=("Is it short?", "Is it long?"))
    backend.ended(experiment, backend.run(experiment))
    (response,) = backend.responses()
    before = backend.get("ratings", prompt_response_id=response["id"])
    model_server.fail(1, status=401, message="The judge refuses")
    answer = backend.post("ratings", {"prompt_response_id": response["id"]}, status=503)
    assert "The judge refuses" in answer["detail"]
    assert backend.get("ratings", prompt_response_id=response["id"]) == before


def test_a_run_over_some_rows(backend: Backend) -> None:
    experiment = backend.create_experiment(rows=4)
    path = f"experiments/{experiment['id']}/run"
    rows = [
        row["id"] for row in backend.get(f"collections/{experiment['collection']['id']}/entries")["items"]
    ]
    other = backend.create_experiment(rows=1, name="other")
    (elsewhere,) = backend.get(f"collections/{other['collection']['id']}/entries")["items"]

    refused = backend.post(path, {"template_variables_ids": [rows[0], elsewhere["id"]]}, status=404)
    assert str(elsewhere["id"]) in refused["detail"]
    assert (
        "$.template_variables_ids" in backend.post(path, {"template_variables_ids": []}, status=422)["detail"]
    )

    task_id = backend.run(experiment, template_variables_ids=[rows[3], rows[1], rows[3]])
    ended = backend.ended(experiment, task_id)
    assert (ended["status"], ended["total_responses"]) == ("SUCCESS", 2)
    answered = backend.responses(experiment_id=experiment["id"])
    assert [one["prompt"]["template_variables"]["id"] for one in answered] == [rows[1], rows[3]]
    results = backend.get(f"experiments/{experiment['id']}")["results"]
    assert (results["completed_epochs"], results["verdicts"]["expected"]) == (1, 2)
    assert (
        backend.post(f"experiments/{experiment['id']}/retry-failed", {}, status=200)["generation_task_id"]
        is None
    )
