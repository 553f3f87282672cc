"""What a client makes of an answer: newer servers, dates in all forms, plain values."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from elluminate_api.types import OpenEnum

from elluminate.schemas import (
    CollectionColumn,
    Experiment,
    LLMConfig,
    PromptResponse,
    PromptTemplate,
    Rating,
    RatingValue,
    TemplateVariablesCollection,
    TemplateVariablesCollectionWithEntries,
)
from tests.unit.sdk import answers

UTC = datetime.UTC


def decoded(kind: type[Any], body: Any) -> Any:
    return msgspec.json.decode(json.dumps(body).encode(), type=kind)


BODIES: dict[type[Any], Callable[..., dict[str, Any]]] = {
    PromptTemplate: answers.template,
    TemplateVariablesCollection: answers.bare_collection,
    TemplateVariablesCollectionWithEntries: answers.collection,
    Experiment: answers.experiment,
    PromptResponse: answers.response,
    LLMConfig: answers.llm_config,
    Rating: answers.rating,
}


@pytest.mark.parametrize("kind", BODIES, ids=lambda kind: kind.__name__)
def test_fields_of_a_newer_server_are_left_out(kind: type[Any]) -> None:
    newer = BODIES[kind](invented_tomorrow={"deep": [1, 2]}, _session="not yours")
    model = decoded(kind, newer)
    assert model == decoded(kind, BODIES[kind]())
    assert not hasattr(model, "invented_tomorrow")
    assert getattr(model, "_session", None) is None


@pytest.mark.parametrize(
    ("kind", "changes", "attribute"),
    [
        (Experiment, {"evaluation_mode": "SWARM"}, "evaluation_mode"),
        (Rating, {"rating": "PERHAPS"}, "rating"),
        (LLMConfig, {"inference_type": "telepathy"}, "inference_type"),
        (LLMConfig, {"reasoning_effort": "heroic"}, "reasoning_effort"),
        (LLMConfig, {"verbosity": "epic"}, "verbosity"),
        (TemplateVariablesCollection, {"collection_type": "GRAPH"}, "collection_type"),
    ],
)
def test_values_of_a_newer_server_are_kept(kind: type[Any], changes: dict[str, str], attribute: str) -> None:
    value = getattr(decoded(kind, BODIES[kind](**changes)), attribute)
    assert value == changes[attribute]
    assert value.value == str(value) == f"{value}" == changes[attribute]
    assert not value.is_known
    assert isinstance(value, OpenEnum)
    assert msgspec.json.encode(value) == json.dumps(changes[attribute]).encode()


def test_known_values_are_the_members() -> None:
    assert decoded(Rating, answers.rating()).rating is RatingValue.YES
    assert decoded(Rating, answers.rating()).rating == "YES"


def test_a_column_type_of_a_newer_server_does_not_spoil_the_collection() -> None:
    column = {"id": 1, "name": "clip", "column_type": "video"}
    collection = decoded(TemplateVariablesCollectionWithEntries, answers.collection(columns=[column]))
    assert [(c.name, c.column_type) for c in collection.columns] == [("clip", "video")]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-01T10:00:00Z", datetime.datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00:00+00:00", datetime.datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T12:30:00+02:30", datetime.datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00:00.5Z", datetime.datetime(2026, 5, 1, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-05-01T10:00:00.123456Z", datetime.datetime(2026, 5, 1, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-05-01T10:00:00.123456789Z", datetime.datetime(2026, 5, 1, 10, 0, 0, 123_457, tzinfo=UTC)),
        ("2026-05-01t10:00:00z", datetime.datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01 10:00:00Z", datetime.datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00:00", datetime.datetime(2026, 5, 1, 10)),  # without a zone it came
        ("2026-05-01T10:00:00.25", datetime.datetime(2026, 5, 1, 10, 0, 0, 250_000)),
    ],
)
def test_timestamps_in_all_their_forms(text: str, moment: datetime.datetime) -> None:
    created_at = decoded(PromptTemplate, answers.template(created_at=text)).created_at
    assert created_at == moment
    assert (created_at.tzinfo is None) == (moment.tzinfo is None)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00:00Z", "2026-05-01", "", 1_777_000_000])
def test_what_is_no_timestamp_is_refused(text: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.created_at"):
        decoded(PromptTemplate, answers.template(created_at=text))


@pytest.mark.parametrize(
    ("kind", "without", "attribute", "default"),
    [
        (PromptTemplate, "messages", "messages", []),
        (PromptTemplate, "placeholders", "placeholders", set()),
        (TemplateVariablesCollection, "columns", "columns", []),
        (TemplateVariablesCollection, "description", "description", ""),
        (Experiment, "results", "results", None),
        (Experiment, "rated_responses", "rated_responses", []),
        (PromptResponse, "ratings", "ratings", []),
        (LLMConfig, "inference_type", "inference_type", "openai"),
    ],
)
def test_what_a_server_leaves_out_has_its_default(
    kind: type[Any], without: str, attribute: str, default: Any
) -> None:
    body = BODIES[kind]()
    body.pop(without)
    assert getattr(decoded(kind, body), attribute) == default


def test_placeholders_are_a_set_and_criteria_have_numbers_for_keys() -> None:
    assert decoded(PromptTemplate, answers.template()).placeholders == {"concept"}
    experiment = decoded(Experiment, answers.experiment(results=answers.results()))
    assert list(experiment.results.mean_rating_by_criterion_id) == [40]


def test_nested_models_are_the_rich_ones() -> None:
    response = decoded(PromptResponse, answers.response())
    assert type(response.prompt.prompt_template) is PromptTemplate
    assert type(response.ratings[0]) is Rating
    experiment = decoded(Experiment, answers.experiment(rated_responses=[answers.response()]))
    assert type(experiment.rated_responses[0]) is PromptResponse
    assert type(experiment.collection) is TemplateVariablesCollection
    assert type(experiment.collection.columns[0]) is CollectionColumn
