"""A page of responses as the server sends it: every field of the contract, 5 ratings each."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
from elluminate_api import models as api

RESPONSES = 1_000
RATINGS = 5

_WHEN = datetime.datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=datetime.UTC)
_QUESTIONS = [
    "Does the response explain the concept correctly?",
    "Is the explanation easy to understand for a beginner?",
    "Does the response contain an example that fits?",
    "Is the response at most three paragraphs long?",
    "Does the response stay on the topic of the question?",
]
_ANSWER = (
    "A closure is a function that remembers the variables of the place where it was made. It goes on to see "
    "them when it is called somewhere else, and two closures made in the same place share what they remember. "
    'In Scheme, (define (adder n) (lambda (x) (+ x n))) returns one: the "n" lives as long as the lambda does.'
)
_REASON = (
    "The answer names the variables that are kept and shows them in use, so a reader can follow it (#%d)."
)


def page_of_responses() -> bytes:
    """JSON of one page, 4.6 MB, with every field of every model, as the server writes it."""
    collection = api.TemplateVariablesCollection(
        id=3,
        name="Concepts of programming",
        description="What a first course covers",
        columns=[
            api.CollectionColumn(id=5, name="concept", column_type=api.ColumnType.TEXT),
            api.CollectionColumn(
                id=6, name="level", column_type=api.ColumnType.CATEGORY, categorical_values=["new", "expert"]
            ),
        ],
        variables_count=RESPONSES,
        created_at=_WHEN,
        updated_at=_WHEN,
    )
    template = api.PromptTemplate(
        id=2,
        name="Explain a concept",
        version=4,
        messages=[{"role": "user", "content": "Explain {{concept}} to a {{level}} programmer."}],
        placeholders={"concept", "level"},
        criterion_set_id=1,
        created_at=_WHEN,
        updated_at=_WHEN,
    )
    model = api.LLMConfig(
        id=8,
        name="Small and quick",
        llm_model_name="small-1",
        llm_base_url="https://models.example/v1",
        temperature=0.2,
        max_tokens=800,
        reasoning_effort=api.ReasoningEffort.LOW,
    )
    criteria = [
        api.Criterion(id=number, criterion_str=text, created_at=_WHEN)
        for number, text in enumerate(_QUESTIONS, 1)
    ]
    items = [_response(number, collection, template, model, criteria) for number in range(1, RESPONSES + 1)]
    return msgspec.json.encode({"items": items, "count": RESPONSES})


def without_nulls(content: bytes) -> bytes:
    """The same page from a server that leaves out what is null, unless the contract requires the key."""
    return msgspec.json.encode(_stripped(msgspec.json.decode(content)))


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _stripped(item)
            for key, item in value.items()
            if item is not None or key in ("error", "generation_metadata")
        }
    if isinstance(value, list):
        return [_stripped(item) for item in value]
    return value


def _response(
    number: int,
    collection: api.TemplateVariablesCollection,
    template: api.PromptTemplate,
    model: api.LLMConfig,
    criteria: list[api.Criterion],
) -> api.PromptResponse:
    when = _WHEN + datetime.timedelta(seconds=number)
    row = api.TemplateVariables(
        id=number,
        input_values={"concept": f"closures, part {number}", "level": "new"},
        collection=collection,
        created_at=when,
    )
    question = {"role": "user", "content": f"Explain closures, part {number} to a new programmer."}
    return api.PromptResponse(
        id=10_000 + number,
        prompt=api.Prompt(
            id=number,
            template_variables=row,
            created_at=when,
            prompt_template=template,
            messages=[question],
        ),
        messages=[{"role": "assistant", "content": _ANSWER}],
        generation_metadata=api.GenerationMetadata(
            llm_model_config=model, duration_seconds=0.731 + number / 1_000, input_tokens=21, output_tokens=77
        ),
        error=None,
        epoch=1,
        created_at=when,
        ratings=[
            api.Rating(
                id=50_000 + RATINGS * number + place,
                criterion=criterion,
                rating=api.RatingValue.NO if (number + place) % 4 == 0 else api.RatingValue.YES,
                created_at=when,
                reasoning=_REASON % place,
                generation_metadata=None,
            )
            for place, criterion in enumerate(criteria)
        ],
    )
