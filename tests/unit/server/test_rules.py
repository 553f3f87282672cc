"""Decoding, cells and the contract at run time: the server's rules that need no server."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from elluminate_api import models

from elluminate_server.http import contract, decoding
from elluminate_server.http.contract import operations
from elluminate_server.http.problems import BadRequest, Invalid, quoted
from elluminate_server.reading.presenting import masked
from elluminate_server.store.tables import CollectionColumn
from elluminate_server.writing.cells import added_columns, identity, rules_of, stored_values


def test_every_operation_of_the_generated_code_is_served_as_it_says() -> None:
    import importlib
    import pkgutil

    import elluminate_api.api as generated

    found = {}
    for tag in pkgutil.iter_modules(generated.__path__, f"{generated.__name__}."):
        package = importlib.import_module(tag.name)
        for module in pkgutil.iter_modules(package.__path__, f"{tag.name}."):
            operation = importlib.import_module(module.name).OPERATION
            found[operation.id] = operation

    assert set(found) == set(operations())
    for served in operations().values():
        operation = found[served.id]
        assert (served.method, served.status) == (operation.method, operation.status)
        assert served.path.removeprefix("/api/v0") == operation.path


def test_the_server_reads_what_the_contract_says() -> None:
    text = (Path(__file__).parents[3] / "openapi.yaml").read_text("utf-8")
    assert yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) == contract.document()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b'{"name": "x", "criteria": [{"criterion_str": "a", "labl": "b"}]}',
            "$.criteria[0]: unknown field 'labl'",
        ),
        (b'{"name": "x", "criteria": [{"criterion_str": 5}]}', "$.criteria[0].criterion_str"),
        (b'{"name": "x", "criteria": [{}]}', "$.criteria[0]"),
        (b"{}", "name"),
        (b'{"name": "a\\u0000"}', "$.name"),
        (b'{"name": "a", "b\\u0000": 1}', "NUL"),
    ],
)
def test_what_breaks_the_contract_is_named_by_its_path(body: bytes, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        decoding.decode(body, models.CreateCriterionSetRequest)
    assert words in caught.value.detail


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    decoded = decoding.decode(b'{"name": "\\\\u0000"}', models.CreateCriterionSetRequest)

    assert decoded.name == "\\u0000"


@pytest.mark.parametrize("value", ["BIG", "", "standard", 1])
def test_unknown_enum_values_are_refused_although_the_models_are_open(value: Any) -> None:
    with pytest.raises(Invalid, match="collection_type"):
        decoding.convert({"collection_type": value}, models.CreateCollectionRequest)


def _nested(depth: int) -> bytes:
    """A body in which the value of one column alone is so many lists deep."""
    return b'{"input_values": {"a": ' + b"[" * depth + b"]" * depth + b"}}"


def test_nesting_is_kept_up_to_its_bound_and_refused_by_its_place_past_it() -> None:
    deepest = decoding.MAX_DEPTH - 2  # the body and the row are two of it

    kept = decoding.decode(_nested(deepest), models.UpdateTemplateVariablesRequest)

    assert kept.input_values["a"]
    with pytest.raises(Invalid, match=r"\$\.input_values: .* nested deeper than 100"):
        decoding.decode(_nested(deepest + 1), models.UpdateTemplateVariablesRequest)


def test_nesting_that_no_parser_takes_is_refused() -> None:
    with pytest.raises(BadRequest, match="deeply"):
        decoding.decode(_nested(100_000), models.UpdateTemplateVariablesRequest)


def test_open_objects_keep_what_they_hold() -> None:
    values = {"anything": {"goes": [1, 2.5, None]}}

    assert (
        decoding.convert({"input_values": values}, models.UpdateTemplateVariablesRequest).input_values
        == values
    )


def test_query_parameters_are_checked_and_defaulted() -> None:
    listing = operations()["list_responses"]
    read = listing.query_values(
        [("response_ids", "2"), ("response_ids", "1"), ("epoch", "3"), ("other", "x")]
    )

    assert (read["response_ids"], read["epoch"], read["page"], read["experiment_id"]) == ([2, 1], 3, 1, None)
    assert operations()["list_collections"].query_values([("name", "null")])["name"] == "null"
    batch = operations()["create_template_variables_batch"]
    assert batch.query_values([("skip_existing", "true")])["skip_existing"] is True
    assert batch.query_values([])["skip_existing"] is False


@pytest.mark.parametrize(
    ("operation", "name", "value"),
    [
        ("list_responses", "response_ids", "x"),
        ("list_responses", "response_ids", "0"),
        ("list_responses", "duration_seconds_min", "nan"),
        ("list_responses", "duration_seconds_min", "inf"),
        ("list_responses", "epoch", ""),
        ("list_collections", "name", "x" * 256),
        ("list_collections", "name", "a\0"),
        ("create_template_variables_batch", "skip_existing", "maybe"),
        ("stream_experiment_generation", "polling_interval", "0"),
        ("get_experiment_generation_status", "connection_uuid", "x"),
        ("list_comparison_samples", "filter_samples_by", "worse"),
    ],
)
def test_bad_query_parameters_are_named(operation: str, name: str, value: str) -> None:
    required = {"list_comparison_samples": [("experiment_a_id", "1"), ("experiment_b_id", "2")]}
    with pytest.raises(Invalid, match=name):
        operations()[operation].query_values([*required.get(operation, []), (name, value)])


def test_missing_query_parameters_are_named() -> None:
    with pytest.raises(Invalid, match="prompt_template_id"):
        operations()["list_criteria"].query_values([])


def test_messages_carry_no_megabytes() -> None:
    assert len(quoted("x" * 10_000_000)) == 100
    assert quoted({"a": 1}) == "{'a': 1}"


@pytest.mark.parametrize(
    ("key", "hint"),
    [(None, None), ("", None), ("short", "****"), ("x" * 11, "****"), ("sk-abcdef123456", "****3456")],
)
def test_keys_are_masked(key: str | None, hint: str | None) -> None:
    assert masked(key) == hint


def test_new_columns_come_in_the_order_of_first_appearance() -> None:
    present = [CollectionColumn(name="a", column_type="text", default_value="", position=0)]
    new = added_columns([{"c": 1, "a": 2}, {"b": 3, "c": 4}], present, "Row {}".format, most=3)

    assert [(column.name, column.position) for column in new] == [("c", 1), ("b", 2)]


def test_category_cells_take_their_values_or_nothing() -> None:
    column = CollectionColumn(
        name="a", column_type="category", default_value="", categorical_values=["1", "x"]
    )

    for value, stored in (("x", "x"), (1, "1"), (None, ""), ("", "")):
        assert stored_values({"a": value}, rules_of([column]), "$") == {"a": stored}
    with pytest.raises(Invalid, match=r"\$\.a"):
        stored_values({"a": "y"}, rules_of([column]), "$")


def test_an_empty_cell_and_a_missing_one_are_the_same() -> None:
    assert identity({"a": "1", "b": ""}, None) == identity({"a": "1"}, None)
    assert identity({"a": "1"}, None) != identity({"a": "1"}, {"image": "x"})
    assert identity({"a": "1"}, None) != identity({"a": 1}, None)
