"""Columns of collections: from what callers write to what the contract takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve, fields
from elluminate_api.models import CollectionColumn
from elluminate_api.types import UNSET, Unset

from elluminate._checks import checked_name, checked_texts
from elluminate._showing import shown
from elluminate.exceptions import ValidationError


def columns_in(columns: Sequence[str | CollectionColumn] | None) -> list[CollectionColumn] | Unset:
    """Columns as the contract takes them; what was not given stays so.

    Raises:
        ValidationError: One of them is neither a name nor a CollectionColumn.
    """
    return UNSET if columns is None else [_column(column) for column in checked_texts(columns, "columns")]


def _column(column: str | CollectionColumn) -> CollectionColumn:
    if isinstance(column, str):
        column = CollectionColumn(name=checked_name(column, "column"))
    if not isinstance(column, CollectionColumn):
        raise ValidationError(f"columns must be names or CollectionColumn objects, got {shown(column)}")
    # The server decides what was not given, so it is left out: null could be read as a decision.
    not_given: dict[str, Any] = {
        attribute.name: UNSET
        for attribute in fields(CollectionColumn)
        if getattr(column, attribute.name) is None
    }
    return evolve(column, **not_given)
