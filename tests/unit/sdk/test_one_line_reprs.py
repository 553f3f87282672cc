"""Every model shows itself in one short line, however much it holds."""

from __future__ import annotations

import datetime
import inspect
from typing import Any

import attrs
import elluminate_api.models as api
import pytest

import elluminate.schemas
from elluminate import streaming
from elluminate.schemas import (
    Criterion,
    Experiment,
    LLMConfig,
    TemplateVariables,
    TemplateVariablesCollection,
)

LONG = "a long text\nwith line breaks, 'quotes' and Zürich " * 1000


def _models() -> list[Any]:
    modules: tuple[Any, ...] = (elluminate.schemas, streaming, api)
    found = [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if attrs.has(kind) and kind.__module__.startswith(("elluminate.", "elluminate_api.models"))
    ]
    assert len(found) > 150
    return found


@pytest.mark.parametrize(
    "value",
    [LONG, [LONG] * 1000, {LONG: LONG}, 10**300, datetime.datetime.max],
    ids=["text", "list", "dict", "number", "moment"],
)
def test_a_model_shows_itself_in_at_most_200_characters_and_one_line(value: Any) -> None:
    for kind in _models():
        model = object.__new__(kind)
        for attribute in attrs.fields(kind):
            object.__setattr__(model, attribute.name, value)

        shown = repr(model)

        assert shown.startswith(f"{kind.__name__}(")
        assert shown.endswith(")")
        assert "\n" not in shown
        assert len(shown) <= 200


def test_what_tells_it_apart_comes_first_and_what_is_nested_by_its_size() -> None:
    config = LLMConfig(
        id=7,
        name="Small",
        description="",
        llm_model_name="small-1",
        api_key="sk-never-shown",
    )

    assert repr(config).startswith("LLMConfig(id=7, name='Small', ")
    assert "sk-never-shown" not in repr(config)
    made = datetime.datetime(2026, 11, 25, 12, 30, tzinfo=datetime.UTC)
    collection = TemplateVariablesCollection(
        id=1, name="Topics", description="", variables_count=1, created_at=made, updated_at=made
    )
    row = TemplateVariables(id=3, input_values={"topic": "tides"}, collection=collection, created_at=made)
    assert "collection=TemplateVariablesCollection(id=1)" in repr(row)
    assert "input_values=<1 item>" in repr(row)
    assert Criterion.__repr__ is Experiment.__repr__
