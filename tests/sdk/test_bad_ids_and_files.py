"""What is not there, files that are no rows and trajectories that break their format: typed errors, nothing stored."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from elluminate_api.models import AgentTrialResult

from elluminate import ForeignModelError, NotFoundError, PartialUploadError, ValidationError
from tests.sdk.both_ways import BothWays, Way

UNKNOWN = 987_654_321


READERS = {
    "get_prompt_template": "template",
    "get_collection": "collection",
    "get_criterion_set": "criterion_set",
    "get_llm_config": "llm_config",
    "get_experiment": "experiment",
    "get_scenario_set": "scenario_set",
    "get_persona": "persona",
    "get_persona_group": "persona_group",
}
DELETERS = {
    "delete_prompt_template": "template",
    "delete_collection": "collection",
    "delete_criterion_set": "criterion_set",
    "delete_llm_config": "llm_config",
    "delete_experiment": "experiment",
    "delete_scenario_set": "scenario_set",
    "delete_persona": "persona",
    "delete_persona_group": "persona_group",
    "revoke_api_key": "api_key",
}


def from_a_pickle(model: Any) -> Any:
    """What does not know its project any more."""
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("method", READERS)
def test_an_unknown_id_and_that_of_another_project(way: Way, both: BothWays, method: str) -> None:
    for identifier in (UNKNOWN, getattr(both.others_things, READERS[method]).id):
        with pytest.raises(
            NotFoundError, match=rf"\[404\] There is no [a-zA-Z ]+ {identifier} in this project"
        ) as caught:
            way.call(way.client, method, id=identifier)
        assert caught.value.status_code == 404
    with pytest.raises(NotFoundError, match="named 'Nobody'"):
        way.call(way.client, method, name="Nobody")


@pytest.mark.parametrize("wrong", [True, False, 0, -1], ids=repr)
@pytest.mark.parametrize(
    ("method", "argument"),
    [
        ("create_experiment", "persona_group_id"),
        ("create_experiment", "response_column_id"),
        ("run_experiment", "response_column_id"),
    ],
)
def test_an_id_that_none_can_be_is_refused_before_anything_is_looked_up(
    way: Way, method: str, argument: str, wrong: int
) -> None:
    parts = {"prompt_template": way.things.template.name, "collection": way.things.collection.name}
    way.sent.clear()
    with pytest.raises(ValidationError, match=f"{argument} must be a positive integer, not {wrong!r}"):
        way.call(way.client, method, "New", **parts, **{argument: wrong})
    assert way.sent == []


@pytest.mark.parametrize(
    "wrong", ["", "a\0b", "\ud800", "a" * 1_000_000], ids=["empty", "nul", "surrogate", "long"]
)
def test_a_text_that_is_no_id_of_a_task(way: Way, wrong: str) -> None:
    way.sent.clear()
    with pytest.raises(ValidationError, match="task_id must be the id of a task") as caught:
        way.call(way.things.agentic, "wait_for_evaluation", wrong)
    assert len(str(caught.value)) < 300
    assert way.sent == []


@pytest.mark.parametrize("method", DELETERS)
def test_an_object_whose_id_is_true_is_not_taken_for_the_first(way: Way, method: str) -> None:
    thing = evolve(from_a_pickle(getattr(way.things, DELETERS[method])), id=True)
    way.sent.clear()
    with pytest.raises(ValidationError, match=r"the id of [a-z_ ]+ must be a positive integer, not True"):
        way.call(way.client, method, thing)
    assert way.sent == []


@pytest.mark.parametrize("method", DELETERS)
def test_a_thing_of_another_project_is_not_deleted(way: Way, both: BothWays, method: str) -> None:
    theirs = getattr(both.others_things, DELETERS[method])
    before = both.stored()

    with pytest.raises(ForeignModelError, match=f" {theirs.id}.* belongs to project 2 'Another project' of "):
        way.call(way.client, method, theirs)
    with pytest.raises(NotFoundError, match=f"{theirs.id} in this project. Check the id"):
        way.call(way.client, method, from_a_pickle(theirs))

    assert both.stored() == before


@pytest.mark.parametrize("part", ["prompt_template", "collection", "criterion_set", "llm_config"])
def test_an_experiment_of_parts_of_another_project(way: Way, both: BothWays, part: str) -> None:
    theirs = getattr(both.others_things, "template" if part == "prompt_template" else part)
    parts = {"prompt_template": way.things.template, "collection": way.things.collection, part: theirs}
    before = both.stored()

    with pytest.raises(ForeignModelError, match=f"^{part}: .*{theirs.id}"):
        way.call(way.client, "create_experiment", "New", **parts)
    parts[part] = from_a_pickle(theirs)
    with pytest.raises(NotFoundError, match=f"{theirs.id} in this project"):
        way.call(way.client, "create_experiment", "New", **parts)

    assert both.stored() == before


FILES: list[tuple[str, bytes, str]] = [
    ("add_from_csv", b"", "has no header"),
    ("add_from_csv", b"topic,\nx,y\n", "line 1: column 2 has no name"),
    ("add_from_csv", b"topic,topic\nx,y\n", "line 1: two columns are named 'topic'"),
    (
        "add_from_csv",
        b"topic,note\nx,y\n\nz\n",
        r"line 4: 1 cells, and the header has 2 columns \(topic, note\)",
    ),
    ("add_from_csv", b"topic,note\nx,y,z\n", "line 2: 3 cells"),
    ("add_from_csv", b'topic\nx\n"y"z\n', "after line 2"),
    ("add_from_csv", b"topic\n\xff\n", "is not UTF-8"),
    ("add_from_jsonl", b'{"topic": "x"}\n{"topic": \n', "line 2 is not JSON"),
    ("add_from_jsonl", b'{"topic": "x"}\n\n["y"]\n', "line 3 must be an object"),
    ("add_from_jsonl", b'{"topic": "x"}\n{"topic": "\xff"}\n', "is not UTF-8"),
]


@pytest.mark.parametrize(("method", "content", "words"), FILES)
def test_a_file_that_cannot_be_rows(
    way: Way, both: BothWays, tmp_path: Path, method: str, content: bytes, words: str
) -> None:
    path = tmp_path / "rows"
    path.write_bytes(content)
    before = both.stored()
    way.sent.clear()

    with pytest.raises(ValidationError, match=words):
        way.call(way.things.collection, method, path)

    assert way.sent == []
    assert both.stored() == before


def test_a_trajectory_that_breaks_atif_names_its_step(way: Way) -> None:
    """Its trial is stored, which is what the contract says; the error is for those who ask for one."""
    broken = {
        "schema_version": "ATIF-v1.7",
        "agent": {"name": "sorter", "version": "1"},
        "steps": [
            {"step_id": 1, "source": "user", "message": "Sort it."},
            {"step_id": 5, "source": "agent", "message": "Done."},
        ],
    }
    trials = [AgentTrialResult(task_name="sort", reward=1.0, trajectory=broken)]

    with pytest.raises(PartialUploadError, match="trajectory dropped: step 2: its step_id is 5") as caught:
        way.call(way.things.agentic, "upload_agent_results", trials, raise_on_partial=True)

    assert caught.value.response.created_responses == 1
