"""Bringing what is missing of a run, answers and verdicts, without repeating anything that is there."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.execution.backend import Backend
from tests.execution.test_agent_evaluation import CRITERIA as AGENTS_CRITERIA
from tests.execution.test_agent_evaluation import agentic, trial, upload
from tests.execution.test_multi_turn import MOON, RAIN, group, scenario_set
from tests.execution.test_multi_turn import experiment as multi_turn
from tests.execution.test_retry_and_cancel import column_experiment, retry
from tests.support.model_server import CapturedRequest, ModelServer

YES = '{"reasoning": "So it is.", "rating": "YES"}'
CRITERIA = ("Is it short?", "Is it right?")


def text_of(request: CapturedRequest) -> str:
    return str(request.json["messages"][-1]["content"])


def calls(model_server: ModelServer) -> Counter[str]:
    """How often each answer was asked for."""
    return Counter(text_of(request) for request in model_server.requests if request.kind == "answer")


def verdict_calls(model_server: ModelServer) -> int:
    return sum(request.kind == "verdict" for request in model_server.requests)


def completed(backend: Backend, experiment: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """How the task ended that brought what was missing."""
    task_id = retry(backend, experiment, **fields)["generation_task_id"]
    assert task_id is not None
    return backend.ended(experiment, task_id)


def until_answered(backend: Backend, experiment: dict[str, Any], count: int) -> None:
    backend.wait(
        lambda: {"answers": backend.responses(experiment_id=experiment["id"])},
        lambda found: len(found["answers"]) >= count,
    )


def cancel(backend: Backend, experiment: dict[str, Any]) -> None:
    backend.post(f"experiments/{experiment['id']}/cancel", {}, status=200)


def refuse(criterion: str) -> Callable[[CapturedRequest], str]:
    """A judge that gives no verdict on one criterion."""
    return lambda request: "I would rather not say." if asks(request, criterion) else YES


def asks(request: CapturedRequest, criterion: str) -> bool:
    """Whether a judge is asked about the criterion, be it for the first time or again."""
    return any(criterion in str(message["content"]) for message in request.json["messages"])


def test_a_cancelled_run_is_completed_and_nothing_is_asked_twice(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    rows = 20

    def is_late(request: CapturedRequest) -> bool:
        return request.kind == "answer" and int(text_of(request).removeprefix("Explain topic")[:-1]) > 8

    with model_server.held(is_late):
        experiment = backend.create_experiment(rows=rows, criteria=CRITERIA)
        # Fewer than the endpoint is given at a time, so that what is held leaves places to the judge.
        params = {"top_p": 0.5, "max_connections": 4}
        task_id = backend.run(experiment, n_epochs=2, rating_mode="detailed", generation_params=params)
        backend.wait(lambda: backend.status(experiment, task_id), lambda s: s["completed_ratings"] == 8)
        cancel(backend, experiment)
    collection = f"collections/{experiment['collection']['id']}"
    backend.post(f"{collection}/entries", {"input_values": {"topic": "too late"}})
    before = backend.responses(experiment_id=experiment["id"])
    cut_off = sum(map(is_late, model_server.requests))

    status = completed(backend, experiment)

    assert (status["status"], status["total_responses"]) == ("SUCCESS", 2 * rows - 8)
    after = backend.responses(experiment_id=experiment["id"])
    assert [response for response in after if response in before] == before
    places = [(r["prompt"]["template_variables"]["id"], r["epoch"]) for r in after]
    assert len(set(places)) == len(places) == 2 * rows
    assert [len(response["ratings"]) for response in after] == [2] * 2 * rows
    asked = calls(model_server)
    assert set(asked) == {f"Explain topic{number}." for number in range(1, rows + 1)}
    assert asked.total() == 2 * rows + cut_off
    assert {r.json["top_p"] for r in model_server.requests if r.kind == "answer"} == {0.5}
    assert verdict_calls(model_server) == 2 * rows * len(CRITERIA)
    read = backend.get(f"experiments/{experiment['id']}")
    assert (read["n_epochs"], read["generation_params"]["top_p"]) == (2, 0.5)
    assert retry(backend, experiment)["generation_task_id"] is None


def test_a_run_that_is_cancelled_again_and_again_is_completed_in_the_end(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(rows=6)
    task_id = backend.run(experiment)
    for number in (2, 4):
        with model_server.held(lambda request: text_of(request) in {f"Explain topic{n}." for n in (5, 6)}):
            until_answered(backend, experiment, number)
            cancel(backend, experiment)
            started = retry(backend, experiment)
        task_id = started["generation_task_id"]
    assert backend.ended(experiment, task_id)["status"] == "SUCCESS"
    responses = backend.responses(experiment_id=experiment["id"])
    assert len({r["prompt"]["template_variables"]["id"] for r in responses}) == len(responses) == 6
    assert [len(response["ratings"]) for response in responses] == [1] * 6


def test_only_the_verdicts_that_are_missing_are_asked_for(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    model_server.verdict = refuse(CRITERIA[1])
    experiment = backend.create_experiment(rows=3, criteria=CRITERIA)
    assert backend.ended(experiment, backend.run(experiment))["status"] == "SUCCESS"
    before = backend.responses(experiment_id=experiment["id"])
    assert [len(response["ratings"]) for response in before] == [1, 1, 1]
    model_server.requests.clear()
    model_server.verdict = lambda request: YES

    status = completed(backend, experiment)

    assert (status["status"], status["total_responses"], status["completed_ratings"]) == ("SUCCESS", 3, 3)
    assert [request.kind for request in model_server.requests] == ["verdict"] * 3
    assert all(asks(request, CRITERIA[1]) for request in model_server.requests)
    after = backend.responses(experiment_id=experiment["id"])
    for old, new in zip(before, after, strict=True):
        changed = {name for name in new if new[name] != old[name]}
        assert changed == {"ratings", "missing_verdicts"}
        assert (len(old["missing_verdicts"]), new["missing_verdicts"]) == (1, [])
        assert len(new["ratings"]) == 2 and old["ratings"][0] in new["ratings"]
    assert retry(backend, experiment)["generation_task_id"] is None


def test_a_criterion_that_was_added_later_is_not_missing(backend_with_model: Backend) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(rows=2)
    backend.ended(experiment, backend.run(experiment))
    added = [{"criterion_str": "Is it kind?"}]
    backend.post("criteria", {"criterion_set_id": experiment["criterion_set"]["id"], "criteria": added})
    assert retry(backend, experiment)["generation_task_id"] is None


def change_set(backend: Backend, experiment: dict[str, Any]) -> None:
    """Take a criterion out, give the other one another wording, add a third."""
    first, second = experiment["criterion_set"]["criteria"]
    backend.http.delete(f"criteria/{first['id']}").raise_for_status()
    backend.http.put(f"criteria/{second['id']}", json={"criterion_str": "Is it new?"}).raise_for_status()
    added = {
        "criterion_set_id": experiment["criterion_set"]["id"],
        "criteria": [{"criterion_str": "Or this?"}],
    }
    backend.post("criteria", added)


def test_what_is_completed_is_judged_by_the_criteria_of_the_run(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    model_server.fail(1, status=400)  # one row's answer
    model_server.verdict = lambda request: "I would rather not say."
    experiment = backend.create_experiment(rows=3, criteria=CRITERIA)
    backend.ended(experiment, backend.run(experiment))
    change_set(backend, experiment)
    read = backend.get(f"experiments/{experiment['id']}")["results"]["verdicts"]
    assert (read["expected"], read["given"]) == (6, 0)
    model_server.requests.clear()
    model_server.verdict = lambda request: YES

    completed(backend, experiment)

    assert verdict_calls(model_server) == 6
    for criterion in CRITERIA:
        assert sum(asks(request, criterion) for request in model_server.requests) == 3
    read = backend.get(f"experiments/{experiment['id']}")["results"]
    assert (read["verdicts"]["expected"], read["verdicts"]["given"]) == (6, 6)
    counted = [of_one["given"] for of_one in read["verdicts_by_criterion_id"].values()]
    assert counted == [3, 3]
    assert retry(backend, experiment)["generation_task_id"] is None


def test_a_cancelled_run_goes_on_with_its_own_criteria(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    with model_server.held(lambda request: text_of(request) == "Explain topic3."):
        experiment = backend.create_experiment(rows=3, criteria=CRITERIA)
        task_id = backend.run(experiment)
        backend.wait(lambda: backend.status(experiment, task_id), lambda s: s["completed_ratings"] == 2)
        change_set(backend, experiment)
        cancel(backend, experiment)
    completed(backend, experiment)
    read = backend.get(f"experiments/{experiment['id']}")["results"]["verdicts"]
    assert (read["expected"], read["given"]) == (6, 6)
    assert verdict_calls(model_server) == 6


def test_what_was_judged_anew_is_completed_with_the_criteria_of_then(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(rows=2, criteria=CRITERIA)
    backend.ended(experiment, backend.run(experiment))
    change_set(backend, experiment)
    model_server.verdict = refuse("Is it new?")
    ids = [response["id"] for response in backend.responses(experiment_id=experiment["id"])]
    task_id = backend.post("ratings/batches", {"prompt_response_ids": ids, "rating_mode": "detailed"})
    backend.wait(
        lambda: backend.get(f"ratings/batches/{task_id}"), lambda status: status["status"] == "SUCCESS"
    )
    added = {"criterion_set_id": experiment["criterion_set"]["id"], "criteria": [{"criterion_str": "Later?"}]}
    backend.post("criteria", added)
    model_server.requests.clear()
    model_server.verdict = lambda request: YES

    completed(backend, experiment)

    assert [asks(request, "Is it new?") for request in model_server.requests] == [True, True]
    read = backend.get(f"experiments/{experiment['id']}")["results"]["verdicts"]
    assert (read["expected"], read["given"]) == (4, 4)


def test_an_answer_that_failed_and_was_to_be_judged_anew_gets_the_criteria_of_then(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    model_server.fail(1, status=400)
    experiment = backend.create_experiment(rows=2, criteria=CRITERIA)
    backend.ended(experiment, backend.run(experiment))
    change_set(backend, experiment)
    ids = [response["id"] for response in backend.responses(experiment_id=experiment["id"])]
    task_id = backend.post("ratings/batches", {"prompt_response_ids": ids, "rating_mode": "detailed"})
    backend.wait(
        lambda: backend.get(f"ratings/batches/{task_id}"), lambda status: status["status"] == "SUCCESS"
    )
    completed(backend, experiment)
    results = backend.get(f"experiments/{experiment['id']}")["results"]
    told = {
        counts["criterion_str"]: counts["given"] for counts in results["verdicts_by_criterion_id"].values()
    }
    assert told == {"Is it new?": 2, "Or this?": 2}
    assert results["verdicts"]["expected"] == results["verdicts"]["given"] == 4


def test_a_retry_that_brings_nothing_fails_nothing_that_is_there(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    model_server.verdict = refuse(CRITERIA[0])
    experiment = backend.create_experiment(rows=2, criteria=CRITERIA)
    backend.ended(experiment, backend.run(experiment))
    assert completed(backend, experiment)["status"] == "SUCCESS"
    read = backend.get(f"experiments/{experiment['id']}")["results"]["verdicts"]
    assert (read["expected"], read["given"], read["missing_not_judged"]) == (4, 2, 2)


def test_failed_answers_of_deleted_rows_are_left_as_they_are(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    model_server.fail(1, status=400)
    experiment = backend.create_experiment(rows=2)
    backend.ended(experiment, backend.run(experiment))
    (failed,) = [each for each in backend.responses(experiment_id=experiment["id"]) if each["error"]]
    row = failed["prompt"]["template_variables"]["id"]
    backend.http.delete(f"collections/{experiment['collection']['id']}/entries/{row}").raise_for_status()
    assert retry(backend, experiment)["generation_task_id"] is None


def test_failed_answers_missing_verdicts_and_missing_rows_are_brought_by_one_task(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    model_server.verdict = refuse(CRITERIA[0])
    model_server.fail(1, status=400)
    with model_server.held(lambda request: "topic4." in text_of(request) and request.kind == "answer"):
        experiment = backend.create_experiment(rows=4, criteria=CRITERIA)
        task_id = backend.run(experiment)
        backend.wait(lambda: backend.status(experiment, task_id), lambda s: s["completed_ratings"] == 3)
        cancel(backend, experiment)
    before = backend.responses(experiment_id=experiment["id"])
    assert sorted(response["error"] is None for response in before) == [False, True, True]
    model_server.requests.clear()
    model_server.verdict = lambda request: YES

    assert completed(backend, experiment)["total_responses"] == 4

    after = backend.responses(experiment_id=experiment["id"])
    assert [(response["error"], len(response["ratings"])) for response in after] == [(None, 2)] * 4
    assert calls(model_server).total() == 2
    assert verdict_calls(model_server) == 2 * 1 + 2 * 2


def test_a_conversation_that_was_never_held_is_held(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    with model_server.held():
        made = multi_turn(
            backend,
            scenario_set_id=scenario_set(backend, RAIN, MOON)["id"],
            persona_group_id=group(backend, "Ada", "Grace")["id"],
            criterion_set_id=backend.post(
                "criterion_sets", {"name": "c", "criteria": [{"criterion_str": CRITERIA[0]}]}
            )["id"],
        )
        backend.run(made)
        cancel(backend, made)
    assert completed(backend, made)["status"] == "SUCCESS"
    held = backend.responses(experiment_id=made["id"])
    who = {(r["persona"]["name"], r["prompt"]["template_variables"]["id"]) for r in held}
    assert len(who) == len(held) == 4


def test_answers_from_a_column_are_completed_and_judged(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    with model_server.held():
        experiment = column_experiment(backend)
        model_server.wait_for_requests(2)
        cancel(backend, experiment)
    assert completed(backend, experiment)["status"] == "SUCCESS"
    responses = backend.responses(experiment_id=experiment["id"])
    assert [len(response["ratings"]) for response in responses] == [1, 1, 0]
    assert "column" in retry(backend, experiment, status=409)["detail"]


def test_what_an_agent_did_is_judged_by_the_criteria_that_gave_no_verdict(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    made = agentic(backend, tasks=2)
    model_server.verdict = refuse(AGENTS_CRITERIA[1])
    backend.ended(made, upload(backend, made, trial("task1"), trial("task2"))["evaluation_task_id"])
    model_server.requests.clear()
    model_server.verdict = lambda request: YES

    assert completed(backend, made)["status"] == "SUCCESS"

    assert [asks(request, AGENTS_CRITERIA[1]) for request in model_server.requests] == [True, True]
    responses = backend.responses(experiment_id=made["id"])
    assert [len(response["ratings"]) for response in responses] == [len(AGENTS_CRITERIA)] * 2
    assert retry(backend, made)["generation_task_id"] is None


def test_rows_that_were_deleted_since_are_not_answered_any_more(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    with model_server.held():
        experiment = backend.create_experiment(rows=2)
        backend.run(experiment)
        cancel(backend, experiment)
    path = f"collections/{experiment['collection']['id']}"
    first = backend.get(path)["variables"][0]
    assert backend.http.delete(f"{path}/entries/{first['id']}").status_code == 204
    assert completed(backend, experiment)["total_responses"] == 1
    assert len(backend.responses(experiment_id=experiment["id"])) == 1
    assert retry(backend, experiment)["generation_task_id"] is None
