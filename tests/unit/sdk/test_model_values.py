"""What models and events say of themselves: texts, shares, endings, rendered prompts."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from attrs import frozen

from elluminate import NoResultsError, ValidationError
from elluminate._progress import progress_of
from elluminate.schemas import Experiment, ExperimentResults, PromptResponse, PromptTemplate
from elluminate.streaming import (
    BatchProgress,
    BatchStatusEvent,
    EpochProgress,
    ExperimentProgress,
    ExperimentStatusEvent,
    TaskStatus,
)
from tests.unit.sdk import answers


def decoded(kind: type[Any], body: Any) -> Any:
    return msgspec.json.decode(json.dumps(body).encode(), type=kind)


USER = {"role": "user", "content": "Explain recursion."}


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([{"role": "assistant", "content": "It is."}], "It is."),
        ([USER, {"role": "assistant", "content": "It is."}], "It is."),
        (
            [{"role": "assistant", "content": "First."}, USER, {"role": "assistant", "content": "Last."}],
            "Last.",
        ),
        ([{"role": "assistant", "content": "Asked."}, {"role": "tool", "content": "42"}], "Asked."),
        ([{"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}], ""),
        ([{"role": "assistant"}], ""),
        ([USER], ""),
        ([], ""),
        (
            [
                {
                    "role": "assistant",
                    "content": [{"type": "text", "text": "It "}, {"type": "text", "text": "is."}],
                }
            ],
            "It is.",
        ),
        (
            [{"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}, {"text": None}, "odd"]}],
            "",
        ),
        ([{"role": "assistant", "content": 7}], ""),
    ],
)
def test_the_text_of_a_response(messages: list[Any], text: str) -> None:
    response = decoded(PromptResponse, answers.response(messages=messages))
    assert response.response_text == text
    assert response.response_str == text


def test_the_row_of_a_response() -> None:
    response = decoded(PromptResponse, answers.response())
    assert response.template_variables == {"concept": "recursion"}


def test_a_summary_says_what_came_out(capsys: pytest.CaptureFixture[str]) -> None:
    results = answers.results(
        mean_rating_by_criterion_id={"40": {"yes": 2 / 3, "no": 1 / 3}, "41": {"yes": 1, "no": 0}},
        num_failed_responses=1,
        mean_duration_seconds=1.234,
        mean_input_tokens=10.4,
        mean_output_tokens=20.6,
        estimated_total_cost_usd=0.01234,
    )
    experiment = decoded(Experiment, answers.experiment(results=results))
    experiment.print_results_summary()
    assert capsys.readouterr().out.splitlines() == [
        "Experiment: First try",
        "Pass rate: 75.0%",
        "Rated responses: 4, failed: 1",
        "  Is it correct?: 66.7% yes, 33.3% no",
        "  criterion 41: 100.0% yes, 0.0% no",
        "Mean duration: 1.23 s",
        "Mean tokens: 10 in, 21 out",
        "Estimated cost: 0.0123 USD",
    ]


def test_a_summary_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoResultsError, match=r"experiment 'First try' has not been answered.*call run\(\)"):
        decoded(Experiment, answers.experiment()).print_results_summary()
    assert capsys.readouterr().out == ""


def test_a_criterion_that_was_not_rated() -> None:
    results = decoded(ExperimentResults, answers.results())
    assert results.get_criterion_summary(40) == "75.0% yes, 25.0% no"
    assert results.get_criterion_summary(7) == "no ratings"


@pytest.mark.parametrize("wrong", [[1], "x", 1, object], ids=repr)
def test_what_is_no_criterion_is_refused_by_a_summary(wrong: Any) -> None:
    results = decoded(ExperimentResults, answers.results())
    with pytest.raises(ValidationError, match="criterion_names must map ids of criteria to names, not"):
        results.summary(criterion_names=wrong)
    with pytest.raises(ValidationError, match="criterion_names must map"):
        results.print_summary(wrong)
    with pytest.raises(ValidationError, match=r"criterion_id must be a positive integer, not \[\] \(list\)"):
        results.get_criterion_summary([])


def test_a_criterion_that_fewer_answers_are_judged_by_says_by_how_many() -> None:
    def counts(number: int) -> dict[str, Any]:
        missing = {"pending": 0, "missing_answer_failed": 0, "missing_not_judged": 0, "reasons": []}
        return {"expected": number, "given": number, **missing}

    results = decoded(
        ExperimentResults,
        answers.results(
            mean_rating_by_criterion_id={"1": {"yes": 1.0, "no": 0.0}, "2": {"yes": 0.5, "no": 0.5}},
            verdicts=counts(12),
            verdicts_by_criterion_id={"1": counts(10), "2": counts(2)},
        ),
    )
    assert results.get_criterion_summary(1) == "100.0% yes, 0.0% no"
    assert results.get_criterion_summary(2) == "50.0% yes, 50.0% no (2 verdicts)"


@frozen
class Done:
    """How far a run is: `percent`, and whether all is answered and all rated."""

    generated: int
    rated: int
    total: int
    percent: float
    answered: bool
    judged: bool


@pytest.mark.parametrize(
    "done",
    [
        Done(generated=0, rated=0, total=4, percent=0.0, answered=False, judged=False),
        Done(generated=3, rated=1, total=4, percent=25.0, answered=False, judged=False),
        Done(generated=4, rated=3, total=4, percent=75.0, answered=True, judged=False),
        Done(generated=4, rated=4, total=4, percent=100.0, answered=True, judged=True),
        Done(generated=5, rated=5, total=4, percent=100.0, answered=True, judged=True),
        Done(generated=0, rated=0, total=0, percent=0.0, answered=True, judged=True),
    ],
    ids=lambda done: f"{done.generated} and {done.rated} of {done.total}",
)
def test_the_progress_of_an_experiment(done: Done) -> None:
    progress = ExperimentProgress(done.generated, done.rated, done.total)
    assert progress.percent_complete == done.percent
    assert progress.generation_complete is done.answered
    assert progress.rating_complete is done.judged
    assert progress.epochs == []


@pytest.mark.parametrize(
    ("processed", "total", "percent", "complete"),
    [(0, 3, 0.0, False), (1, 4, 25.0, False), (3, 3, 100.0, True), (0, 0, 0.0, True)],
)
def test_the_progress_of_a_batch(processed: int, total: int, percent: float, complete: bool) -> None:
    progress = BatchProgress(processed=processed, total=total)
    assert (progress.percent_complete, progress.is_complete, progress.failed) == (percent, complete, 0)


@pytest.mark.parametrize(
    ("told", "progress"),
    [
        ({}, None),
        ({"completed_responses": None, "total_responses": 4}, None),
        ({"completed_responses": 0}, ExperimentProgress(0, 0, 0)),
        (
            {"completed_responses": 2, "completed_ratings": None, "total_responses": 4},
            ExperimentProgress(2, 0, 4),
        ),
        (
            {
                "completed_responses": 3,
                "completed_ratings": 2,
                "total_responses": 4,
                "epochs": [
                    {"epoch": 1, "completed_responses": 2, "completed_ratings": 2, "total_responses": 2},
                    {"epoch": 2, "completed_responses": 1, "completed_ratings": 0, "total_responses": 2},
                ],
            },
            ExperimentProgress(3, 2, 4, [EpochProgress(1, 2, 2, 2), EpochProgress(2, 1, 0, 2)]),
        ),
    ],
)
def test_the_progress_that_a_poll_tells(told: dict[str, Any], progress: ExperimentProgress | None) -> None:
    from elluminate.schemas import ExperimentGenerationStatus

    status = decoded(ExperimentGenerationStatus, answers.task("STARTED", **told))
    assert progress_of(status) == progress


@pytest.mark.parametrize("event_type", [ExperimentStatusEvent, BatchStatusEvent])
@pytest.mark.parametrize(
    ("status", "success", "failure"),
    [
        ("PENDING", False, False),
        ("STARTED", False, False),
        ("SUCCESS", True, False),
        ("FAILURE", False, True),
        ("REVOKED", False, True),
        ("REJECTED", False, True),
        ("TIMEOUT", False, True),
        ("WARMING_UP", False, False),
    ],
)
def test_the_ending_that_an_event_tells(event_type: Any, status: str, success: bool, failure: bool) -> None:
    event = event_type(status=TaskStatus(status))
    assert (event.is_success, event.is_failure) == (success, failure)
    assert event.is_complete is (success or failure)
    assert (event.progress, event.error_msg, event.result) == (None, None, None)


def test_every_status_is_in_the_table_above() -> None:
    known = {"PENDING", "STARTED", "SUCCESS", "FAILURE", "REVOKED", "REJECTED", "TIMEOUT"}
    assert {status.value for status in TaskStatus} == known


def test_a_template_renders_as_a_run_sends_it() -> None:
    template = PromptTemplate(
        id=10,
        name="Explain",
        version=1,
        messages=[
            {"role": "system", "content": "Answer in {{ language }}."},
            {"role": "user", "content": "{{concept}} and {{concept}}, not { {concept} }."},
        ],
        placeholders={"language", "concept"},
    )
    rendered = template.render_messages(language="German", concept="{{language}}")
    assert rendered == [
        {"role": "system", "content": "Answer in German."},
        {"role": "user", "content": "{{language}} and {{language}}, not { {concept} }."},
    ]
    assert template.messages[0]["content"] == "Answer in {{ language }}."
    with pytest.raises(ValidationError, match="concept"):
        template.render_messages(language="German")
