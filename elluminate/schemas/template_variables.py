"""Rows of collections."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.types import one_line

from elluminate._binding import Bound, unbound
from elluminate._notebooks import MOST_SHOWN, ShownInNotebooks, cell_of
from elluminate._tables import html_table


@define(kw_only=True, repr=False)
class TemplateVariables(ShownInNotebooks, Bound, api.TemplateVariables):
    """One row of a collection, that is one test case: `input_values` maps column names to values."""

    _session: Any = unbound()

    __repr__ = one_line

    def _tables(self) -> Iterator[str]:
        values = [[str(name), cell_of(value)] for name, value in self.input_values.items()]
        title = f"Row {self.id} of {self.collection.name}"
        yield html_table(title, ["column", "value"], values, most=MOST_SHOWN)


class AddedRows(ShownInNotebooks, list[TemplateVariables]):
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

    def __repr__(self) -> str:
        rows = f"{len(self)} {'row' if len(self) == 1 else 'rows'}"
        return f"<{rows}, {len(self.added)} added, {len(self.updated)} updated>"

    def _tables(self) -> Iterator[str]:
        yield rows_table(repr(self).strip("<>"), self)


def rows_table(caption: str, rows: Sequence[TemplateVariables], columns: Iterable[str] = ()) -> str:
    """Rows as a notebook shows them.

    Args:
        caption: What they are.
        rows: All of them.
        columns: Names of the columns, in their order; those of the rows that are shown come after them.
    """
    shown = rows[:MOST_SHOWN]
    names = list(dict.fromkeys([*columns, *(name for row in shown for name in row.input_values)]))
    cells = [[cell_of(row.id), *(cell_of(row.input_values.get(name)) for name in names)] for row in shown]
    return html_table(caption, ["id", *names], cells, most=MOST_SHOWN, total=len(rows))


def share_collection(rows: Sequence[TemplateVariables]) -> None:
    """Have all rows refer to the first one's collection: a list may show it whole there alone."""
    for row in rows[1:]:
        if row.collection.id == rows[0].collection.id:
            row.collection = rows[0].collection
