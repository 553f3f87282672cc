"""Experiments with a cache: what is not asked a second time, and what always is."""

import datetime
import json
from typing import Any

import pytest

from elluminate_server.execution import kept_calls
from elluminate_server.store.columns import utc_now
from tests.execution.backend import Backend
from tests.support.model_server import CapturedRequest, ModelServer, failure

CRITERIA = ("Is it short?", "Is it about {{topic}}?")
ROWS = 3


def plan(backend: Backend, **fields: Any) -> dict[str, Any]:
    """An experiment with all that the ones after it share."""
    return backend.create_experiment(rows=ROWS, criteria=CRITERIA, name="first", **fields)


def another(backend: Backend, first: dict[str, Any], name: str, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = backend.post(
        "experiments",
        {
            "name": name,
            "description": "",
            "prompt_template_id": first["prompt_template"]["id"],
            "collection_id": first["collection"]["id"],
            "criterion_set_id": first["criterion_set"]["id"],
            **fields,
        },
    )
    return made


def ran(backend: Backend, experiment: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    """The responses of its run, all of them rated."""
    status = backend.ended(experiment, backend.run(experiment, **fields))
    assert status["status"] == "SUCCESS"
    responses = backend.responses(experiment_id=experiment["id"])
    assert [len(response["ratings"]) for response in responses] == [2] * len(responses)
    return responses


def calls_after(model_server: ModelServer, before: int) -> int:
    return len(model_server.requests) - before


def is_cached(item: dict[str, Any]) -> bool:
    return bool(item["generation_metadata"]["cached"])


@pytest.mark.parametrize("mode", ["fast", "detailed"])
def test_a_second_run_asks_nobody_and_says_the_same(
    backend_with_model: Backend, model_server: ModelServer, mode: str
) -> None:
    backend = backend_with_model
    first = plan(backend, cache_seconds=3600)
    assert first["cache_seconds"] == 3600
    before = ran(backend, first, rating_mode=mode)
    assert not any(map(is_cached, [*before, *(rating for r in before for rating in r["ratings"])]))
    asked = len(model_server.requests)
    second = another(backend, first, "second", cache_seconds=3600)
    after = ran(backend, second, rating_mode=mode)
    assert calls_after(model_server, asked) == 0
    for old, new in zip(before, after, strict=True):
        assert is_cached(new)
        assert new["messages"] == old["messages"]
        assert all(map(is_cached, new["ratings"]))
        assert [r["reasoning"] for r in new["ratings"]] == [r["reasoning"] for r in old["ratings"]]
        metadata = {**old["generation_metadata"], "cached": True, "waited_seconds": 0.0}
        assert new["generation_metadata"] == metadata
    results = backend.get(f"experiments/{second['id']}")["results"]
    assert (results["num_cached_responses"], results["estimated_total_cost_usd"]) == (ROWS, 0.0)


def test_without_a_cache_nothing_is_taken_and_nothing_kept(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    first = plan(backend)
    ran(backend, first)
    asked = len(model_server.requests)
    ran(backend, another(backend, first, "with", cache_seconds=60))
    assert calls_after(model_server, asked) == asked
    ran(backend, another(backend, first, "without"))
    assert calls_after(model_server, asked) == 2 * asked


@pytest.mark.parametrize(
    "params", [{"temperature": 0.3}, {"top_p": 0.4}, {"max_tokens": 50}, {"reasoning_effort": "low"}]
)
def test_another_parameter_is_another_call(
    backend_with_model: Backend, model_server: ModelServer, params: dict[str, Any]
) -> None:
    backend = backend_with_model
    first = plan(backend, cache_seconds=60)
    ran(backend, first)
    model_server.requests.clear()
    changed = another(backend, first, "changed", cache_seconds=60, generation_params=params)
    ran(backend, changed, generation_params=params)
    # The answers say the same, so that their verdicts are equal calls.
    assert [request.kind for request in model_server.requests] == ["answer"] * ROWS


def test_a_changed_criterion_alone_is_judged(backend_with_model: Backend, model_server: ModelServer) -> None:
    backend = backend_with_model
    first = plan(backend, cache_seconds=60)
    ran(backend, first, rating_mode="fast")
    model_server.requests.clear()
    changed = backend.post(
        "criterion_sets",
        {"name": "changed", "criteria": [{"criterion_str": CRITERIA[0]}, {"criterion_str": "Is it new?"}]},
    )
    second = another(backend, first, "second", cache_seconds=60, criterion_set_id=changed["id"])
    ran(backend, second, rating_mode="fast")
    assert [request.criteria for request in model_server.requests] == [["Is it new?"]] * ROWS


def test_epochs_and_equal_rows_stay_answers_of_their_own(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    first = plan(backend, cache_seconds=60)
    twin = {"input_values": {"topic": "topic1"}}
    backend.post(f"collections/{first['collection']['id']}/entries", twin)
    ran(backend, first, n_epochs=3)
    answers = [request for request in model_server.requests if request.kind == "answer"]
    assert len(answers) == 3 * (ROWS + 1)


def test_what_is_older_than_its_lifetime_is_asked_again(
    backend_with_model: Backend, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = backend_with_model
    first = plan(backend, cache_seconds=60)
    with monkeypatch.context() as patched:
        patched.setattr(kept_calls, "utc_now", lambda: utc_now() - datetime.timedelta(hours=1))
        ran(backend, first)
    asked = len(model_server.requests)
    ran(backend, another(backend, first, "two hours", cache_seconds=7200))
    assert calls_after(model_server, asked) == 0
    ran(backend, another(backend, first, "one minute", cache_seconds=60))
    assert calls_after(model_server, asked) == asked


def test_answers_that_failed_are_asked_for_again(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model

    def refuses(request: CapturedRequest) -> Any:
        return failure(400, "no") if "topic2" in json.dumps(request.json) else "An answer."

    model_server.answer = refuses
    first = plan(backend, cache_seconds=60)
    backend.ended(first, backend.run(first))
    model_server.answer = lambda request: "An answer."
    model_server.requests.clear()
    ran(backend, another(backend, first, "second", cache_seconds=60))
    assert sum(request.kind == "answer" for request in model_server.requests) == 1


def test_judging_anew_asks_the_judge(backend_with_model: Backend, model_server: ModelServer) -> None:
    backend = backend_with_model
    first = plan(backend, cache_seconds=60)
    responses = ran(backend, first)
    model_server.requests.clear()
    body = {"prompt_response_ids": [response["id"] for response in responses], "rating_mode": "detailed"}
    task_id = backend.post("ratings/batches", body)
    backend.wait(lambda: backend.get(f"ratings/batches/{task_id}"), lambda s: s["status"] == "SUCCESS")
    assert sum(request.kind == "verdict" for request in model_server.requests) == 2 * ROWS


def test_conversations_are_kept_as_a_whole(backend_with_model: Backend, model_server: ModelServer) -> None:
    backend = backend_with_model
    persona = backend.post("personas", {"name": "Ann", "description": "In a hurry."})
    group = backend.post("persona-groups", {"name": "Some", "persona_ids": [persona["id"]]})
    criteria = backend.post("criterion_sets", {"name": "c", "criteria": [{"criterion_str": "Is it kind?"}]})
    rows = backend.post(
        "collections",
        {
            "name": "goals",
            "columns": [{"name": "goal", "column_type": "text"}],
            "variables": [{"goal": "Learn"}, {"goal": "Leave"}],
        },
    )

    def experiment(name: str) -> dict[str, Any]:
        made: dict[str, Any] = backend.post(
            "experiments",
            {
                "name": name,
                "description": "",
                "evaluation_mode": "MULTI_TURN",
                "collection_id": rows["id"],
                "criterion_set_id": criteria["id"],
                "persona_group_id": group["id"],
                "cache_seconds": 60,
            },
        )
        return made

    first, second = experiment("first"), experiment("second")
    backend.ended(first, backend.run(first))
    asked = len(model_server.requests)
    assert asked
    backend.ended(second, backend.run(second))
    assert calls_after(model_server, asked) == 0
    transcripts = [
        [(r["messages"], r["termination_reason"]) for r in backend.responses(experiment_id=each["id"])]
        for each in (first, second)
    ]
    assert transcripts[0] == transcripts[1]


@pytest.mark.parametrize("seconds", [0, -1, 10**12, True, "1"])
def test_a_lifetime_that_is_none_is_refused(backend: Backend, seconds: Any) -> None:
    first = plan(backend)
    backend.post(
        "experiments",
        {
            "name": "x",
            "description": "",
            "prompt_template_id": first["prompt_template"]["id"],
            "collection_id": first["collection"]["id"],
            "cache_seconds": seconds,
        },
        status=422,
    )
