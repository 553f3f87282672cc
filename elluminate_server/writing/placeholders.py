"""Placeholders and the columns that fill them: what a run would leave open is refused before it starts."""

from collections.abc import Iterable, Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.checks.rules import rule_placeholders
from elluminate_server.domain.compatibility import missing_columns
from elluminate_server.domain.rendering import find_placeholders
from elluminate_server.http.problems import Invalid, quoted
from elluminate_server.reading.loading import columns_of
from elluminate_server.store.tables import Collection, Criterion, Entry, PromptTemplate

__all__ = ["check_criterion_placeholders", "check_template_placeholders"]


async def check_template_placeholders(
    session: AsyncSession, template: PromptTemplate, collection: Collection
) -> None:
    """Refuse a template that the collection's rows cannot fill.

    Raises:
        Invalid: Names the placeholders and the columns.
    """
    columns = await _column_names(session, collection)
    missing = missing_columns(template.placeholders, columns)
    if missing:
        raise _no_columns(
            f"Prompt template {template.name!r} (version {template.version})", missing, collection, columns
        )


async def check_criterion_placeholders(
    session: AsyncSession, criterion_set_id: int, collection: Collection
) -> None:
    """Refuse criteria that would reach the judge with a placeholder in them. Those of other collections' rows never do.

    Raises:
        Invalid: Names the criterion, the placeholders and the columns.
    """
    columns = await _column_names(session, collection)
    judged = await session.execute(
        select(Criterion.label, Criterion.criterion_str, Criterion.rule)
        .outerjoin(Entry, Entry.id == Criterion.entry_id)
        .where(
            Criterion.criterion_set_id == criterion_set_id,
            Criterion.superseded_at.is_(None),
            or_(Criterion.entry_id.is_(None), Entry.collection_id == collection.id),
        )
        .order_by(Criterion.position, Criterion.id)
    )
    for label, text, rule in judged:
        names = dict.fromkeys([*find_placeholders(text), *rule_placeholders(rule)])
        missing = missing_columns(list(names), columns)
        if missing:
            raise _no_columns(f"Criterion {label!r}, {quoted(text)},", missing, collection, columns)


async def _column_names(session: AsyncSession, collection: Collection) -> list[str]:
    return [column.name for column in await columns_of(session, collection.id)]


def _no_columns(what: str, missing: Iterable[str], collection: Collection, columns: Sequence[str]) -> Invalid:
    names = ", ".join("{{" + name + "}}" for name in missing)
    if not columns:
        return Invalid(
            f"{what} has {names}, and collection {collection.name!r} has no rows yet, nor columns. "
            "Add rows to it first."
        )
    return Invalid(
        f"{what} has {names}, for which collection {collection.name!r} has no column. Its columns are: "
        f"{', '.join(map(repr, columns))}. Add a column of that name, or correct the placeholder."
    )
