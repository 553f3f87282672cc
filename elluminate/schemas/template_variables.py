"""Rows of collections."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.types import one_line

from elluminate._binding import Bound, unbound


@define(kw_only=True, repr=False)
class TemplateVariables(Bound, api.TemplateVariables):
    """One row of a collection, that is one test case: `input_values` maps column names to values."""

    _session: Any = unbound()

    __repr__ = one_line


class AddedRows(list[TemplateVariables]):
    """The rows that came of an upload, in its order.

    Attributes:
        added: Those that are new: all of them, unless a key told which were there.
        updated: Those that were there, and have other values now.

    Args:
        rows: The rows.
        updated: Ids of those that were there, and have other values now.
        unchanged: Ids of those that were there as they are.

    Example:
        >>> rows = collection.add_many([{"concept": "tides"}, {"concept": "rain"}], key="concept")
        >>> len(rows), len(rows.added), len(rows.updated)
        (2, 2, 0)
    """

    def __init__(
        self,
        rows: Iterable[TemplateVariables] = (),
        *,
        updated: Collection[int] = (),
        unchanged: Collection[int] = (),
    ) -> None:
        super().__init__(rows)
        were_there = {*updated, *unchanged}
        changed = set(updated)
        self.added = [row for row in self if row.id not in were_there]
        self.updated = [row for row in self if row.id in changed]


def share_collection(rows: Sequence[TemplateVariables]) -> None:
    """Have all rows refer to the first one's collection: a list may show it whole there alone."""
    for row in rows[1:]:
        if row.collection.id == rows[0].collection.id:
            row.collection = rows[0].collection
