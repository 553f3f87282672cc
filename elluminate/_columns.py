"""Whether rows fit the columns that a collection has: what would make a second one by mistake is refused, or mended."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from elluminate._warnings import warn_caller
from elluminate.exceptions import NewColumnsWarning, StrippedColumnsWarning, ValidationError


def check_columns(
    rows: Sequence[Mapping[str, Any]], existing: Iterable[str], owner: str, *, way_out: str
) -> None:
    """Look at the columns of rows before a collection gets them.

    Args:
        rows: From column name to value.
        existing: The collection's columns; none where the rows are to decide.
        owner: What the columns belong to, as in "collection 'Topics'".
        way_out: What to do where a new column is meant.

    Raises:
        ValidationError: A column differs from another one by case or blanks alone, or a row has none of the existing
            columns, so that every prompt made of it would have holes.
    """
    names = list(existing)
    known = set(names)
    by_form = {_form(name): name for name in names}
    new: dict[str, None] = {}
    for number, row in enumerate(rows):
        for name in row:
            if name in known or name in new:
                continue
            twin = by_form.setdefault(_form(name), name)
            if twin != name:
                raise ValidationError(
                    f"variables[{number}] has the column {name!r}, and {owner} has {twin!r}: "
                    f"name it {twin!r}, or {way_out}"
                )
            new[name] = None
        if names and row and known.isdisjoint(row):
            raise ValidationError(
                f"variables[{number}] has none of the columns of {owner} ({_listed(names)}), but "
                f"{_listed(row)}{_nearest(row, names)}; name its columns like those, or {way_out}"
            )
    if names and new:
        warn_caller(
            f"{owner} gets new columns: {_listed(new)}{_nearest(new, names)}. It had {_listed(names)}; "
            "rows without a value there get the column's default.",
            NewColumnsWarning,
        )


def without_outer_blanks(rows: list[dict[str, Any]], existing: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of a file, their columns named without blanks at the ends, where no column is there that is named with them.

    Args:
        rows: From column name to value, as the file has them.
        existing: The collection's columns.

    Raises:
        ValidationError: Two columns of the file would have the same name.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    known = set(existing)
    meant = {name: name if name in known else name.strip() or name for name in names}
    odd = [name for name in names if meant[name] != name]
    if not odd:
        return rows
    for name in odd:
        if twins := [other for other in names if other != name and meant[other] == meant[name]]:
            raise ValidationError(
                f"what was read has the columns {name!r} and {twins[0]!r}, which differ by blanks at their ends alone; "
                "rename one of them, or leave it out"
            )
    warn_caller(
        f"what was read has columns with blanks at the ends of their names: {_listed(odd)}; they are taken as "
        f"{_listed(meant[name] for name in odd)}, which placeholders can name",
        StrippedColumnsWarning,
    )
    return [{meant[name]: value for name, value in row.items()} for row in rows]


def _form(name: str) -> str:
    return "".join(name.split()).casefold()


def _listed(names: Iterable[str], most: int = 10) -> str:
    shown = [repr(name) for name in names]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more


def _nearest(given: Iterable[str], names: Sequence[str]) -> str:
    for name in given:
        if close := difflib.get_close_matches(name, names, n=1):
            return f" (did you mean {close[0]!r} by {name!r}?)"
    return ""
