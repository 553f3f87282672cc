"""Results and responses account for every verdict, over HTTP: given, pending, or missing for a reason."""

from collections.abc import Callable
from typing import Any

from attrs import frozen

from tests.execution.backend import Backend
from tests.support.model_server import CapturedRequest, ModelServer, Reply, completion, refusal

HARD, EASY = "Is it hard to judge?", "Is it short?"
UNUSABLE = "I would rather not say."


def about(*texts: str) -> Callable[[CapturedRequest], bool]:
    """Whether a request's messages hold all of the texts."""
    return lambda request: all(text in str(request.json["messages"]) for text in texts)


def fails_to_judge(model_server: ModelServer, fails: Callable[[CapturedRequest], bool]) -> None:
    """Let the judge say nothing usable where that is so, and YES elsewhere."""
    usual = model_server.verdict
    model_server.verdict = lambda request: UNUSABLE if fails(request) else usual(request)


def fails_to_answer(model_server: ModelServer, fails: Callable[[CapturedRequest], bool]) -> None:
    usual = model_server.answer
    model_server.answer = lambda request: refusal() if fails(request) else usual(request)


def ran(backend: Backend, **fields: Any) -> dict[str, Any]:
    """An experiment over three rows and two criteria, once its run is over."""
    experiment = backend.create_experiment(criteria=(HARD, EASY), **fields)
    backend.ended(experiment, backend.run(experiment))
    return experiment


def results_of(backend: Backend, experiment: dict[str, Any], **query: Any) -> Any:
    return backend.get(f"experiments/{experiment['id']}", **query)["results"]


@frozen
class Verdicts:
    """How many are expected, and what became of them."""

    expected: int
    given: int = 0
    pending: int = 0
    answer_failed: int = 0
    not_judged: int = 0

    def __attrs_post_init__(self) -> None:
        assert self.expected == self.given + self.pending + self.answer_failed + self.not_judged


def numbers(counts: dict[str, Any]) -> Verdicts:
    return Verdicts(
        expected=counts["expected"],
        given=counts["given"],
        pending=counts["pending"],
        answer_failed=counts["missing_answer_failed"],
        not_judged=counts["missing_not_judged"],
    )


def by_criterion(results: dict[str, Any]) -> list[Verdicts]:
    return [numbers(counts) for counts in results["verdicts_by_criterion_id"].values()]


def missing_of(backend: Backend, experiment: dict[str, Any]) -> list[list[tuple[str, str]]]:
    """Cause and reason of what each response lacks, row by row."""
    return [
        [(one["cause"], one["reason"]) for one in response["missing_verdicts"]]
        for response in backend.responses(experiment_id=experiment["id"])
    ]


def test_nothing_is_missing_of_a_run_that_went_well(backend: Backend) -> None:
    experiment = ran(backend)
    results = results_of(backend, experiment)
    assert numbers(results["verdicts"]) == Verdicts(6, given=6)
    assert by_criterion(results) == [Verdicts(3, given=3)] * 2
    assert results["verdicts"]["reasons"] == []
    assert missing_of(backend, experiment) == [[], [], []]


def test_a_criterion_that_the_judge_fails_at_is_told_with_the_reason(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    fails_to_judge(model_server, about(HARD))
    experiment = ran(backend_with_model)
    results = results_of(backend_with_model, experiment)
    assert numbers(results["verdicts"]) == Verdicts(6, given=3, not_judged=3)
    assert by_criterion(results) == [Verdicts(3, not_judged=3), Verdicts(3, given=3)]
    (reason,) = results["verdicts"]["reasons"]
    assert (reason["cause"], reason["count"]) == ("not_judged", 3)
    assert missing_of(backend_with_model, experiment) == [[("not_judged", reason["reason"])]] * 3
    assert "nothing usable" in reason["reason"]


def test_rows_that_the_judge_fails_at_are_told(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    fails_to_judge(model_server, about("topic2"))
    experiment = ran(backend_with_model)
    assert (
        by_criterion(results_of(backend_with_model, experiment)) == [Verdicts(3, given=2, not_judged=1)] * 2
    )
    assert [len(missing) for missing in missing_of(backend_with_model, experiment)] == [0, 2, 0]


def test_a_judge_that_is_dead_leaves_no_verdict(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    fails_to_judge(model_server, about())
    experiment = ran(backend_with_model)
    results = results_of(backend_with_model, experiment)
    assert numbers(results["verdicts"]) == Verdicts(6, not_judged=6)
    assert results["mean_rating_by_criterion_id"] == {}
    assert list(results["verdicts_by_criterion_id"]) == [
        str(criterion["id"]) for criterion in experiment["criterion_set"]["criteria"]
    ]


def test_an_answer_that_failed_lacks_every_verdict(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    fails_to_answer(model_server, about("topic3"))
    experiment = ran(backend_with_model)
    results = results_of(backend_with_model, experiment)
    assert numbers(results["verdicts"]) == Verdicts(6, given=4, answer_failed=2)
    (reason,) = results["verdicts"]["reasons"]
    assert reason["cause"] == "answer_failed"
    assert "scripted refusal" in reason["reason"]
    error = backend_with_model.responses(experiment_id=experiment["id"])[2]["error"]
    assert missing_of(backend_with_model, experiment) == [[], [], [("answer_failed", error)] * 2]


def test_what_a_run_may_still_bring_is_pending(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(criteria=(HARD, EASY))

    def holds_topic2_and_the_judge(request: CapturedRequest) -> bool:
        return request.kind == "verdict" or about("topic2")(request)

    with model_server.held(holds_topic2_and_the_judge):
        task_id = backend.run(experiment)
        model_server.wait_for_requests(4, lambda request: request.kind == "verdict")
        assert numbers(results_of(backend, experiment)["verdicts"]) == Verdicts(6, pending=6)
        assert missing_of(backend, experiment) == [[], []]

        backend.post(f"experiments/{experiment['id']}/cancel", {}, status=200)
    reason = backend.status(experiment, task_id)["error_msg"]
    assert "cancelled" in reason
    results = results_of(backend, experiment)
    assert numbers(results["verdicts"]) == Verdicts(6, answer_failed=2, not_judged=4)
    assert {one["reason"] for one in results["verdicts"]["reasons"]} == {reason}
    assert missing_of(backend, experiment) == [[("not_judged", reason)] * 2] * 2


def test_a_criterion_for_one_row_is_expected_there_alone(backend: Backend) -> None:
    experiment = backend.create_experiment(criteria=(EASY,))
    rows = backend.get(f"collections/{experiment['collection']['id']}/entries")["items"]
    backend.post(
        "criteria",
        {
            "criterion_set_id": experiment["criterion_set"]["id"],
            "template_variables_id": rows[1]["id"],
            "criteria": [{"criterion_str": HARD}],
        },
    )
    backend.ended(experiment, backend.run(experiment))
    assert by_criterion(results_of(backend, experiment)) == [Verdicts(3, given=3), Verdicts(1, given=1)]


def test_what_becomes_of_the_set_later_changes_nothing_about_old_results(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment = ran(backend)
    first, second = experiment["criterion_set"]["criteria"]
    backend.http.put(f"criteria/{first['id']}", json={"criterion_str": "Is it very hard?"}).raise_for_status()
    backend.http.delete(f"criteria/{second['id']}").raise_for_status()
    set_id = experiment["criterion_set"]["id"]
    backend.post("criteria", {"criterion_set_id": set_id, "criteria": [{"criterion_str": "Is it new?"}]})
    assert numbers(results_of(backend, experiment)["verdicts"]) == Verdicts(6, given=6)
    assert missing_of(backend, experiment) == [[], [], []]

    fails_to_judge(model_server, about("Is it new?", "topic1"))
    ids = [response["id"] for response in backend.responses(experiment_id=experiment["id"])]
    task_id = backend.post("ratings/batches", {"prompt_response_ids": ids, "rating_mode": "detailed"})
    backend.wait(
        lambda: backend.get(f"ratings/batches/{task_id}"), lambda status: status["status"] == "SUCCESS"
    )
    # Both new wordings, three answers each, one of which the judge failed at; the old verdicts count no more.
    results = results_of(backend, experiment)
    assert numbers(results["verdicts"]) == Verdicts(6, given=5, not_judged=1)
    told = [counts["criterion_str"] for counts in results["verdicts_by_criterion_id"].values()]
    assert told == ["Is it very hard?", "Is it new?"]
    assert [len(missing) for missing in missing_of(backend, experiment)] == [1, 0, 0]

    model_server.verdict = lambda request: '{"reasoning": "Now it can.", "rating": "NO"}'
    backend.post("ratings", {"prompt_response_id": ids[0]})
    assert numbers(results_of(backend, experiment)["verdicts"]) == Verdicts(6, given=6)


def test_answers_from_elsewhere_lack_their_verdicts_until_they_are_judged(backend: Backend) -> None:
    experiment = backend.create_experiment(criteria=(EASY,))
    row = backend.get(f"collections/{experiment['collection']['id']}/entries")["items"][0]
    stored = backend.post(
        "responses",
        {
            "experiment_id": experiment["id"],
            "template_variables_id": row["id"],
            "messages": [{"role": "assistant", "content": "Said elsewhere."}],
            "metadata": {"finish_reason": "length"},
        },
    )
    assert [one["reason"] for one in stored["missing_verdicts"]] == ["No judge was asked."]
    results = results_of(backend, experiment)
    assert numbers(results["verdicts"]) == Verdicts(1, not_judged=1)
    assert results["num_truncated_responses"] == 1
    assert results["completed_epochs"] == 0  # of three rows, one has an answer


def test_an_answer_that_ended_at_the_limit_of_tokens_is_counted(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    def answer(request: CapturedRequest) -> str | Reply:
        return completion("Cut o", finish_reason="length") if about("topic2")(request) else "Whole."

    model_server.answer = answer
    results = results_of(backend_with_model, ran(backend_with_model))
    assert (results["num_truncated_responses"], results["num_failed_responses"]) == (1, 0)


def test_answers_that_refuse_or_say_nothing_are_counted(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    def answer(request: CapturedRequest) -> str | Reply:
        if about("topic1")(request):
            return completion(None, refusal="I can't help with that.")
        return completion("Only thi", finish_reason="content_filter") if about("topic2")(request) else " "

    model_server.answer = answer
    results = results_of(backend_with_model, ran(backend_with_model))
    assert (results["num_refused_responses"], results["num_empty_responses"]) == (2, 1)
    assert (results["num_truncated_responses"], results["num_failed_responses"]) == (0, 0)


def test_filters_narrow_what_is_missing_of_answers_that_are_not_there(
    backend_with_model: Backend, model_server: ModelServer
) -> None:
    backend = backend_with_model
    experiment = backend.create_experiment(criteria=(EASY,))
    with model_server.held(about("topic2")):
        backend.run(experiment)
        backend.wait(
            lambda: {"done": results_of(backend, experiment)},
            lambda found: found["done"] is not None and found["done"]["verdicts"]["given"] == 2,
        )
        backend.post(f"experiments/{experiment['id']}/cancel", {}, status=200)

    def of(*topics: str) -> Verdicts:
        names = ", ".join(f'"{topic}"' for topic in topics)
        filters = f'{{"topic": [{names}]}}'
        return numbers(results_of(backend, experiment, categorical_filters=filters)["verdicts"])

    assert of("topic1") == Verdicts(1, given=1)
    assert of("topic1", "topic2") == Verdicts(2, given=1, answer_failed=1)


def test_agents_are_judged_by_their_frozen_criteria(backend: Backend) -> None:
    collection = backend.post(
        "collections",
        {"name": "a", "collection_type": "AGENTIC", "variables": [{"task": "sort"}, {"task": "count"}]},
    )
    criteria = backend.post(
        "criterion_sets", {"name": "a", "criteria": [{"criterion_str": EASY}, {"criterion_str": HARD}]}
    )
    experiment = backend.post(
        "experiments",
        {
            "name": "agents",
            "description": "",
            "collection_id": collection["id"],
            "criterion_set_id": criteria["id"],
            "evaluation_mode": "AGENTIC",
        },
    )
    judged = {"criterion_id": criteria["criteria"][0]["id"], "rating": "YES"}
    trials = [
        {
            "task_name": "sort",
            "messages": [{"role": "assistant", "content": "Done."}],
            "criterion_ratings": [judged],
        },
        {"task_name": "count", "error": "It crashed."},
    ]
    backend.post(f"experiments/{experiment['id']}/agent-results", {"results": trials[:1]})
    of_one = results_of(backend, experiment)["verdicts"]
    assert numbers(of_one) == Verdicts(4, given=1, not_judged=1, answer_failed=2)
    assert "No result of the agent was uploaded" in str(of_one["reasons"])
    backend.post(f"experiments/{experiment['id']}/agent-results", {"results": trials[1:]})
    backend.http.delete(f"criteria/{criteria['criteria'][1]['id']}").raise_for_status()

    results = results_of(backend, experiment)
    assert numbers(results["verdicts"]) == Verdicts(4, given=1, answer_failed=2, not_judged=1)
    assert missing_of(backend, experiment) == [
        [("not_judged", "No judge was asked.")],
        [("answer_failed", "It crashed.")] * 2,
    ]
