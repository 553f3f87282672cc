"""Placeholders are found and replaced in one pass."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elluminate_server.domain.criteria import default_label, render_criterion
from elluminate_server.domain.rendering import (
    MAX_RENDERED_CHARACTERS,
    MissingValuesError,
    RenderedTooLargeError,
    find_placeholders,
    message_placeholders,
    render_messages,
    render_text,
)

NAMES = st.from_regex(r"\A\w{1,8}\Z")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("{{a}}", ["a"]),
        ("{{ a }}{{\tb\n}}", ["a", "b"]),
        ("{{b}} {{a}} {{b}}", ["b", "a"]),
        ("{a} {{}} {{ }} {{a b}} {{a.b}} {{a", []),
        ("{{{a}}}", ["a"]),
        ("{{größe_1}}", ["größe_1"]),
    ],
)
def test_placeholders_are_found_in_the_order_of_first_use(text: str, names: list[str]) -> None:
    assert find_placeholders(text) == names


def test_placeholders_are_found_in_contents_and_text_parts_only() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "{{b}}"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "{{a}}"},
                {"type": "image_url", "image_url": {"url": "{{c}}"}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [{"id": "{{d}}"}]},
    ]
    assert message_placeholders(messages) == ["b", "a"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("", ""),
        (None, ""),
        (7, "7"),
        (1.5, "1.5"),
        (True, "true"),
        (["ü", 1], '["ü", 1]'),
        ({"a": None}, '{"a": null}'),
    ],
)
def test_values_become_text(value: Any, text: str) -> None:
    assert render_text("<{{x}}>", {"x": value}) == f"<{text}>"


def test_a_missing_value_is_named_with_the_columns_there_are() -> None:
    with pytest.raises(
        MissingValuesError, match=r"No value for \{\{b\}\}, \{\{c\}\}: the row's columns are 'a', 'B'"
    ) as caught:
        render_messages(
            [{"role": "user", "content": "{{a}}{{b}}"}, {"role": "user", "content": "{{c}}"}],
            {"a": 1, "B": 2},
        )
    assert caught.value.names == ["b", "c"]


@given(st.text(), NAMES, st.text())
def test_what_was_put_in_is_never_expanded(text: str, name: str, value: str) -> None:
    template = f"<{{{{{name}}}}}>"
    expected = value.join(("<", ">"))
    assert (
        render_text(
            template, {name: value, **dict.fromkeys(find_placeholders(value), "expanded")} | {name: value}
        )
        == expected
    )


@given(st.lists(st.one_of(NAMES.map(lambda name: "{{ " + name + " }}"), st.text())).map("".join))
def test_no_placeholder_is_left_when_every_value_is_given(text: str) -> None:
    values = dict.fromkeys(find_placeholders(text), "")
    left = render_text(text, dict.fromkeys(values, "·"))
    assert find_placeholders(left) == []


@given(st.text(alphabet=st.characters(exclude_characters="{")))
def test_text_without_placeholders_stays_as_it_is(text: str) -> None:
    assert render_text(text, {}) == text


def test_rendering_copies_the_messages_and_touches_nothing_but_text() -> None:
    call = {"id": "{{x}}", "type": "function", "function": {"name": "f", "arguments": '{"q": "{{x}}"}'}}
    messages: list[dict[str, Any]] = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "{{x}}"},
                {"type": "image_url", "image_url": {"url": "{{x}}"}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    rendered = render_messages(messages, {"x": "v"})
    assert rendered[0]["content"] == [
        {"type": "text", "text": "v"},
        {"type": "image_url", "image_url": {"url": "{{x}}"}},
    ]
    assert rendered[1] == messages[1]
    assert rendered[1] is not messages[1]
    assert messages[0]["content"][0]["text"] == "{{x}}"


def test_the_size_is_capped_over_all_messages() -> None:
    messages = [{"role": "user", "content": "{{x}}"}] * 2
    assert render_messages(messages, {"x": "12345"}, limit=10)
    with pytest.raises(RenderedTooLargeError, match="10 characters"):
        render_messages(messages, {"x": "123456"}, limit=10)


def test_a_large_value_used_many_times_is_refused_before_it_is_built() -> None:
    with pytest.raises(RenderedTooLargeError):
        render_text("{{x}}" * 100_000, {"x": "x" * MAX_RENDERED_CHARACTERS})


def test_a_criterion_keeps_placeholders_that_the_row_has_no_column_for() -> None:
    assert render_criterion("Is {{a}} more than {{ b }}?", {"a": "{{b}}"}) == "Is {{b}} more than {{ b }}?"


def test_criteria_are_labelled_by_their_place() -> None:
    assert [default_label(position) for position in (1, 2)] == ["Criterion 1", "Criterion 2"]
