"""YAML as a person means it, and where everything in it stands."""

from __future__ import annotations

from typing import Any

import pytest

from elluminate.suites.yaml_text import Place, YamlError, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[Is it short?, yes, no, on]", ["Is it short?", "yes", "no", "on"]),
        ("[1, -2, 010, 0x1F, 0o17]", [1, -2, 10, 31, 15]),
        ("[1:30, 2026-11-30, 1_000, .inf, =]", ["1:30", "2026-11-30", "1_000", ".inf", "="]),
        ("[.5, 1., 1e3, -2.5E-1]", [0.5, 1.0, 1000.0, -0.25]),
        ("[true, False, null, ~, 'true', \"1\"]", [True, False, None, None, "true", "1"]),
        ("1: a\ntrue: b", {"1": "a", "true": "b"}),
        ("a: &x {c: 1, d: 2}\nb: {<<: *x, c: 3}", {"a": {"c": 1, "d": 2}, "b": {"d": 2, "c": 3}}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        ("%YAML 1.1\n---\na: no", {"a": "no"}),
        (r'{"a": "\ud83c\udf89"}', {"a": "🎉"}),
        ("", None),
    ],
)
def test_values_are_those_that_stand_there(text: str, value: Any) -> None:
    assert read_yaml(text).value == value


@pytest.mark.parametrize(
    ("text", "says", "place"),
    [
        ("a: 1\na: 2", "the key 'a' stands twice", Place(2, 1)),
        ("a: *x", "undefined alias", Place(1, 4)),
        ("a: &x [*x]", "an alias of what it stands in", Place(1, 4)),
        ("a: [1,", "while parsing", Place(1, 7)),
        ("a: !!python/object:os.x {}", "the tag", Place(1, 4)),
        ("a: !mine 1", "the tag '!mine' is not known", Place(1, 4)),
        ("a: !!binary aGk=", "the tag", Place(1, 4)),
        ("a: 1\n---\nb: 2", "another document", Place(2, 1)),
        ("a: 1e999", "larger than any number", Place(1, 4)),
        ("a: " + "9" * 5_000, "4300 digits", Place(1, 4)),
        ("? [a]\n: b", "a key must be a text", Place(1, 3)),
        ("a: {<<: 1}", "<< takes a mapping", Place(1, 9)),
        ("\x00", "unacceptable character", None),
        ("[" * 3_000, "nested too deeply to be read", None),
        ("a: " + "[" * 150 + "]" * 150, "nested more than 100 deep", Place(1, 104)),
    ],
)
def test_what_is_none_is_refused_with_its_place(text: str, says: str, place: Place | None) -> None:
    with pytest.raises(YamlError) as caught:
        read_yaml(text)
    assert says in caught.value.reason
    assert caught.value.place == place


@pytest.mark.parametrize(
    ("first", "one", "place"),
    [
        ("[x, x, x, x, x, x, x, x, x, x]", "[{}]", Place(5, 5)),
        ("{x: 1, y: 2}", "{{<<: [{}]}}", Place(6, 14)),
    ],
    ids=["lists", "merges"],
)
def test_aliases_of_aliases_fill_no_memory_and_are_told_before_they_are_followed(
    first: str, one: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {one.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, 30)]
    read: list[Any] = []
    monkeypatch.setattr("elluminate.suites.yaml_text._scalar", read.append)

    with pytest.raises(YamlError) as caught:
        read_yaml("\n".join(lines))
    assert (caught.value.reason, caught.value.place) == ("aliases repeat more than 100,000 values", place)
    assert read == []


def test_some_repetition_by_aliases_is_read() -> None:
    text = "a: &a [1, 2]\nb: [" + ", ".join(["*a"] * 10_000) + "]"
    assert read_yaml(text).value["b"] == [[1, 2]] * 10_000


def test_every_part_has_a_place() -> None:
    document = read_yaml("name: A\nrows:\n  - {question: What?}\n  - question: Why?\n")

    assert document.place_of(("rows",)) == Place(2, 1)
    assert document.place_of(("rows", 0, "question")) == Place(3, 6)
    assert document.place_of(("rows", 1)) == Place(4, 5)
    assert document.place_of(("rows", 1, "unknown", 5)) == Place(4, 5)
    assert document.place_of(("nothing",)) == Place(1, 1)
