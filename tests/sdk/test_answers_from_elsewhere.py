"""Answers that another program made: stored, judged, and what is said where something else is done with them."""

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from elluminate import AnsweredRowsWarning, ConflictError, NoResultsError
from tests.support.model_server import ModelServer
from tests.support.worlds import World, entered


@pytest.fixture(params=["blocking", "async"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with entered(request.param) as world:
        yield world


@pytest.fixture
def client(base_url: str, world: World) -> Iterator[Any]:
    with world.opened(base_url=base_url) as client:
        yield client


@pytest.fixture
def experiment(client: Any, world: World) -> Any:
    template = world.call(client, "create_prompt_template", "T", template="Explain {{topic}}.")
    rows = [{"topic": topic} for topic in ("tides", "rain", "wind")]
    collection = world.call(client, "create_collection", "C", variables=rows)
    criteria = world.call(client, "create_criterion_set", "S", ["Is it short?"])
    return world.call(client, "create_experiment", "E", template, collection, criterion_set=criteria)


def add(world: World, experiment: Any, *rows: int, epoch: int = 1) -> Any:
    entries = world.call(experiment.collection, "iter_entries")
    variables = [entries[row] for row in rows]
    return world.call(experiment, "add_responses", ["So."] * len(rows), variables, epoch)


def test_before_they_are_judged_the_summary_says_so_or_the_way_out_is_to_rate_them(
    world: World, experiment: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    add(world, experiment, 0, 1)
    with pytest.raises(NoResultsError, match=r"has answers that were not judged; call rate_responses\(\)$"):
        experiment.print_results_summary()
    world.call(experiment, "rate_responses")
    experiment.print_results_summary()
    assert "Pass rate: " in capsys.readouterr().out


def test_results_count_what_is_added_later(client: Any, world: World, experiment: Any) -> None:
    add(world, experiment, 0, 1)
    world.call(experiment, "rate_responses")
    assert experiment.results.verdicts.is_complete
    add(world, experiment, 2)
    counts = experiment.results.verdicts
    assert (counts.expected, counts.given, counts.missing) == (3, 2, 1)
    told = world.call(client, "get_experiment", name="E").results.verdicts
    assert (told.expected, told.given, told.missing) == (3, 2, 1)


def test_a_run_over_rows_that_have_an_answer_is_warned_of_before_the_model_is_asked(
    world: World, experiment: Any, model_server: ModelServer
) -> None:
    add(world, experiment, 0, 1)
    says = r"experiment 'E' has 2 answer\(s\) from elsewhere, to 2 of its rows; .*rate_responses\(\) .*; clone\(\)"
    with warnings.catch_warnings():
        warnings.simplefilter("error", AnsweredRowsWarning)
        with pytest.raises(AnsweredRowsWarning, match=says):
            world.call(experiment, "run")
    assert model_server.requests == []
    with pytest.warns(AnsweredRowsWarning):
        world.call(experiment, "run")
    assert len(experiment.rated_responses) == 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConflictError, match="was run already"):
            world.call(experiment, "run")


def test_a_run_over_other_epochs_is_not_warned_of(world: World, experiment: Any) -> None:
    add(world, experiment, 0, epoch=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", AnsweredRowsWarning)
        world.call(experiment, "run")
