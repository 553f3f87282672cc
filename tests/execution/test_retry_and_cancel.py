"""What can be done about a run: retrying what failed, cancelling, answers from a column, judges."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from elluminate_server.execution.leases import revoke
from elluminate_server.store.tables import Experiment, Rating, Response
from tests.execution.backend import Backend, events_of
from tests.execution.scene import eventually, running, scene
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.anyio


def with_one_failure(backend: Backend, model_server: ModelServer) -> tuple[dict[str, Any], int]:
    """An experiment that ran over three rows, and which of its answers the provider refused."""
    model_server.fail(1, status=400)
    experiment = backend.create_experiment(rows=3)
    assert backend.ended(experiment, backend.run(experiment))["status"] == "SUCCESS"
    failed = [each["error"] is not None for each in backend.responses(experiment_id=experiment["id"])]
    assert sum(failed) == 1
    return experiment, failed.index(True)


def retry(backend: Backend, experiment: dict[str, Any], status: int = 200, **fields: Any) -> dict[str, Any]:
    answer: dict[str, Any] = backend.post(
        f"experiments/{experiment['id']}/retry-failed", fields, status=status
    )
    return answer


def test_only_failed_responses_are_generated_again(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment, failed = with_one_failure(backend, model_server)
    before = backend.responses(experiment_id=experiment["id"])
    asked = len(model_server.requests)

    task_id = retry(backend, experiment)["generation_task_id"]
    status = backend.ended(experiment, task_id)

    assert (status["status"], status["total_responses"], status["completed_ratings"]) == ("SUCCESS", 1, 1)
    after = backend.responses(experiment_id=experiment["id"])
    assert [each == old for each, old in zip(after, before, strict=True)].count(True) == 2
    again = after[failed]
    assert again["id"] not in {each["id"] for each in before}
    assert (again["error"], again["epoch"], len(again["ratings"])) == (None, 1, 1)
    assert again["messages"][-1]["content"] == f"An answer to: Explain topic{failed + 1}."
    assert [request.kind for request in model_server.requests[asked:]] == ["answer", "verdict"]
    read = backend.get(f"experiments/{experiment['id']}")
    assert (read["results"]["num_failed_responses"], read["generation_task_id"]) == (0, None)


def test_without_a_failure_a_retry_changes_nothing(backend: Backend) -> None:
    experiment = backend.create_experiment()
    backend.ended(experiment, backend.run(experiment))
    before = backend.get(f"experiments/{experiment['id']}")

    assert retry(backend, experiment) == before
    assert before["generation_task_id"] is None


def test_annotated_failures_are_kept_unless_they_may_be_lost(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment, failed = with_one_failure(backend, model_server)
    response = backend.responses(experiment_id=experiment["id"])[failed]
    noted = backend.http.patch(f"responses/{response['id']}", json={"annotation": "why?"})
    assert noted.json()["annotation"] == "why?"

    detail = retry(backend, experiment, status=409)["detail"]

    assert str(response["id"]) in detail and "discard_annotations" in detail
    assert backend.get(f"responses/{response['id']}")["annotation"] == "why?"
    started = retry(backend, experiment, discard_annotations=True)
    backend.ended(experiment, started["generation_task_id"])
    assert backend.responses(experiment_id=experiment["id"])[failed]["annotation"] == ""


def test_a_running_experiment_is_not_retried_and_ends_revoked_when_cancelled(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(rows=2)
    stream: list[bytes] = []
    with model_server.held():
        task_id = backend.run(experiment)
        model_server.wait_for_requests(2)
        path = f"experiments/{experiment['id']}/generation/{task_id}/stream"
        # The longest interval: only that the end is told at once lets the stream end in time.
        watcher = threading.Thread(target=lambda: stream.append(backend.stream(path, polling_interval=10)))
        watcher.start()
        assert "running" in retry(backend, experiment, status=409)["detail"]

        cancelled = backend.post(f"experiments/{experiment['id']}/cancel", {}, status=200)

        assert cancelled["generation_task_id"] is None
        watcher.join(30)
    last = events_of(stream[0])[-1]
    assert (last["status"], last["generation_task_id"]) == ("REVOKED", None)
    assert "cancelled" in last["error_msg"]
    assert backend.status(experiment, task_id)["status"] == "REVOKED"
    assert backend.responses(experiment_id=experiment["id"]) == []


def test_cancelling_what_does_not_run_changes_nothing(backend: Backend) -> None:
    experiment = backend.create_experiment()
    task_id = backend.run(experiment)
    backend.ended(experiment, task_id)
    before = backend.get(f"experiments/{experiment['id']}")

    assert backend.post(f"experiments/{experiment['id']}/cancel", {}, status=200) == before
    assert backend.status(experiment, task_id)["status"] == "SUCCESS"
    backend.post("experiments/99/cancel", {}, status=404)


async def test_cancelling_stops_calls_in_flight_and_keeps_what_is_there(tmp_path: Path) -> None:
    dropped: list[str] = []

    async def hang_on_the_second(text: str) -> None:
        if "topic2" in text:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                dropped.append(text)
                raise

    async with scene(tmp_path) as place:
        await place.add_experiment(rows=2)
        place.model.on_answer = hang_on_the_second
        async with running(place.executor()) as executor:
            task_id = await place.enqueue(executor)

            async def first_is_rated() -> bool:
                return await place.count(Rating) == 2

            await eventually(first_is_rated, "the first row is rated")
            async with place.store.write() as session:
                experiment = await session.get_one(Experiment, place.experiment_id)
                assert await revoke(session, experiment, "no longer wanted") == task_id
            executor.stop_run(task_id)

            async def stopped() -> bool:
                return bool(dropped) and not executor.is_running(task_id)

            await eventually(stopped, "the call in flight is dropped")
        task = await place.task(task_id)
        assert (task.status, task.lease_owner) == ("REVOKED", None)
        assert (await place.count(Response), await place.count(Rating)) == (1, 2)
        assert (await place.experiment()).generation_task_id is None


def column_experiment(backend: Backend, *, generate: bool = True, **fields: Any) -> dict[str, Any]:
    """An experiment over three rows whose answers are in a column; the third has none."""
    template = backend.post(
        "prompt_templates", {"name": "t", "messages": [{"role": "user", "content": "Explain {{topic}}."}]}
    )
    rows = [
        {"topic": "tides", "answer": "The moon."},
        {"topic": "rain", "answer": "Clouds."},
        {"topic": "wind"},
    ]
    collection = backend.post(
        "collections",
        {"name": "c", "columns": [{"name": "topic"}, {"name": "answer"}], "variables": rows},
    )
    criteria = backend.post("criterion_sets", {"name": "s", "criteria": [{"criterion_str": "Is it short?"}]})
    created: dict[str, Any] = backend.post(
        "experiments",
        {
            "name": "e",
            "description": "",
            "prompt_template_id": template["id"],
            "collection_id": collection["id"],
            "criterion_set_id": criteria["id"],
            "response_column_id": collection["columns"][1]["id"],
            "generate": generate,
            **fields,
        },
    )
    return created


def test_answers_come_from_a_column_and_are_rated(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment = column_experiment(backend, n_epochs=3, generation_params={"temperature": 1})
    assert (experiment["n_epochs"], experiment["generation_params"]) == (1, None)
    assert backend.ended(experiment, experiment["generation_task_id"])["status"] == "SUCCESS"

    responses = backend.responses(experiment_id=experiment["id"])

    assert [[message["content"] for message in each["messages"]] for each in responses] == [
        ["The moon."],
        ["Clouds."],
        [],
    ]
    assert [len(each["ratings"]) for each in responses] == [1, 1, 0]
    assert "'answer'" in responses[2]["error"] and "empty" in responses[2]["error"]
    assert [each["generation_metadata"] for each in responses] == [None] * 3
    assert {request.kind for request in model_server.requests} == {"verdict"}
    assert "column" in retry(backend, experiment, status=409)["detail"]


def test_a_column_experiment_takes_no_sampling_and_one_epoch(backend: Backend) -> None:
    experiment = column_experiment(backend, generate=False)
    path = f"experiments/{experiment['id']}/run"
    for body, named in (
        ({"n_epochs": 2}, "n_epochs"),
        ({"generation_params": {"top_p": 1}}, "generation_params"),
    ):
        assert f"$.{named}" in backend.post(path, body, status=422)["detail"]
    backend.ended(experiment, backend.run(experiment))
    assert len(backend.responses(experiment_id=experiment["id"])) == 3


def test_a_column_of_another_collection_is_not_found(backend: Backend) -> None:
    other = backend.post("collections", {"name": "other", "columns": [{"name": "answer"}]})
    column_experiment(backend, generate=False)
    body = {"name": "f", "description": "", "prompt_template_id": 1, "collection_id": 2}
    detail = backend.post(
        "experiments", {**body, "response_column_id": other["columns"][0]["id"]}, status=404
    )["detail"]
    assert "column" in detail and str(other["columns"][0]["id"]) in detail


def test_mock_rates_without_a_model(backend_with_model: Backend, model_server: ModelServer) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(rating_version="mock", generate=True)
    backend.ended(experiment, experiment["generation_task_id"])
    assert {request.kind for request in model_server.requests} == {"answer"}
    responses = backend.responses(experiment_id=experiment["id"])
    assert [len(each["ratings"]) for each in responses] == [1, 1, 1]


def test_judges_are_listed_and_latest_means_the_default(backend_with_model: Backend) -> None:
    backend = backend_with_model
    versions = backend.get("ratings/versions")
    assert [(each["key"], each["stability"], each["is_default"]) for each in versions] == [
        ("scripted", "stable", True),
        ("mock", "test", False),
    ]
    for number, (asked, used) in enumerate(
        [(None, "scripted"), ("latest", "scripted"), ("v2025_07", "scripted"), ("mock", "mock")]
    ):
        created = backend.create_experiment(name=f"e{number}", rating_version=asked)
        assert created["rating_version"] == used
