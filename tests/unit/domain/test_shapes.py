"""What is wrong with a shape, in words: the place, the value, and what it has to be."""

import datetime
import uuid
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from elluminate_server.domain.shapes import explained, suggestion


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    number: Annotated[int, Meta(ge=1, le=9)] = 1
    share: Annotated[float, Meta(gt=0, lt=1)] | None = None
    choice: Literal["a", "b"] = "a"
    when: datetime.datetime | None = None
    key: uuid.UUID | None = None


class Outer(msgspec.Struct):
    name: Annotated[str, Meta(min_length=1, max_length=5, pattern=r"\S")]
    code: Annotated[str, Meta(pattern="^[a-z]+$")] = "x"
    inner: list[Inner] = []
    few: Annotated[list[int], Meta(min_length=2, max_length=3)] | None = None
    named: dict[str, int] = {}
    api_key: Annotated[str, Meta(max_length=5)] | None = None
    flag: bool = False


@pytest.mark.parametrize(
    ("raw", "path", "reason"),
    [
        (7, "$", "has to be an object, not 7"),
        ([], "$", "has to be an object, not a list"),
        ({}, "$", "the field 'name' is missing"),
        ({"name": 7}, "$.name", "has to be a text, not 7"),
        ({"name": None}, "$.name", "has to be a text, not null"),
        ({"name": {"a": 1}}, "$.name", "has to be a text, not an object"),
        ({"name": ""}, "$.name", "must not be empty"),
        ({"name": "  "}, "$.name", "must not be only blanks, not '  '"),
        ({"name": "abcdef"}, "$.name", "may have 5 characters at most, and has 6: 'abcdef'"),
        ({"name": "x", "code": "A1"}, "$.code", "has to match '^[a-z]+$', not 'A1'"),
        ({"name": "x", "flag": "yes"}, "$.flag", "has to be true or false, not 'yes'"),
        ({"name": "x", "few": [1]}, "$.few", "needs 2 items, and has 1"),
        ({"name": "x", "few": [1] * 4}, "$.few", "may have 3 items at most, and has 4"),
        ({"name": "x", "few": [1, True]}, "$.few[1]", "has to be a whole number, not true"),
        ({"name": "x", "inner": [{}, {"number": 0}]}, "$.inner[1].number", "has to be at least 1, not 0"),
        ({"name": "x", "inner": [{"number": 10}]}, "$.inner[0].number", "has to be at most 9, not 10"),
        ({"name": "x", "inner": [{"share": 1}]}, "$.inner[0].share", "has to be less than 1, not 1"),
        ({"name": "x", "inner": [{"share": "1"}]}, "$.inner[0].share", "has to be a number or null, not '1'"),
        ({"name": "x", "inner": [{"choice": "c"}]}, "$.inner[0].choice", "has to be 'a' or 'b', not 'c'"),
        ({"name": "x", "inner": [{"nmber": 1}]}, "$.inner[0]", "the field 'nmber' is unknown"),
        (
            {"name": "x", "inner": [{"when": "noon"}]},
            "$.inner[0].when",
            "has to be a date and time of RFC 3339, like '2031-01-12T00:00:00Z', not 'noon'",
        ),
        ({"name": "x", "inner": [{"key": "k"}]}, "$.inner[0].key", "has to be a UUID, not 'k'"),
        ({"name": "x", "named": {"a": "b"}}, "$.named[...]", "has to be a whole number"),
        ({"name": "x", "api_key": 7}, "$.api_key", "has to be a text or null (the value is not shown)"),
        ({"name": "x", "api_key": "secret"}, "$.api_key", "may have 5 characters at most"),
    ],
)
def test_the_place_the_value_and_what_it_has_to_be(raw: Any, path: str, reason: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(raw, Outer)

    assert explained(caught.value, raw, {"choice": ["a", "b"]}) == (path, reason)


def test_long_values_are_cut_and_words_in_them_are_no_place() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert("x - at y", Literal["a"])
    assert explained(caught.value, "x - at y") == ("$", "has to be another value, not 'x - at y'")

    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert("x" * 1_000_000, int)
    _, reason = explained(caught.value, "x" * 1_000_000)
    assert len(reason) < 150


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("nmae", "name"),
        ("Name", "name"),
        ("promptTemplateId", "prompt_template_id"),
        ("prompt-template-id", "prompt_template_id"),
        ("prompt_template", "prompt_template_id"),
        ("colour", None),
        ("", None),
        ("x" * 1_000_000, None),
    ],
)
def test_the_nearest_name_is_suggested(name: str, meant: str | None) -> None:
    found = suggestion(name, ["name", "prompt_template_id", "read_only"])
    assert found == ("" if meant is None else f": did you mean {meant!r}?")
