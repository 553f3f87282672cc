"""Creating an experiment: what its parts must be, and the request."""

from __future__ import annotations

import logging
from typing import TypeVar

from elluminate_api import models as api
from elluminate_api.api.collections import get_collection
from elluminate_api.api.experiments import create_experiment

from elluminate._lookup import id_of, naming_conflicts
from elluminate._session import Session
from elluminate.exceptions import ValidationError
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.prompt_template import PromptTemplate

E = TypeVar("E", bound=api.Experiment)

logger = logging.getLogger("elluminate")

_LATEST_JUDGE = "latest"


async def name_parts(
    session: Session,
    body: api.CreateExperimentRequest,
    prompt_template: PromptTemplate | None,
    collection: TemplateVariablesCollection | None,
    criterion_set: CriterionSet | None,
) -> None:
    """Let a request name the parts of its experiment, once they were found to go together.

    Raises:
        ValidationError: Not exactly one of collection and scenario set, a part that no client returned, or a
            placeholder without a column.
    """
    if (collection is None) == (body.scenario_set_id is None):
        both = "both" if collection is not None else "neither"
        raise ValidationError(
            f"an experiment runs over a collection or a scenario set, exactly one; got {both}"
        )
    body.prompt_template_id = id_of(prompt_template, PromptTemplate, "prompt_template")
    body.collection_id = id_of(collection, TemplateVariablesCollection, "collection")
    body.criterion_set_id = id_of(criterion_set, CriterionSet, "criterion_set")
    if prompt_template is not None and collection is not None:
        await _check_columns(session, prompt_template, collection)


async def post_experiment(session: Session, body: api.CreateExperimentRequest, kind: type[E]) -> E:
    """The one request behind all ways to create an experiment.

    Args:
        session: What it is sent through.
        body: The request, with the ids of its parts.
        kind: What to decode the answer into.

    Raises:
        ConflictError: The name is taken.
    """
    project = await session.project_id()
    with naming_conflicts("experiment", body.name):
        created = await session.call(create_experiment.build(project, body=body), kind)
    if body.rating_version not in (None, _LATEST_JUDGE, created.rating_version):
        logger.warning(
            "experiment %r is judged by %r, not by %r as asked for: the server does not know that rating version",
            created.name,
            created.rating_version,
            body.rating_version,
        )
    return created


async def _check_columns(
    session: Session, template: PromptTemplate, collection: TemplateVariablesCollection
) -> None:
    """Refuse a template whose placeholders the collection does not cover, before anything is created."""
    missing = _missing_columns(template, collection)
    if not missing:
        return
    # The object at hand may be older than the collection, so an error is worth one look at it.
    request = get_collection.build(await session.project_id(), collection.id)
    fresh = await session.call(request, TemplateVariablesCollection)
    missing = _missing_columns(template, fresh)
    if missing and fresh.columns:
        raise ValidationError(
            f"prompt template {template.name!r} has {', '.join('{{' + name + '}}' for name in missing)}, and "
            f"collection {fresh.name!r} has no such column; it has "
            f"{', '.join(column.name or '' for column in fresh.columns)}. Rename the placeholder or add the column"
        )


def _missing_columns(template: PromptTemplate, collection: TemplateVariablesCollection) -> list[str]:
    columns = {column.name for column in collection.columns}
    return sorted(name for name in template.placeholders if name not in columns)
