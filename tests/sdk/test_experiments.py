"""Experiments through the clients, against a server in this process: retrying, cancelling, judges, samples, notes."""

import copy
import csv
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from elluminate import (
    AsyncClient,
    Client,
    ConflictError,
    NoResultsError,
    OtherJudgeWarning,
    TaskFailedError,
    ValidationError,
)
from elluminate.schemas import Experiment
from elluminate.streaming import TaskStatus
from tests.support.model_server import ModelServer, completion

pytestmark = pytest.mark.anyio

ROWS = [{"topic": "tides", "answer": "The moon."}, {"topic": "rain", "answer": "Clouds that fall down."}]
CRITERIA = ["Is it about {{topic}}?", "Is it short?"]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(base_url=f"local:{tmp_path / 'test.db'}") as client:
        yield client


@pytest.fixture
def provider() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def run(client: Client, name: str, **arguments: Any) -> Experiment:
    template, _ = client.get_or_create_prompt_template("Tutor", template="Explain {{topic}}.")
    collection, _ = client.get_or_create_collection("Topics", defaults={"variables": ROWS})
    return client.run_experiment(name, template, collection, criteria=CRITERIA, **arguments)


def answered_by(client: Client, provider: ModelServer, **arguments: Any) -> Any:
    return client.create_llm_config(
        "Scripted",
        llm_model_name="scripted",
        api_key="key-of-the-tests",
        llm_base_url=provider.base_url,
        **arguments,
    )


def test_retry_failed_asks_again_only_for_what_failed(client: Client, provider: ModelServer) -> None:
    provider.fail(1, status=400)
    experiment = run(client, "E", llm_config=answered_by(client, provider))
    before = {
        response.id: response.response_text for response in experiment.responses() if not response.error
    }
    (failed,) = (response for response in experiment.responses() if response.error)
    failed.annotate("The provider refused it.")
    assert len(before) == 1

    with pytest.raises(ConflictError, match="discard_annotations"):
        experiment.retry_failed()
    again = experiment.retry_failed(discard_annotations=True)

    assert again is experiment
    after = {response.id: response.response_text for response in experiment.responses()}
    assert before.items() < after.items() and failed.id not in after
    assert experiment.results is not None and experiment.results.num_failed_responses == 0
    assert experiment.retry_failed().generation_task_id is None


def test_an_answer_that_was_cut_off_says_so(client: Client, provider: ModelServer) -> None:
    provider.reply(
        completion("The moon pulls", finish_reason="length", model="scripted-2026-01"),
        completion("Clouds that fall down.", model="scripted-2026-01"),
    )
    experiment = run(client, "E", llm_config=answered_by(client, provider, max_connections=1))
    cut, whole = sorted(experiment.responses(), key=lambda response: not response.is_truncated)
    assert (cut.response_text, cut.is_truncated) == ("The moon pulls", True)
    assert (whole.response_text, whole.is_truncated) == ("Clouds that fall down.", False)
    assert cut.generation_metadata is not None
    assert whole.generation_metadata is not None
    assert cut.generation_metadata.finish_reason == "length"
    assert whole.generation_metadata.finish_reason == "stop"
    assert cut.generation_metadata.answered_by_model == "scripted-2026-01"
    assert cut.generation_metadata.llm_model_config is not None
    assert cut.generation_metadata.llm_model_config.llm_model_name == "scripted"


def test_answers_that_refuse_or_say_nothing_are_told(client: Client, provider: ModelServer) -> None:
    provider.reply(completion(None, refusal="I can't help with that."), completion(""))
    experiment = run(client, "E", llm_config=answered_by(client, provider, max_connections=1))
    refused, empty = sorted(experiment.responses(), key=lambda response: not response.is_refused)
    assert (refused.response_text, refused.is_refused) == ("I can't help with that.", True)
    assert (empty.response_text, empty.is_refused) == ("", False)
    assert experiment.results is not None
    assert experiment.results.flaws == "refused: 1, empty: 1"
    assert "failed: 0, refused: 1, empty: 1" in experiment.results.summary()


def test_tables_tell_answers_that_were_refused_or_cut_off(
    client: Client, provider: ModelServer, tmp_path: Path
) -> None:
    provider.reply(
        completion(None, refusal="I can't help with that."), completion("Half", finish_reason="length")
    )
    experiment = run(client, "E", llm_config=answered_by(client, provider, max_connections=1))
    told = [("Half", "truncated"), ("I can't help with that.", "refused")]
    assert sorted((row["response"], row["flaw"]) for row in experiment.to_dicts()) == told
    experiment.to_csv(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert sorted((row["response"], row["flaw"]) for row in csv.DictReader(file)) == told


def test_waiting_for_a_place_is_kept_apart_from_the_time_of_the_answer(
    client: Client, provider: ModelServer
) -> None:
    provider.latency = 0.3
    experiment = run(client, "E", llm_config=answered_by(client, provider, max_connections=1))
    told = [response.generation_metadata for response in experiment.responses()]
    times = [(made.waited_seconds or 0, made.duration_seconds or 0) for made in told if made is not None]
    (waited_first, _), (waited_second, took_second) = sorted(times)
    assert waited_first < 0.3 <= waited_second
    assert 0.3 <= took_second < 0.3 + waited_second


def test_cancel_ends_the_stream_revoked_and_keeps_what_is_there(
    client: Client, provider: ModelServer
) -> None:
    config = answered_by(client, provider, max_connections=1)
    template = client.create_prompt_template("Tutor", template="Explain {{topic}}.")
    collection = client.create_collection("Topics", variables=ROWS)
    with provider.held():
        events = client.stream_experiment("E", template, collection, llm_config=config, polling_interval=0.1)
        assert next(events).status == TaskStatus.PENDING
        provider.wait_for_requests(1)
        experiment = client.get_experiment(name="E")

        assert experiment.cancel() is experiment

        last = list(events)[-1]
    assert (last.status, last.is_failure, last.result) == (TaskStatus.REVOKED, True, None)
    assert last.error_msg is not None and "cancelled" in last.error_msg
    assert experiment.generation_task_id is None
    assert experiment.cancel().generation_task_id is None
    assert experiment.wait_until_finished(timeout=5).rated_responses == []


def test_what_a_running_experiment_refuses_names_what_to_call(client: Client, provider: ModelServer) -> None:
    config = answered_by(client, provider)
    with provider.held(), ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(run, client, "E", llm_config=config)
        provider.wait_for_requests(1)
        running = client.get_experiment(name="E")
        for refused in (running.run, running.retry_failed):
            with pytest.raises(
                ConflictError, match=r"running.* wait_until_finished\(\) waits .* cancel\(\) stops"
            ):
                refused()
        with pytest.raises(ConflictError, match=r"wait_until_finished\(\)"):
            client.delete_llm_config(config)
        running.cancel()
        with pytest.raises(TaskFailedError):
            waiting.result(30)


def test_a_locked_collection_names_what_unlocks_it(client: Client) -> None:
    collection = client.create_collection("Locked", variables=ROWS, read_only=True)
    for refused in (lambda: collection.add_many(ROWS), lambda: collection.update(columns=["topic"])):
        with pytest.raises(ConflictError, match=r"collection\.update\(read_only=False\)"):
            refused()


def test_waiting_for_a_cancelled_run_raises(client: Client, provider: ModelServer) -> None:
    config = answered_by(client, provider)
    with provider.held(), ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(run, client, "E", llm_config=config)
        provider.wait_for_requests(1)
        client.get_experiment(name="E").cancel()
        with pytest.raises(TaskFailedError, match="cancelled") as raised:
            waiting.result(30)
    assert raised.value.status == TaskStatus.REVOKED


def test_an_unknown_judge_is_replaced_with_a_warning(client: Client) -> None:
    keys = [judge.key for judge in client.list_rating_versions()]
    assert keys == ["offline", "mock"]
    with warnings.catch_warnings():
        warnings.simplefilter("error", OtherJudgeWarning)
        for known in (None, "latest", *keys):
            assert run(client, f"With {known}", rating_version=known).rating_version in keys

    says = "'Unknown' is judged by 'offline', and not by rating_version='v1999_01', .* It has 'offline', 'mock': "
    with pytest.warns(OtherJudgeWarning, match=says) as caught:
        replaced = run(client, "Unknown", rating_version="v1999_01")

    assert replaced.rating_version == "offline"
    assert [warning.category for warning in caught] == [OtherJudgeWarning]


def test_answers_come_from_a_column(client: Client) -> None:
    collection = client.create_collection("Topics", variables=ROWS)
    (column,) = (column.id for column in collection.columns if column.name == "answer")
    experiment = run(client, "E", response_column_id=column)
    assert [response.response_text for response in experiment.responses()] == [row["answer"] for row in ROWS]
    assert [len(response.ratings) for response in experiment.responses()] == [2, 2]


def test_a_summary_says_which_rows_it_tells_of(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    run(client, "E")
    part = client.get_experiment(name="E", categorical_filters={"topic": ["rain", "snow"]})
    part.print_results_summary()
    assert "Experiment: E\nOnly rows with topic = 'rain' or 'snow'\nPass rate: " in capsys.readouterr().out
    copy.deepcopy(part).print_results_summary()
    assert "Only rows with" in capsys.readouterr().out
    for read_anew in (part.wait_until_finished, lambda: part.rate_responses()):
        read_anew()
        part.print_results_summary()
        assert "Only rows" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        (
            {"topic": ["snow"]},
            "no response to a row with topic = 'snow'; call get_experiment() with values of its rows, or without "
            "categorical_filters",
        ),
        (
            {"tropic": ["rain"], "topic": ["rain"]},
            "no response to a row with tropic = 'rain' and topic = 'rain'; collection 'Topics' has no column 'tropic', "
            "it has 'topic', 'answer'",
        ),
    ],
)
def test_filters_that_find_nothing_are_named(
    client: Client, filters: dict[str, list[str]], says: str
) -> None:
    run(client, "E")
    part = client.get_experiment(name="E", categorical_filters=filters)
    assert part.results is None
    with pytest.raises(NoResultsError) as told:
        part.print_results_summary()
    assert str(told.value) == f"there are no results: experiment 'E' has {says}"


def test_categorical_filters_narrow_the_results(client: Client) -> None:
    run(client, "E")
    lookups: list[dict[str, Any]] = [{"name": "E"}, {"id": 1}]
    for which in lookups:
        narrowed = client.get_experiment(categorical_filters={"topic": ["rain"]}, **which)
        assert narrowed.results is not None and narrowed.results.num_rated_responses == 1
        assert len(narrowed.rated_responses) == 2
    wrong: list[Any] = ["topic", {"topic": "rain"}, {1: ["a"]}, {"topic": [{}]}, {"topic": ["x" * 10_000]}]
    for filters in wrong:
        with pytest.raises(ValidationError, match="categorical_filters"):
            client.get_experiment(name="E", categorical_filters=filters)


def test_samples_map_and_statistics(client: Client) -> None:
    first, second = run(client, "First"), run(client, "Second")
    of_first = client.list_response_samples(first, sort_by="rating-desc")
    assert {sample.prompt_response_ids[0] for sample in of_first} == {one.id for one in first.responses()}
    first.rated_responses[1].annotate("look")
    (noted,) = client.list_response_samples(first, show_only_annotated_responses=True)
    assert noted.prompt_response_ids == [first.rated_responses[1].id]
    assert client.list_response_samples(first, output_tokens_min=10**6) == []

    both = client.list_comparison_samples(first, second)
    assert [sample.experiment_id for sample in both] == [first.id, second.id] * 2
    assert client.list_comparison_samples(first, second, "improved") == []
    assert len(client.list_comparison_samples(first, second, categorical_filters={"topic": ["rain"]})) == 2

    overview = client.get_experiment_map(first, page=2, limit=1)
    assert (overview.num_samples, overview.num_responses, len(overview.samples)) == (2, 2, 1)
    assert overview.samples[0].responses[0].response_id == first.rated_responses[1].id
    stats = client.get_response_stats(days=2)
    assert [day.requests for day in stats.daily_usage] == [0, 4]


def test_wrong_arguments_are_refused_before_anything_is_sent(client: Client) -> None:
    experiment = run(client, "E")
    for call, named in (
        (lambda: client.get_response_stats(days=91), "days"),
        (lambda: client.get_experiment_map(experiment, page=0), "page"),
        (lambda: client.list_response_samples(experiment, sort_by="best"), "sort_by"),
        (lambda: client.list_comparison_samples(experiment, experiment, "same"), "filter_samples_by"),  # type: ignore[arg-type]
        (lambda: client.list_comparison_samples(experiment, experiment, criterion_ids=[]), "criterion_ids"),
        (lambda: client.list_comparison_samples(experiment, None), "experiment_b"),  # type: ignore[arg-type]
        (lambda: experiment.rated_responses[0].annotate(None), "annotation"),  # type: ignore[arg-type]
        (lambda: experiment.wait_until_finished(timeout=0), "timeout"),
    ):
        with pytest.raises(ValidationError, match=named):
            call()


async def test_every_method_has_an_async_spelling() -> None:
    async with AsyncClient(base_url="local::memory:") as client:
        template = await client.create_prompt_template("Tutor", template="Explain {{topic}}.")
        collection = await client.create_collection("Topics", variables=ROWS)
        experiment = await client.run_experiment("E", template, collection, rating_version="mock")
        assert (await experiment.aretry_failed()) is experiment
        assert (await experiment.acancel()) is experiment
        assert (await experiment.await_until_finished()) is experiment
        response = await experiment.rated_responses[0].aannotate("good")
        (sample,) = await client.list_response_samples(experiment, show_only_annotated_responses=True)
        assert (response.annotation, sample.prompt_response_ids) == ("good", [response.id])
        await response.aannotate("")
        assert await client.list_response_samples(experiment, show_only_annotated_responses=True) == []
        assert (await client.get_experiment_map(experiment)).num_samples == 2
        assert len(await client.list_comparison_samples(experiment, experiment)) == 4
        assert (await client.get_response_stats()).total_responses == 2
        assert [judge.is_default for judge in await client.list_rating_versions()] == [True, False]
