"""A server that was started with another judge: experiments of before are told of it before anything is judged."""

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from elluminate import Client, IncompleteResultsWarning, OtherJudgeWarning
from elluminate_server import serving
from tests.support.model_server import ModelServer
from tests.support.worlds import World, entered

TOPICS = ["tides", "rain"]
SAYS = (
    "experiment '{}' has the judge 'scripted', which the server does not offer now: 'another' judges instead"
)


@pytest.fixture(params=["blocking", "async"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with entered(request.param) as world:
        yield world


@pytest.fixture
def before(client: Client, model_server: ModelServer) -> None:
    """Two experiments, one without a verdict on its second row."""
    template = client.create_prompt_template("Explain", template="Explain {{topic}}.")
    collection = client.create_collection("Topics", variables=[{"topic": topic} for topic in TOPICS])
    client.run_experiment("Complete", template, collection, criteria=["Is it short?"])
    usual = model_server.verdict
    model_server.verdict = lambda request: "Hm." if "rain" in str(request.json) else usual(request)
    with pytest.warns(IncompleteResultsWarning):
        client.run_experiment("Incomplete", template, collection, criteria=["Is it short?"])
    model_server.verdict = usual


@pytest.fixture
def later(
    before: None, base_url: str, tmp_path: Path, client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A client of the same data, whose server has another judge."""
    client.close()
    serving.stop_local_server(str(tmp_path / "scripted.db"))
    monkeypatch.setenv("ELLUMINATE_JUDGE_MODEL", "another")
    with world.opened(base_url=base_url) as other:
        yield other


def judged(tmp_path: Path) -> int:
    with closing(sqlite3.connect(tmp_path / "scripted.db")) as connection:
        found = connection.execute("SELECT count(*) FROM ratings WHERE generation_metadata LIKE '%another%'")
        return int(found.fetchone()[0])


def test_a_retry_tells_of_it_before_anything_is_judged(later: Any, world: World, tmp_path: Path) -> None:
    experiment = world.call(later, "get_experiment", name="Incomplete")
    with warnings.catch_warnings():
        warnings.simplefilter("error", OtherJudgeWarning)
        with pytest.raises(OtherJudgeWarning, match=SAYS.format("Incomplete")) as told:
            world.call(experiment, "retry_failed")
    assert "Have the server judge as before and retry then" in str(told.value)
    assert judged(tmp_path) == 0
    with pytest.warns(OtherJudgeWarning) as caught:
        world.call(experiment, "retry_failed")
    assert len(caught) == 1
    assert judged(tmp_path) == 1


def test_a_retry_that_has_nothing_to_bring_says_nothing(later: Any, world: World) -> None:
    experiment = world.call(later, "get_experiment", name="Complete")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        world.call(experiment, "retry_failed")


def test_rating_again_tells_of_it(later: Any, world: World, tmp_path: Path) -> None:
    experiment = world.call(later, "get_experiment", name="Complete")
    with pytest.warns(
        OtherJudgeWarning, match=f"{SAYS.format('Complete')}.*without responses, which has all"
    ):
        world.call(experiment, "rate_responses", experiment.rated_responses[:1])
    with pytest.warns(OtherJudgeWarning, match=r"To keep the verdicts of before, .* clone\(\)"):
        world.call(experiment, "rate_responses")
    assert judged(tmp_path) == 2


def test_with_the_judge_of_before_nothing_is_said(before: None, client: Client) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.get_experiment(name="Incomplete").retry_failed()
        client.get_experiment(name="Complete").rate_responses()
