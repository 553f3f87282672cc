"""Results of agents through both clients, against a server of their own."""

import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from elluminate import (
    AsyncClient,
    Client,
    IncompleteResultsWarning,
    NotFoundError,
    PartialUploadError,
    TaskMatchError,
    TaskStatus,
    ValidationError,
)
from elluminate.exceptions import APIError
from elluminate.schemas import (
    AgentTrialResult,
    AgentTrialTaskRef,
    CriterionRatingIn,
    Experiment,
    RatingValue,
)
from tests.congruence.agents import BROKEN, PLAIN, TYPED

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client(base_url="local::memory:") as client:
        yield client


@pytest.fixture
def experiment(client: Client, request: pytest.FixtureRequest) -> Experiment:
    name = request.node.name[:200]
    collection = client.create_collection(
        name,
        collection_type="AGENTIC",
        variables=[{"task": "sort", "instruction": "Sort."}, {"task": "count", "instruction": "Count."}],
    )
    criterion_set = client.create_criterion_set(name, ["Did it {{task}}?", "Is it short?"])
    return client.create_experiment(
        name, None, collection, criterion_set=criterion_set, evaluation_mode="AGENTIC"
    )


def test_upload_evaluate_and_read(client: Client, experiment: Experiment) -> None:
    definition = experiment.get_agent_results_definition()
    assert (definition.version, definition.task_name_column) == (1, "task")
    sort, count = definition.tasks
    assert sort.criteria[0].rendered_criterion_str == "Did it sort?"
    trials = [
        AgentTrialResult(task_id=sort.task_id, trajectory=TYPED),
        AgentTrialResult(task_name=count.task_name, trajectory=PLAIN, reward=1.0),
    ]
    preview = experiment.preview_agent_results_matching(
        [AgentTrialTaskRef(task_name="count"), AgentTrialTaskRef(task_name="unknown")]
    )
    assert [match.matched for match in preview.results] == [True, False]
    assert preview.unmatched_results[0].reason == "No task is named 'unknown'."
    assert client.preview_agent_results_matching(experiment.id, trials).unmatched == 0
    stored = experiment.upload_agent_results(trials)
    assert (stored.created_responses, stored.pending_evaluations, stored.errors) == (2, 2, [])
    assert experiment.generation_task_id == stored.evaluation_task_id
    ended = client.wait_for_agent_evaluation(experiment, stored.evaluation_task_id, timeout=30)
    assert ended.is_success
    assert ended.result is not None
    assert [len(response.ratings) for response in ended.result.responses()] == [2, 2]
    assert [response.response_text for response in ended.result.responses()] == [
        "The file is sorted.",
        "There are 3 lines.",
    ]
    assert [response.trajectory for response in ended.result.responses()] == [None, None]
    counted = ended.result.rated_responses[1]
    assert counted.fetch_trajectory() == PLAIN
    assert counted.trajectory == PLAIN
    assert client.wait_for_agent_evaluation(experiment.id).is_success
    assert experiment.wait_for_evaluation(stored.evaluation_task_id, timeout=30).is_success


async def test_an_evaluation_is_streamed_by_both_clients(client: Client, experiment: Experiment) -> None:
    trial = AgentTrialResult(task_name="sort", trajectory=PLAIN)
    stored = client.upload_agent_results(experiment.id, [trial, trial])
    events = list(client.stream_agent_evaluation(experiment, stored.evaluation_task_id, polling_interval=0.1))
    assert events[-1].status == TaskStatus.SUCCESS
    assert events[-1].progress is not None
    assert events[-1].progress.responses_rated == 2
    assert "Rated 2/2" in "".join(event.logs_delta or "" for event in events)

    async with AsyncClient(base_url=client.base_url, api_key=client.session.config.api_key) as asynchronous:
        await asynchronous.upload_agent_results(experiment.id, [trial])
        stream = asynchronous.stream_agent_evaluation(experiment.id, polling_interval=0.1)
        assert [event.status async for event in stream][-1] == TaskStatus.SUCCESS


def test_without_an_evaluation_there_is_nothing_to_wait_for(client: Client, experiment: Experiment) -> None:
    trial = AgentTrialResult(task_name="sort", trajectory=PLAIN)
    assert experiment.upload_agent_results([trial], evaluate=False).evaluation_task_id is None
    (event,) = client.stream_agent_evaluation(experiment)
    assert event.is_success
    assert event.result is not None
    assert event.result.rated_responses[0].ratings == []
    with pytest.raises(NotFoundError, match="has no task 'unknown'"):
        client.wait_for_agent_evaluation(experiment, "unknown")


def test_whoever_waits_for_an_evaluation_is_warned_of_what_is_missing(
    client: Client, experiment: Experiment
) -> None:
    experiment.upload_agent_results([AgentTrialResult(task_name="sort", trajectory=PLAIN)])
    waits: list[Callable[[], Any]] = [
        lambda: experiment.wait_for_evaluation(timeout=30),
        lambda: client.wait_for_agent_evaluation(experiment.id),
        lambda: list(client.stream_agent_evaluation(experiment)),
        lambda: experiment.wait_until_finished(timeout=30),
    ]
    told = []
    for wait in waits:
        with pytest.warns(IncompleteResultsWarning) as caught:
            wait()
        (only,) = caught
        assert only.filename == __file__
        told.append(str(only.message))
    assert len(set(told)) == 1
    assert "2 of 4 verdicts are missing" in told[0]
    assert told[0].endswith(". experiment.upload_agent_results() brings results of tasks")


def test_trajectories_that_were_not_judged_are_said_to_come_by_a_retry(experiment: Experiment) -> None:
    trials = [AgentTrialResult(task_name=name, trajectory=PLAIN) for name in ("sort", "count")]
    experiment.upload_agent_results(trials, evaluate=False)
    with pytest.warns(
        IncompleteResultsWarning, match="4 of 4 verdicts .* has the answers judged that are there"
    ):
        experiment.wait_for_evaluation()
    with warnings.catch_warnings():
        warnings.simplefilter("error", IncompleteResultsWarning)
        experiment.retry_failed(timeout=30)


def test_what_is_stored_in_part_is_told(
    client: Client, experiment: Experiment, caplog: pytest.LogCaptureFixture
) -> None:
    criterion = experiment.get_agent_results_definition().tasks[0].criteria[0]
    verdict = CriterionRatingIn(criterion_id=criterion.criterion_id, rating=RatingValue.YES)
    trials = [AgentTrialResult(task_name="sort", trajectory=BROKEN, criterion_ratings=[verdict])]
    with caplog.at_level(logging.WARNING, logger="elluminate"):
        stored = experiment.upload_agent_results(trials)
    assert (stored.created_responses, stored.created_ratings) == (1, 1)
    assert "trajectory dropped: step 1: its step_id is 7" in stored.errors[0]
    assert "breaks a rule of ATIF" in caplog.text
    assert client.get_experiment(id=experiment.id).dropped_trajectories == 1
    with pytest.raises(PartialUploadError, match="upload the result again") as caught:
        experiment.upload_agent_results(trials, raise_on_partial=True)
    assert caught.value.response.created_responses == 1


def test_an_upload_without_a_match_is_an_error_of_its_own(client: Client, experiment: Experiment) -> None:
    with pytest.raises(TaskMatchError, match="No trial matches") as caught:
        experiment.upload_agent_results([AgentTrialResult(task_name="unknown", reward=1.0)])
    assert [task.task_name for task in caught.value.accepted_tasks] == ["sort", "count"]
    assert (caught.value.accepted_tasks_total, caught.value.status_code) == (2, 400)
    assert caught.value.reasons == ["results[0]: No task is named 'unknown'."]
    with pytest.raises(APIError, match="None of the trials could be stored") as nothing:
        experiment.upload_agent_results([AgentTrialResult(task_name="sort")])
    assert not isinstance(nothing.value, TaskMatchError)


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([], "results is empty"),
        ([AgentTrialResult(reward=1.0)], r"results\[0\] names no task"),
        ([{"task_name": "sort"}], r"results\[0\] must be an AgentTrialResult"),
        ("sort", "results must be a list"),
    ],
)
def test_what_is_no_result_is_refused_before_it_is_sent(results: Any, message: str, client: Client) -> None:
    with pytest.raises(ValidationError, match=message):
        client.upload_agent_results(1, results)
