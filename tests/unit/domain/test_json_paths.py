"""Paths into JSON lead to one place or to all elements, and say where they end otherwise."""

from typing import Any

import pytest

from elluminate_server.domain.json_paths import InvalidPathError, JsonPath, NothingThereError

ANSWER = {
    "output": {"text": "The moon.", "parts": [{"text": "The "}, {"text": "moon."}]},
    "odd name": {"a'b": 1, "x.y": [[1, 2], [3]]},
    "empty": [],
    "nothing": None,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [ANSWER]),
        ("$.output.text", ["The moon."]),
        ("$['output'][\"text\"]", ["The moon."]),
        ("$.output.parts[0].text", ["The "]),
        ("$.output.parts[-1].text", ["moon."]),
        ("$.output.parts[*].text", ["The ", "moon."]),
        ("$['odd name'][\"a'b\"]", [1]),
        ("$['odd name']['x.y'][*][*]", [1, 2, 3]),
        ("$.nothing", [None]),
    ],
)
def test_a_path_leads_there(path: str, found: list[Any]) -> None:
    assert JsonPath.parse(path).find(ANSWER) == found


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "$.outputs.text",
            "there is nothing at $.outputs.text: $ is an object with 'output', 'odd name', 'empty', 'nothing'",
        ),
        ("$.output.text.value", "$.output.text is a text"),
        ("$.output.parts[2].text", "$.output.parts is a list of 2"),
        ("$.output.parts[-3]", "$.output.parts is a list of 2"),
        ("$.output.parts[*].words", "$.output.parts[0] is an object with 'text'"),
        ("$.output[0]", "$.output is an object with 'text', 'parts'"),
        ("$.empty[*]", "$.empty is an empty list"),
        ("$.nothing.more", "$.nothing is null"),
        ("$['odd name']['x.y'][0][0].a", "$['odd name']['x.y'][0][0] is a number"),
    ],
)
def test_a_path_that_leads_nowhere_says_how_far_it_leads(path: str, told: str) -> None:
    with pytest.raises(NothingThereError) as caught:
        JsonPath.parse(path).find(ANSWER)
    assert str(caught.value).endswith(told)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("", "does not begin with '\\$'"),
        ("output.text", "does not begin with '\\$'"),
        ("$..text", "cannot be read from '..text' on"),
        ("$.a[?(@.b)]", r"cannot be read from '\[\?\(@\.b\)\]' on"),
        ("$.a[1:2]", "cannot be read"),
        ("$.a b", "cannot be read from ' b' on"),
        ("$['a", "cannot be read"),
        ("$" + ".a" * 600, "longer than 1000"),
    ],
)
def test_what_is_no_path_is_refused_with_the_place(path: str, told: str) -> None:
    with pytest.raises(InvalidPathError, match=told):
        JsonPath.parse(path)
