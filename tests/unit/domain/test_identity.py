"""Equal templates and rows have equal identities, whoever sends them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elluminate_server.domain.identity import row_identity, template_identity

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.dictionaries(st.text(), JSON, max_size=4)

MESSAGES = [{"role": "user", "content": "Explain {{topic}}."}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


@given(ROWS, st.none() | ROWS)
def test_the_order_of_keys_does_not_count(row: dict[str, Any], config: dict[str, Any] | None) -> None:
    assert row_identity(row, config) == row_identity(turned(row), turned(config))


@given(ROWS)
def test_a_trip_through_json_does_not_count(row: dict[str, Any]) -> None:
    assert row_identity(json.loads(json.dumps(row)), None) == row_identity(row, None)


@given(ROWS, ROWS)
def test_rows_that_differ_have_different_identities(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    if same:
        assert row_identity(one, None) == row_identity(other, None)
    elif one != other:
        assert row_identity(one, None) != row_identity(other, None)


def test_null_absent_and_config_count_in_a_row() -> None:
    identities = {
        row_identity({}, None),
        row_identity({"a": None}, None),
        row_identity({}, {}),
        row_identity({"a": ""}, None),
    }
    assert len(identities) == 4


def test_one_and_one_point_zero_are_the_same_number() -> None:
    assert row_identity({"a": 1}, None) == row_identity({"a": 1.0}, None)
    assert row_identity({"a": True}, None) != row_identity({"a": 1}, None)


def test_unset_and_null_keys_of_messages_and_tools_are_the_same() -> None:
    answer = {"role": "assistant", "content": "a"}
    verbose: dict[str, Any] = {**answer, "refusal": None, "tool_calls": [], "annotations": None}
    assert template_identity("t", [answer], None, [], None) == template_identity(
        "t", [verbose], None, None, None
    )
    sent_by_sdk = {"type": "function", "function": {**TOOL["function"], "description": None, "strict": None}}  # type: ignore[dict-item]
    assert template_identity("t", MESSAGES, None, [TOOL], "auto") == template_identity(
        "t", MESSAGES, None, [sent_by_sdk], "auto"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "u"},
        {"messages": [{"role": "system", "content": "Explain {{topic}}."}]},
        {"messages": [*MESSAGES, *MESSAGES]},
        {"response_format": {"type": "json_object"}},
        {"tools": [TOOL]},
        {"tool_choice": "auto"},
    ],
)
def test_every_part_of_a_template_counts(changed: dict[str, Any]) -> None:
    given_: dict[str, Any] = {
        "name": "t",
        "messages": MESSAGES,
        "response_format": None,
        "tools": None,
        "tool_choice": None,
    }
    assert template_identity(**given_) != template_identity(**{**given_, **changed})


def test_a_null_inside_a_json_schema_counts() -> None:
    with_default = {"type": "json_schema", "json_schema": {"schema": {"default": None}}}
    without = {"type": "json_schema", "json_schema": {"schema": {}}}
    assert template_identity("t", MESSAGES, with_default, None, None) != template_identity(
        "t", MESSAGES, without, None, None
    )
