"""Filters: which items of a list are wanted. All that is set must fit; None leaves a property open."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from attrs import define, fields
from elluminate_api.models import RatingValue
from elluminate_api.types import one_line

from elluminate._checks import explained
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError


@define(kw_only=True, repr=False)
class ExperimentFilter:
    """Which experiments.

    Attributes:
        experiment_name: Exactly this name.
        experiment_name_search: A part of the name.
        date_from: Created then or later.
        date_to: Created then or earlier.
        prompt_template_id: Of this template version.
        prompt_template_name: Of any version of this template.
        collection_id: Over this collection.
        llm_config_id: With this model.
        created_by_schedule_id: Made by this schedule.
    """

    experiment_name: str | None = None
    experiment_name_search: str | None = None
    date_from: datetime.datetime | None = None
    date_to: datetime.datetime | None = None
    prompt_template_id: int | None = None
    prompt_template_name: str | None = None
    collection_id: int | None = None
    llm_config_id: int | None = None
    created_by_schedule_id: int | None = None

    __repr__ = one_line


@define(kw_only=True, repr=False)
class PromptResponseFilter:
    """Which responses.

    Attributes:
        experiment_id: Of this experiment.
        prompt_id: To this rendered prompt.
        prompt_template_id: To this template version.
        template_variables_id: For this row.
        collection_id: For the rows of this collection.
        llm_model_name: Answered by this model.
        epoch: Of this run of the rows, from 1.
        response_ids: Exactly these, in this order.
        duration_seconds_min: Took at least so long.
        duration_seconds_max: Took at most so long.
        input_tokens_min: At least so many tokens in the prompt.
        input_tokens_max: At most so many tokens in the prompt.
        output_tokens_min: At least so many tokens in the answer.
        output_tokens_max: At most so many tokens in the answer.
    """

    experiment_id: int | None = None
    prompt_id: int | None = None
    prompt_template_id: int | None = None
    template_variables_id: int | None = None
    collection_id: int | None = None
    llm_model_name: str | None = None
    epoch: int | None = None
    response_ids: list[int] | None = None
    duration_seconds_min: float | None = None
    duration_seconds_max: float | None = None
    input_tokens_min: int | None = None
    input_tokens_max: int | None = None
    output_tokens_min: int | None = None
    output_tokens_max: int | None = None

    __repr__ = one_line


@define(kw_only=True, repr=False)
class ResponsesSampleFilter:
    """Which samples (the responses of one row) of an experiment.

    Attributes:
        experiment_id: The experiment.
        criteria_filter_by: Criterion id to the verdict that it must have come to.
        duration_seconds_min: With a response that took at least so long.
        duration_seconds_max: With a response that took at most so long.
        input_tokens_min: With at least so many tokens in a prompt.
        input_tokens_max: With at most so many tokens in a prompt.
        output_tokens_min: With at least so many tokens in an answer.
        output_tokens_max: With at most so many tokens in an answer.
        show_only_annotated_responses: With a note of a person.
    """

    experiment_id: int
    criteria_filter_by: dict[int, RatingValue] | None = None
    duration_seconds_min: float | None = None
    duration_seconds_max: float | None = None
    input_tokens_min: int | None = None
    input_tokens_max: int | None = None
    output_tokens_min: int | None = None
    output_tokens_max: int | None = None
    show_only_annotated_responses: bool | None = None

    __repr__ = one_line


@define(kw_only=True, repr=False)
class PromptTemplateFilter:
    """Which template versions.

    Attributes:
        name: Of the template with exactly this name.
        version: This version, or "latest".
        search: With this in the name.
        criterion_set_id: Linked to this criterion set.
    """

    name: str | None = None
    version: int | Literal["latest"] | None = None
    search: str | None = None
    criterion_set_id: int | None = None

    __repr__ = one_line


@define(kw_only=True, repr=False)
class TemplateVariablesCollectionFilter:
    """Which collections.

    Attributes:
        name: Exactly this name.
        name_search: A part of the name, in any case.
        has_entries: With rows (True) or without (False).
    """

    name: str | None = None
    name_search: str | None = None
    has_entries: bool | None = None

    __repr__ = one_line


@define(kw_only=True, repr=False)
class TemplateVariablesCollectionSort:
    """The order of collections: a property, "-" before it for descending."""

    sort: Literal["name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"] | None = None

    __repr__ = one_line


_MOMENTS = {"date_from", "date_to"}
"""Read by `checked_moment`, which takes more than a datetime."""


def query_of(filter: Any, kind: type[Any]) -> dict[str, Any]:
    """A filter as query parameters, without what is not set.

    Raises:
        ValidationError: It is a filter for something else, or a property has another type.
    """
    if filter is None:
        return {}
    if not isinstance(filter, kind):
        raise ValidationError(f"filter must be a {kind.__name__}, got {quoted(filter)}")
    values = {attribute.name: getattr(filter, attribute.name) for attribute in fields(kind)}
    try:
        msgspec.convert({name: value for name, value in values.items() if name not in _MOMENTS}, kind)
    except msgspec.ValidationError as error:
        path, reason = explained(error, values)
        raise ValidationError(f"{kind.__name__}: {path.removeprefix('$.')} {reason}") from None
    return {name: value for name, value in values.items() if value is not None}


def told_filters(filters: Mapping[str, Sequence[str]]) -> str:
    """Categorical filters in words."""
    return " and ".join(
        f"{name} = {' or '.join(map(repr, values)) or 'nothing':.200}" for name, values in filters.items()
    )
