"""Criteria of one list that have the same text: they are one criterion, and that is told."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from elluminate import CriterionIn, RepeatedCriteriaWarning
from tests.support.worlds import World, entered

TWICE = ["Is it short?", CriterionIn(criterion_str="Is it kind?"), "Is it short?"]


@pytest.fixture(params=["blocking", "async"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with entered(request.param) as world:
        yield world


@pytest.fixture
def client(base_url: str, world: World) -> Iterator[Any]:
    with world.opened(base_url=base_url) as client:
        world.call(client, "create_collection", "C", variables=[{"topic": "tides"}])
        yield client


def told_by(call: Any) -> tuple[Any, list[str]]:
    """What a call returns, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        returned = call()
    return returned, [str(one.message) for one in caught if one.category is RepeatedCriteriaWarning]


def test_criteria_with_the_same_text_are_one_and_told_once_wherever_a_list_is_given(
    world: World, client: Any
) -> None:
    made, told = told_by(lambda: world.call(client, "create_criterion_set", "S", TWICE))
    assert [one.criterion_str for one in made.criteria] == ["Is it short?", "Is it kind?"]
    assert told == [
        "criteria has more than once: 'Is it short?'; what has the same text is one criterion, with the label of the "
        "first"
    ]
    added, told = told_by(lambda: world.call(made, "add_criteria", [f"{n}?" for n in range(4)] * 2))
    assert len(added) == 8 and len(made.criteria) == 6
    assert len(told) == 1 and "'0?', '1?', '2?' and 1 more;" in told[0]
    assert told_by(lambda: world.call(made, "add_criteria", ["Is it short?"]))[1] == []  # there, and meant so


def test_a_program_goes_on_with_the_experiment_that_such_a_list_has_made(world: World, client: Any) -> None:
    def run() -> Any:
        return world.call(
            client, "run_experiment", "E", None, "C", criteria=TWICE, target=lambda topic: topic
        )

    first, told = told_by(run)
    assert len(told) == 1
    assert run().id == first.id


def test_nothing_is_made_where_the_warning_is_an_error(world: World, client: Any) -> None:
    world.call(client, "create_prompt_template", "T", "Name {{topic}}.")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RepeatedCriteriaWarning)
        with pytest.raises(RepeatedCriteriaWarning):
            world.call(client, "run_experiment", "E", "T", "C", criteria=TWICE)
    assert world.call(client, "list_experiments") == world.call(client, "list_criterion_sets") == []
