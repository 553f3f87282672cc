"""Experiments with a cache, as a caller makes them: blocking and async."""

import datetime
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from elluminate import AsyncClient, Client, NoCacheWarning, ValidationError, evaluate
from elluminate._checks import MOST_CACHE_SECONDS
from elluminate.schemas import Experiment, RatingMode
from elluminate_server.writing import planned_experiments
from tests.support.model_server import ModelServer

TOPICS = ["tides", "rain"]


@pytest.fixture
def parts(client: Client) -> dict[str, Any]:
    return {
        "prompt_template": client.create_prompt_template("Explain", template="Explain {{topic}}."),
        "collection": client.create_collection("Topics", variables=[{"topic": topic} for topic in TOPICS]),
        "criterion_set": client.create_criterion_set("Good", ["Is it short?", "Is it kind?"]),
    }


def runs(client: Client, parts: dict[str, Any]) -> dict[str, Callable[[], Experiment]]:
    """Every way to run an experiment with a cache, each once."""

    def streamed() -> Experiment:
        *_, last = client.stream_experiment("Streamed", **parts, cache=True)
        assert last.result is not None
        return last.result

    return {
        "run": lambda: client.run_experiment("Run", **parts, cache=datetime.timedelta(hours=1)),
        "stream": streamed,
        "create": lambda: client.create_experiment("Created", **parts, cache=3600.5).run(),
        "evaluate": lambda: evaluate(**parts, client=client, cache=True),
    }


def test_every_way_to_run_takes_what_another_one_asked(
    client: Client, parts: dict[str, Any], model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    first = client.run_experiment("First", **parts, cache=True)
    assert (first.cache_seconds, [response.cached for response in first.rated_responses]) == (
        MOST_CACHE_SECONDS,
        [False, False],
    )
    asked = len(model_server.requests)
    for way, run in runs(client, parts).items():
        again = run()
        assert [response.cached for response in again.rated_responses] == [True, True], way
        assert all(rating.cached for response in again.rated_responses for rating in response.ratings)
        assert again.results is not None
        assert again.results.num_cached_responses == 2
    assert len(model_server.requests) == asked
    client.get_experiment(name="Run").print_results_summary()
    assert "Rated responses: 2, failed: 0, from the cache: 2" in capsys.readouterr().out


@pytest.mark.anyio
async def test_an_async_client_has_the_same_cache(
    base_url: str, client: Client, parts: dict[str, Any], model_server: ModelServer
) -> None:
    client.run_experiment("First", **parts, rating_mode=RatingMode.FAST, cache=True)
    asked = len(model_server.requests)
    async with AsyncClient(base_url=base_url) as other:
        again = await other.run_experiment("Again", **parts, rating_mode=RatingMode.FAST, cache=60)
    assert again.cache_seconds == 60
    assert len(model_server.requests) == asked


def test_a_clone_keeps_its_cache_unless_told_otherwise(client: Client, parts: dict[str, Any]) -> None:
    first = client.create_experiment("First", **parts, cache=60)
    assert first.clone("Same").cache_seconds == 60
    assert first.clone("Longer", cache=datetime.timedelta(days=2)).cache_seconds == 2 * 86400
    assert first.clone("Without", cache=False).cache_seconds is None
    assert client.get_experiment(name="Same").cache_seconds == 60


def test_what_is_run_again_for_its_failures_is_asked_again(
    client: Client, parts: dict[str, Any], model_server: ModelServer
) -> None:
    first = client.run_experiment("First", **parts, cache=True)
    model_server.requests.clear()
    again = first.rerun(first.rated_responses)
    assert again.cache_seconds is None
    assert sum(request.kind == "answer" for request in model_server.requests) == 2


@pytest.mark.parametrize("cache", [0, -1, 0.5, "1h", float("nan"), float("inf"), datetime.timedelta(0), None])
def test_a_cache_that_is_none_is_refused_before_anything_is_sent(
    client: Client, parts: dict[str, Any], cache: Any
) -> None:
    with pytest.raises(
        ValidationError, match=r"cache must be True, False, or a lifetime.*for example datetime"
    ):
        client.run_experiment("Refused", **parts, cache=cache)
    assert not client.list_experiments()


def test_a_server_without_a_cache_is_warned_of(
    client: Client, parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server that has never heard of the field.
    stored = planned_experiments.store_experiment

    async def forgets(
        session: Any, project_id: Any, settings: Any, request: Any, *args: Any, **kwargs: Any
    ) -> Any:
        request.cache_seconds = None
        return await stored(session, project_id, settings, request, *args, **kwargs)

    monkeypatch.setattr(planned_experiments, "store_experiment", forgets)
    with pytest.warns(NoCacheWarning, match="'Cached' asks for all of them; leave cache=… out") as told:
        client.create_experiment("Cached", **parts, cache=True)
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.create_experiment("Plain", **parts)
