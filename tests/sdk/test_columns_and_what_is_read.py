"""Columns that a row brings by mistake, and what a listing leaves out: told, with the way out, both ways."""

from __future__ import annotations

import copy
import pickle
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from elluminate import NewColumnsWarning, NotFetchedError, ValidationError
from tests.support.worlds import World, entered

Do = Callable[..., Any]
"""Calls a method, by its blocking name, of a thing that a client of this way has read."""

LISTINGS = {"collection": "list_collections", "experiment": "list_experiments"}


@pytest.fixture(scope="module", params=["blocking", "async"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with entered(request.param) as found:
        yield found


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[Any]:
    with world.opened(base_url="local::memory:") as found:
        yield found


@pytest.fixture
def do(world: World) -> Do:
    return world.call


@pytest.fixture
def collection(client: Any, do: Do, request: pytest.FixtureRequest) -> Any:
    rows = [{"topic": "tides", "level": "easy"}]
    return do(client, "create_collection", request.node.name[:200], variables=rows)


REFUSED = {
    "another case": (
        [{"topic": "rain"}, {"Topic": "rain", "level": "hard"}],
        "variables[1] has the column 'Topic', and collection '{name}' has 'topic': name it 'topic', or pass "
        "add_columns=True",
    ),
    "blanks around it": ([{"topic ": "rain", "level": "hard"}], "variables[0] has the column 'topic '"),
    "nothing in common": (
        [{"topics": "rain"}],
        "variables[0] has none of the columns of collection '{name}' ('topic', 'level'), but 'topics' (did you mean "
        "'topic' by 'topics'?); name its columns like those, or pass add_columns=True",
    ),
}


@pytest.mark.parametrize(("rows", "message"), REFUSED.values(), ids=REFUSED)
def test_a_column_that_is_one_by_mistake_is_refused(
    client: Any, do: Do, collection: Any, rows: list[dict[str, str]], message: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(message.format(name=collection.name))):
        do(collection, "add_many", rows)

    assert do(client, "get_collection", id=collection.id).to_dicts() == [{"topic": "tides", "level": "easy"}]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(do(collection, "add_many", rows, add_columns=True)) == len(rows)


def test_another_new_column_is_warned_of_and_added(do: Do, collection: Any) -> None:
    with pytest.warns(NewColumnsWarning, match=r"gets new columns: 'levels' \(did you mean 'level'") as told:
        added = do(collection, "add_many", [{"topic": "rain", "levels": "hard"}])
    (warned,) = told
    assert Path(warned.filename).name == "worlds.py"  # from where both clients are called

    assert added[0].input_values == {"topic": "rain", "level": "", "levels": "hard"}


def test_columns_that_differ_by_case_alone_are_refused_in_a_new_collection_too(client: Any, do: Do) -> None:
    rows = [{"topic": "tides"}, {"TOPIC": "rain"}]
    with pytest.raises(ValidationError, match="has the column 'TOPIC', and collection 'Twins' has 'topic'"):
        do(client, "create_collection", "Twins", variables=rows)
    with pytest.raises(ValidationError, match=r"or declare it in columns=\[...\], too"):
        do(client, "create_collection", "Twins", columns=["topic"], variables=[{"subject": "rain"}])
    both = do(client, "create_collection", f"Twins {id(do)}", columns=["topic", "TOPIC"], variables=rows)
    assert [column.name for column in both.columns] == ["topic", "TOPIC"]


def test_a_changed_row_cannot_bring_a_column_by_mistake(do: Do, collection: Any) -> None:
    with pytest.raises(ValidationError, match=re.escape("name it 'level', or add it with collection.update")):
        do(collection, "update_entry", collection.variables[0], {"topic": "tides", "Level": "hard"})


@pytest.mark.parametrize(("separator", "given"), [(";", ","), ("\t", ","), (",", ";")])
def test_a_file_whose_cells_are_separated_by_something_else_is_refused(
    do: Do, collection: Any, tmp_path: Path, separator: str, given: str
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"topic{separator}level\nrain{separator}hard\n", encoding="utf-8")

    with pytest.raises(ValidationError, match=re.escape(f"pass delimiter={separator!r}")):
        do(collection, "add_from_csv", file, delimiter=given)

    added = do(collection, "add_from_csv", file, delimiter=separator)
    assert [row.input_values for row in added] == [{"topic": "rain", "level": "hard"}]


def test_what_a_listing_leaves_out_is_told_and_not_shown_as_empty(client: Any, do: Do) -> None:
    name = f"Listed {id(do)}"
    collection = do(client, "create_collection", name, variables=[{"topic": "tides"}, {"topic": "rain"}])
    template = do(client, "create_prompt_template", name, template="Explain {{topic}}.")
    run = do(client, "run_experiment", name, template, collection, criteria=["Is it short?"])

    listed = next(each for each in do(client, "list_experiments") if each.id == run.id)
    for read in (listed.responses, listed.to_dicts):
        with pytest.raises(
            NotFetchedError, match=rf"call fetch_responses\(\) first.*get_experiment\(id={run.id}\)"
        ):
            read()
    assert len(do(listed, "fetch_responses").responses()) == 2

    bare = next(each for each in do(client, "list_collections") if each.id == collection.id)
    for method in ("items", "to_dicts", "to_csv", "to_jsonl", "to_pandas", "variables"):
        with pytest.raises(NotFetchedError, match=rf"get_collection\(id={collection.id}\) reads them"):
            getattr(bare, method)
    assert not hasattr(bare, "variables")
    with pytest.raises(AttributeError, match="no attribute 'varaibles'"):
        _ = bare.varaibles
    assert pickle.loads(pickle.dumps(copy.deepcopy(bare))) == bare


def test_an_experiment_that_has_not_run_has_no_responses(client: Any, do: Do, collection: Any) -> None:
    template = do(client, "create_prompt_template", collection.name, template="Explain {{topic}}.")
    planned = do(client, "create_experiment", collection.name, template, collection)

    assert planned.responses() == []


def test_responses_are_a_sequence_that_next_works_on(client: Any, do: Do, collection: Any) -> None:
    template = do(client, "create_prompt_template", collection.name, template="Explain {{topic}}.")
    run = do(client, "run_experiment", collection.name, template, collection, criteria=["Short?"], n_epochs=3)

    responses = run.responses()

    assert len(responses) == 3
    assert [response.epoch for response in responses[1:]] == [2, 3]
    assert responses[-1] is run.rated_responses[-1]
    assert [next(responses).epoch, next(responses).epoch] == [1, 2]
    assert [response.epoch for response in responses] == [1, 2, 3]
    assert next(responses).epoch == 3
    assert next(responses, None) is None
    assert repr(responses) == "<3 responses>"
