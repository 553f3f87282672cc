"""Table rows as the contract's models, where several modules show them; what one alone shows is turned there."""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from elluminate_api import models
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.verdicts import MissingVerdict
from elluminate_server.llm.model_config import protocol_of
from elluminate_server.store import tables
from elluminate_server.store.sealing import opened
from elluminate_server.store.vault import UnreadableSecretError

__all__ = [
    "masked",
    "present_collection",
    "present_criterion",
    "present_criterion_set",
    "present_entry",
    "present_llm_config",
    "present_project",
    "present_prompt",
    "present_prompt_template",
    "present_rating",
    "present_response",
    "row_values",
]

_logger = logging.getLogger("elluminate_server.reading")


def present_project(row: tables.Project, organization: tables.Organization) -> models.Project:
    """A project with its organization."""
    return models.Project(
        id=row.id,
        name=row.name,
        description=row.description,
        organization=models.Organization(
            id=organization.id,
            name=organization.name,
            domain=organization.domain,
            stripe_subscription_id=organization.stripe_subscription_id,
            created_at=organization.created_at,
            updated_at=organization.updated_at,
        ),
        public_in_org=row.public_in_org,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def present_prompt_template(row: tables.PromptTemplate) -> models.PromptTemplate:
    """A version of a prompt template."""
    return models.PromptTemplate(
        id=row.id,
        name=row.name,
        version=row.version,
        messages=row.messages,
        placeholders=set(row.placeholders),
        response_format_json_schema=row.response_format,
        # As stored, it is what the contract says; building objects from it would change nothing.
        tools=cast(Any, row.tools),
        tool_choice=cast(Any, row.tool_choice),
        criterion_set_id=row.criterion_set_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def present_collection(
    row: tables.Collection, columns: Sequence[tables.CollectionColumn], count: int
) -> models.TemplateVariablesCollection:
    """A collection without its rows.

    Args:
        row: The collection.
        columns: Its columns, in order.
        count: How many rows it has.
    """
    return models.TemplateVariablesCollection(
        id=row.id,
        name=row.name,
        description=row.description,
        columns=[_column(column) for column in columns],
        variables_count=count,
        read_only=row.read_only,
        created_at=row.created_at,
        updated_at=row.updated_at,
        collection_type=models.CollectionType(row.collection_type),
        environment_config=row.environment_config,
    )


def _column(row: tables.CollectionColumn) -> models.CollectionColumn:
    return models.CollectionColumn(
        id=row.id,
        name=row.name,
        column_type=models.ColumnType(row.column_type),
        default_value=row.default_value,
        column_position=row.position,
        categorical_values=row.categorical_values,
    )


def row_values(stored: Mapping[str, Any], columns: Sequence[tables.CollectionColumn]) -> dict[str, Any]:
    """A row's values by column, in the order of the columns; a missing cell has its column's default."""
    return {column.name: stored.get(column.name, column.default_value) for column in columns}


def present_entry(
    row: tables.Entry,
    columns: Sequence[tables.CollectionColumn],
    collection: models.TemplateVariablesCollection,
) -> models.TemplateVariables:
    """A row of a collection."""
    return models.TemplateVariables(
        id=row.id,
        input_values=row_values(row.input_values, columns),
        collection=collection,
        created_at=row.created_at,
        environment_config=row.environment_config,
    )


def present_criterion(
    row: tables.Criterion, entry: models.TemplateVariables | None = None
) -> models.Criterion:
    """A criterion, with the row that it is for when it is for one."""
    return models.Criterion(
        id=row.id,
        criterion_str=row.criterion_str,
        label=row.label,
        check=UNSET if row.rule is None else cast(Any, row.rule),
        template_variables=entry,
        created_at=row.created_at,
    )


def present_criterion_set(
    row: tables.CriterionSet,
    criteria: Sequence[models.Criterion],
    templates: Sequence[tables.PromptTemplate],
) -> models.CriterionSet:
    """A criterion set with its criteria and the templates it is linked to."""
    return models.CriterionSet(
        id=row.id,
        name=row.name,
        criteria=list(criteria),
        linked_prompt_templates=[present_prompt_template(template) for template in templates],
    )


def masked(key: str | None) -> str | None:
    """A provider's key as it may be shown: four asterisks and its last four characters.

    >>> masked("sk-abcdef123456")
    '****3456'
    """
    if not key:
        return None
    # Of a short key the last four characters would be most of it.
    return "****" + (key[-4:] if len(key) >= 12 else "")


def present_llm_config(session: AsyncSession, row: Any) -> models.LLMConfig:
    """An LLM config, its key and what else may be a secret masked.

    Args:
        session: Where it was read.
        row: The entity, or all columns of its table.
    """
    # The columns are the contract's fields, by name, but for the protocol.
    columns = {column.key: getattr(row, column.key) for column in tables.LLMConfig.__table__.columns}
    columns |= _shown_secrets(opened(session, row))
    return msgspec.convert(columns | protocol_of(row.inference_type), models.LLMConfig)


def _shown_secrets(config: Any) -> dict[str, Any]:
    try:
        return {
            "api_key": masked(config.api_key),
            "custom_api_config": masked_config(config.custom_api_config),
        }
    except UnreadableSecretError as error:
        # It is shown that there is a key; whoever uses it is told what is wrong with it.
        _logger.warning("%s", error)
        return {"api_key": masked("*"), "custom_api_config": None}


def masked_config(config: Any) -> Any:
    """A `custom_api_config` as it may be shown: headers, and fields whose names tell of a secret, are masked.

    >>> masked_config({"headers": {"X-Key": "sk-abcdef123456", "Authorization": "Token {{api_key}}"}, "body": {"n": 1}})
    {'headers': {'X-Key': '****3456', 'Authorization': 'Token {{api_key}}'}, 'body': {'n': 1}}
    """
    return _masked_within(config, is_secret=False)


def _masked_within(value: Any, *, is_secret: bool) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _masked_within(
                part, is_secret=is_secret or name == "headers" or bool(_SECRET_NAME.search(name))
            )
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_masked_within(part, is_secret=is_secret) for part in value]
    if isinstance(value, str) and not _PLACEHOLDER.search(value):
        return masked(value) if is_secret else _SECRET_PARAMETER.sub(r"\1****", value)
    return value


_SECRET_NAME = re.compile(r"(?i)(?:key|token|secret|password|passwd|auth|authorization|credentials?)$")
_SECRET_PARAMETER = re.compile(r"(?i)([?&][^=&?]*(?:key|token|secret|password|passwd|auth|sig)=)[^&#]+")
_PLACEHOLDER = re.compile(r"\{\{\s*api_key\s*\}\}")


def present_prompt(
    row: Any,
    template: models.PromptTemplate | None,
    entry: Any,
    collection: models.TemplateVariablesCollection,
) -> models.Prompt:
    """A rendered prompt; its row shows the values that it was rendered with.

    Args:
        row: Columns of `tables.Prompt`.
        template: Its template; None for one that came whole in a row.
        entry: Columns of the row's `tables.Entry`.
        collection: The row's collection.
    """
    return models.Prompt(
        id=row.id,
        prompt_template=template,
        template_variables=models.TemplateVariables(
            id=entry.id,
            input_values=row.input_values,
            collection=collection,
            created_at=entry.created_at,
            environment_config=entry.environment_config,
        ),
        messages=row.messages,
        created_at=row.created_at,
        resolved_tools=row.resolved_tools,
        resolved_tool_choice=row.resolved_tool_choice,
        resolved_response_format=row.resolved_response_format,
        is_stale=entry.deleted_at is not None or entry.identity != row.entry_identity,
    )


_RATING_VALUES = {value.value: value for value in models.RatingValue}
"""Quicker than a call for each of thousands."""


def present_rating(
    row: Any, criterion: models.Criterion, labels: list[models.Label] | None = None
) -> models.Rating:
    """A verdict on a response.

    Args:
        row: Columns of `tables.Rating`.
        criterion: What was asked.
        labels: What people say of the same; None where nobody does.
    """
    return models.Rating(
        id=row.id,
        criterion=criterion,
        rating=_RATING_VALUES[row.rating],
        reasoning=row.reasoning,
        # Stored as the contract shows it (`llm.types.Usage.metadata`).
        generation_metadata=row.generation_metadata,
        origin=_origin(row),
        created_at=row.created_at,
        labels=labels,
    )


_ORIGINS = {origin.value: origin for origin in models.RatingOrigin}


def _origin(row: Any) -> models.RatingOrigin:
    if row.origin is not None:
        return _ORIGINS[row.origin]
    # Older rows do not say it: what came with an upload has no call behind it.
    return _ORIGINS["program" if row.generation_metadata is None else "judge"]


def present_response(
    row: Any,
    prompt: models.Prompt,
    ratings: Sequence[models.Rating],
    missing: Sequence[MissingVerdict],
    *,
    persona: models.PersonaMinimal | None = None,
    trajectory: Any = None,
) -> models.PromptResponse:
    """A response with its prompt and ratings.

    Args:
        row: Columns of `tables.Response`.
        prompt: What it answers.
        ratings: In the order of their criteria.
        missing: The verdicts that it should have and does not have.
        persona: Who talked with the model.
        trajectory: What an agent did; lists leave it out.
    """
    return models.PromptResponse(
        id=row.id,
        prompt=prompt,
        messages=row.messages,
        generation_metadata=row.generation_metadata,
        error=row.error,
        epoch=row.epoch,
        termination_reason=row.termination_reason,
        persona=persona,
        ratings=list(ratings),
        trajectory=trajectory,
        annotation=row.annotation,
        missing_verdicts=[
            models.MissingVerdict(
                criterion_id=verdict.criterion_id,
                cause=models.MissingVerdictCause(verdict.cause),
                reason=verdict.reason,
            )
            for verdict in missing
        ],
        created_at=row.created_at,
    )
