"""Every model shows itself in one short line, whatever it holds."""

from __future__ import annotations

import datetime
import inspect
from typing import Any

import attrs
import elluminate_api.models as api
import pytest

import elluminate.schemas
from elluminate import RatingValue, streaming
from elluminate.schemas import (
    AddedRows,
    Criterion,
    Experiment,
    LLMConfig,
    Rating,
    TemplateVariables,
    TemplateVariablesCollection,
)

LONG = "a long text\nwith line breaks, 'quotes' and Zürich " * 1000
MADE = datetime.datetime(2026, 11, 25, 12, 30, tzinfo=datetime.UTC)


class Unshowable:
    """What a user may put into a model that is made by hand."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


class OfManyLines:
    def __repr__(self) -> str:
        return "<one\nand\x1b[2J another\u2028>\n" * 100


@attrs.define
class Nested:
    id: Any


HOSTILE = {
    "text": LONG,
    "control characters": "a\r\n\x1b[2J\x00\u202e\u2028\ud800" * 1000,
    "list": [LONG] * 1000,
    "dict": {LONG: LONG},
    "number": 10**300,
    "number that Python does not write": -(10**5000),
    "moment": datetime.datetime.max,
    "unshowable": Unshowable(),
    "of many lines": OfManyLines(),
    "nested": Nested(id=LONG),
    "nested with a number": Nested(id=10**5000),
    "bytes": b"\x00\n" * 1000,
    "not a number": float("nan"),
}


def _models() -> list[Any]:
    modules: tuple[Any, ...] = (elluminate.schemas, streaming, api)
    found = {
        kind
        for module in modules
        for kind in (getattr(module, name) for name in dir(module))
        if inspect.isclass(kind)
        and attrs.has(kind)
        and kind.__module__.startswith(("elluminate.", "elluminate_api.models"))
    }
    assert len(found) > 150
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def _of(kind: Any, value: Any) -> Any:
    model = object.__new__(kind)
    for attribute in attrs.fields(kind):
        object.__setattr__(model, attribute.name, value)
    return model


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_model_shows_itself_in_at_most_200_characters_and_one_line(value: Any) -> None:
    for kind in _models():
        shown = repr(_of(kind, value))

        assert shown.startswith(f"{kind.__name__}(")
        assert shown.endswith(")")
        assert shown.isprintable()
        assert len(shown) <= 200


def test_a_model_without_its_fields_shows_itself() -> None:
    for kind in _models():
        assert repr(object.__new__(kind)) == f"{kind.__name__}()"


def test_no_secret_is_shown() -> None:
    secret = "sk-never-shown"
    secretive = {"api_key", "token", "password", "secret", "authorization", "proxy"}
    found = 0
    for kind in _models():
        names = {attribute.name for attribute in attrs.fields(kind)}
        named = names & (secretive | {"key"} if "ApiKey" in kind.__name__ else secretive)
        for name in named:
            model = object.__new__(kind)
            object.__setattr__(model, name, secret)
            assert secret not in repr(model), (kind, name)
            found += 1
        assert secret not in repr(_of(kind, f"https://me:{secret}@llm.test/v1"))
        assert secret not in repr(_of(kind, {"Authorization": secret}))
    assert found > 3


def test_what_tells_it_apart_comes_first_and_what_is_nested_by_its_size() -> None:
    config = LLMConfig(
        id=7,
        name="Small",
        description="",
        llm_model_name="small-1",
        llm_base_url="https://me:hidden@llm.test/v1",
        system_message=LONG,
        api_key="sk-never-shown",
        temperature=0.0,
    )

    assert repr(config).startswith(
        "LLMConfig(id=7, name='Small', llm_model_name='small-1', "
        "llm_base_url='https://***@llm.test/v1', temperature=0.0, system_message=\"a long text\\nwith"
    )
    assert "sk-never-shown" not in repr(config)
    collection = TemplateVariablesCollection(
        id=1, name="Topics", description="", variables_count=1, created_at=MADE, updated_at=MADE
    )
    row = TemplateVariables(id=3, input_values={"topic": "tides"}, collection=collection, created_at=MADE)
    assert repr(row) == (
        "TemplateVariables(id=3, collection=TemplateVariablesCollection(id=1), input_values=<1 item>, "
        "created_at=2026-11-25T12:30:00+00:00)"
    )
    assert repr(AddedRows([row], unchanged=[3])) == "<1 row, 0 added, 0 updated>"
    assert repr(AddedRows([row] * 1000)) == "<1000 rows, 1000 added, 0 updated>"
    assert Criterion.__repr__ is Experiment.__repr__


def test_what_is_as_it_is_by_default_is_left_out_and_what_differs_is_not() -> None:
    usual = TemplateVariablesCollection(id=1, name="Topics")
    assert repr(usual) == "TemplateVariablesCollection(id=1, name='Topics')"
    other = TemplateVariablesCollection(id=1, name="Topics", read_only=True, variables_count=2)
    assert (
        repr(other) == "TemplateVariablesCollection(id=1, name='Topics', variables_count=2, read_only=True)"
    )


def test_a_verdict_is_shown_before_what_it_is_about() -> None:
    criterion = Criterion(id=2, criterion_str="Is it short?", created_at=MADE)
    rating = Rating(
        id=5, criterion=criterion, rating=RatingValue.NO, created_at=MADE, reasoning="Three words."
    )
    assert repr(rating) == (
        "Rating(id=5, rating='NO', reasoning='Three words.', criterion=Criterion(id=2), "
        "created_at=2026-11-25T12:30:00+00:00)"
    )
