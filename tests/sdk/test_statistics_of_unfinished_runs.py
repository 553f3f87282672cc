"""statistics() and compare() on runs that go on or were cancelled: nothing passes for finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from elluminate import Client, NoResultsError, TaskFailedError, ValidationError
from elluminate.schemas import Experiment
from tests.support.model_server import ModelServer

TOPICS = [f"topic {number}" for number in range(4)]
CRITERIA = ["Is it kind?", "Is it short?"]


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
    collection, _ = client.get_or_create_collection(
        "Topics", defaults={"variables": [{"topic": topic} for topic in TOPICS]}
    )
    return client.run_experiment(name, template, collection, criteria=CRITERIA, **arguments)


def asked_at(client: Client, url: str) -> Any:
    return client.create_llm_config(
        "Scripted", llm_model_name="scripted", api_key="key-of-the-tests", llm_base_url=url, max_connections=1
    )


def test_a_run_that_goes_on_is_refused_and_a_cancelled_one_tells_what_it_lacks(
    client: Client, provider: ModelServer
) -> None:
    config = asked_at(client, provider.base_url)
    before = run(client, "Before")
    with ThreadPoolExecutor(1) as threads:
        with provider.held(lambda request: TOPICS[0] not in str(request.json)):
            waiting = threads.submit(run, client, "Cut", llm_config=config)
            provider.wait_for_requests(2)  # the first row has its answer
            running = client.get_experiment(name="Cut")
            for refused in (running.statistics, lambda: client.compare(before, "Cut")):
                with pytest.raises(
                    NoResultsError, match=r"'Cut' is still running; call wait_until_finished\(\)"
                ):
                    refused()
            running.cancel()
        with pytest.raises(TaskFailedError):
            waiting.result(30)

    cut = client.get_experiment(name="Cut")
    figures, found = cut.statistics(), client.compare(before, cut)
    answered = len(cut.rated_responses)
    assert 0 < answered < len(TOPICS)
    assert found.overall.missing_a == 0
    assert found.overall.missing_b == figures.overall.verdicts.missing >= 2 * (len(TOPICS) - answered)
    assert found.rows == answered
    assert found.rows_only_in_a == ()
    assert len(found.rows_unanswered_in_b) == len(TOPICS) - answered
    told = str(found)
    assert f"Missing verdicts: 0 in A, {found.overall.missing_b} in B\n" in told
    assert "  in B, without an answer: The run was cancelled" in told
    assert "Left out, unanswered in B: " in told
    assert "only in A" not in told
    assert f"  {2 * (len(TOPICS) - answered)} without an answer: The run was cancelled" in str(figures)
    backwards = client.compare(cut, before)
    assert len(backwards.rows_unanswered_in_a) == len(TOPICS) - answered
    assert backwards.rows_only_in_b == backwards.rows_unanswered_in_b == ()


def test_a_run_without_any_answer_tells_how_it_ended(client: Client, provider: ModelServer) -> None:
    config = asked_at(client, provider.base_url)
    before = run(client, "Before")
    with ThreadPoolExecutor(1) as threads:
        with provider.held():
            waiting = threads.submit(run, client, "Nothing", llm_config=config)
            provider.wait_for_requests(1)
            client.get_experiment(name="Nothing").cancel()
        with pytest.raises(TaskFailedError):
            waiting.result(30)
    nothing = client.get_experiment(name="Nothing")
    for refused in (nothing.statistics, lambda: client.compare(before, "Nothing")):
        with pytest.raises(NoResultsError, match=r"its run ended so: .*cancelled.*; call retry_failed\(\)"):
            refused()


def test_filters_that_do_not_count_are_told(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = run(client, "Before"), run(client, "After")
    some = client.get_experiment(id=before.id, categorical_filters={"topic": [TOPICS[0]]})

    assert "Of all rows: the filters topic" in str(some.statistics())
    assert some.statistics().overall.rate.n == len(TOPICS)
    assert "of A do not count here" in str(client.compare(some, after))
    assert "do not count" not in str(client.compare(before, after))
    some.print_results_summary()
    assert "\nIntervals are those of all rows: statistics()\n" in capsys.readouterr().out


def test_an_experiment_is_not_compared_with_itself(client: Client) -> None:
    before = run(client, "Before")
    calls: list[Callable[[], object]] = [
        lambda: client.compare(before, "Before"),
        lambda: before.compare_with(before),
    ]
    for refused in calls:
        with pytest.raises(ValidationError, match="'Before' cannot be compared with itself"):
            refused()
