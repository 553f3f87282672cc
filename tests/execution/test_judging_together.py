"""The two rating modes over HTTP: how many calls they make, and that no verdict is lost in either."""

import json
from typing import Any

import pytest

from tests.execution.backend import Backend
from tests.support.model_server import CapturedRequest, ModelServer, completion, failure

CRITERIA = tuple(f"Is it {quality}?" for quality in ("short", "true", "kind", "about {{topic}}", "clear"))
ROWS = 4


def rated(backend: Backend, mode: str, criteria: tuple[str, ...] = CRITERIA) -> list[dict[str, Any]]:
    """The ratings of a run of four rows, all of them there."""
    experiment = backend.create_experiment(rows=ROWS, criteria=criteria)
    status = backend.ended(experiment, backend.run(experiment, rating_mode=mode))
    assert status["status"] == "SUCCESS"
    responses = backend.responses(experiment_id=experiment["id"])
    assert [len(response["ratings"]) for response in responses] == [len(criteria)] * ROWS
    return [rating for response in responses for rating in response["ratings"]]


def calls(model_server: ModelServer) -> dict[str, int]:
    kinds = [request.kind for request in model_server.requests]
    return {kind: kinds.count(kind) for kind in ("answer", "verdicts", "verdict")}


def verdicts(*ratings: str) -> str:
    return json.dumps(
        {str(n): {"reasoning": f"About {n}.", "rating": r} for n, r in enumerate(ratings, start=1) if r}
    )


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        pytest.param("fast", {"answer": ROWS, "verdicts": ROWS, "verdict": 0}, id="fast"),
        pytest.param("detailed", {"answer": ROWS, "verdicts": 0, "verdict": 5 * ROWS}, id="detailed"),
    ],
)
def test_fast_makes_two_calls_a_row_and_detailed_one_for_each_criterion(
    backend_with_model: Backend, model_server: ModelServer, mode: str, expected: dict[str, int]
) -> None:
    ratings = rated(backend_with_model, mode)
    assert calls(model_server) == expected
    assert all(rating["reasoning"] for rating in ratings)


def test_each_verdict_of_one_call_belongs_to_its_criterion(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    wanted = {"Is it short?": "NO", "Is it kind?": "NO"}
    model_server.verdicts = lambda request: verdicts(*(wanted.get(c, "YES") for c in request.criteria))
    ratings = rated(backend_with_model, "fast")
    for rating in ratings:
        asked = rating["criterion"]["criterion_str"]
        assert (asked, rating["rating"]) == (asked, wanted.get(asked, "YES"))
    spent = [rating["generation_metadata"] for rating in ratings]
    assert sum(each["input_tokens"] for each in spent) == 11 * ROWS
    assert sum(each["output_tokens"] for each in spent) == 7 * ROWS


def test_what_is_missing_from_the_answer_is_asked_for_one_by_one(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    model_server.verdicts = lambda request: verdicts("YES", "", "NO", "perhaps", "YES")
    ratings = rated(backend_with_model, "fast")
    assert calls(model_server) == {"answer": ROWS, "verdicts": ROWS, "verdict": 2 * ROWS}
    assert sum(rating["generation_metadata"]["output_tokens"] for rating in ratings) == 7 * 3 * ROWS
    singly = {criterion for r in model_server.requests if r.kind == "verdict" for criterion in r.criteria}
    assert {text.split(" [")[0] for text in singly} == {"Is it true?", "Is it about"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("I like all of it.", id="prose"),
        pytest.param(completion('{"1": {"reasoning": "It', finish_reason="length"), id="cut off"),
        pytest.param(failure(400, "too many questions"), id="refused"),
    ],
)
def test_a_judge_that_cannot_answer_for_several_is_asked_for_each(
    backend_with_model: Backend, model_server: ModelServer, answer: Any
) -> None:
    model_server.verdicts = lambda request: answer
    rated(backend_with_model, "fast")
    assert calls(model_server)["verdict"] == 5 * ROWS


def test_a_judge_that_never_answers_for_several_is_not_asked_so_for_ever(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    model_server.verdicts = lambda request: "I like all of it."
    experiment = backend.create_experiment(rows=30, criteria=CRITERIA)
    one_by_one = {"max_connections": 1}
    task = backend.run(experiment, rating_mode="fast", generation_params=one_by_one)
    assert backend.ended(experiment, task)["status"] == "SUCCESS"
    made = calls(model_server)
    assert (made["answer"], made["verdict"]) == (30, 150)
    assert made["verdicts"] < 30


def test_many_criteria_are_asked_about_in_even_pieces(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    rated(backend_with_model, "fast", tuple(f"Is it number {n}?" for n in range(1, 24)))
    asked = [request for request in model_server.requests if request.kind == "verdicts"]
    assert sorted(len(request.criteria) for request in asked) == [7] * ROWS + [8] * 2 * ROWS


def test_a_retry_asks_about_the_missing_criteria_alone(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model

    def fails(request: CapturedRequest) -> Any:
        return failure(400, "not this one") if "kind" in request.criteria[0] else verdict

    verdict = '{"reasoning": "So.", "rating": "YES"}'
    model_server.verdicts = lambda request: verdicts("YES", "YES", "", "YES", "")
    model_server.verdict = fails
    experiment = backend.create_experiment(rows=ROWS, criteria=CRITERIA)
    assert backend.ended(experiment, backend.run(experiment, rating_mode="fast"))["status"] == "SUCCESS"
    model_server.requests.clear()
    model_server.verdict = lambda request: verdict
    retried = backend.post(f"experiments/{experiment['id']}/retry-failed", {}, status=200)
    backend.ended(experiment, retried["generation_task_id"])
    assert calls(model_server) == {"answer": 0, "verdicts": 0, "verdict": ROWS}
    assert {criterion for request in model_server.requests for criterion in request.criteria} == {
        "Is it kind?"
    }
