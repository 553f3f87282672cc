"""Rows checked and encoded before any transaction, so that a write has only to insert them. No I/O.

Preparing many takes seconds: it belongs into a thread (`asyncio.to_thread`), beside the event loop.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import attrs
import msgspec

from elluminate_server.domain.agent_trials import TASK_COLUMN
from elluminate_server.http import decoding
from elluminate_server.http.problems import BadRequest, Invalid, TooLarge, quoted
from elluminate_server.reading.rows import BESIDES_VALUES
from elluminate_server.settings import Settings
from elluminate_server.store.tables import CollectionColumn
from elluminate_server.writing.agent_tasks import (
    check_task_column,
    check_task_names,
    infer_types,
)
from elluminate_server.writing.cells import ColumnRule, added_columns, identity, rules_of, stored_values

__all__ = [
    "ColumnRule",
    "PreparedRow",
    "PreparedRows",
    "RowBounds",
    "Source",
    "prepare_rows",
    "rows_of_lines",
]

_KEYS = msgspec.json.Encoder(order="sorted")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Source = Callable[[], Iterable[tuple[int, Mapping[str, Any]]]]
"""Gives the rows anew at each call, with the number of each: to hold all of them would take many times their text."""


LEAST_CELLS = 4
"""What a row costs however few columns it has."""


@attrs.frozen
class RowBounds:
    """How much one request may add.

    Attributes:
        columns: Most columns of the collection.
        cells: Most rows times columns; a row counts as `LEAST_CELLS` at least.
        answer_bytes: Most bytes of the rows as the answer shows them.
    """

    columns: int
    cells: int
    answer_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of the server."""
        return cls(settings.max_columns, settings.max_request_cells, settings.max_answer_bytes)


@attrs.frozen
class PreparedRow:
    """A row that can be stored.

    Attributes:
        number: Of the row in what was sent.
        values: What is stored, as JSON text; cells in the order of the columns.
        shown: The same with the defaults of missing cells.
        identity: See `cells.identity`.
        key: What tells it from other rows, see `key_of`; empty where nothing was asked to.
    """

    number: int
    values: bytes
    shown: bytes
    identity: str
    key: bytes = b""


@attrs.frozen
class PreparedRows:
    """Rows that can be stored, and what they were checked against.

    Attributes:
        rows: In their order.
        rules: The columns that were there, by name.
        new: The columns that the rows add.
        tasks: Of an AGENTIC collection: the rows' tasks, as rows of that one column. Else empty.
    """

    rows: list[PreparedRow]
    rules: dict[str, ColumnRule]
    new: list[CollectionColumn]
    tasks: list[dict[str, str]]


def prepare_rows(
    source: Source,
    columns: Sequence[CollectionColumn],
    bounds: RowBounds,
    where: Callable[[int], str],
    *,
    is_agentic: bool = False,
    known: set[str] | None = None,
    key: Sequence[str] = (),
) -> PreparedRows:
    """Check and encode rows for a collection.

    Args:
        source: The rows.
        columns: The collection's columns, in order.
        bounds: How much it may be.
        where: Where the row of that number stands, the start of a message.
        is_agentic: Whether each row is a task, with a name of its own.
        known: Identities of rows that are left out, as are those that repeat one before them; None for none.
        key: Columns that tell rows apart. Then a row may be a part of one that is stored, so that the names of tasks
            are left to be checked with it.

    Raises:
        Invalid: A row cannot be stored, lacks a column of the key or has the same as one before it; or the rows have
            too many columns.
        TooLarge: There are too many cells, or the answer would be too large.
    """
    new, count = _missing_columns(source, columns, bounds, where)
    _check_cells(count, len(columns) + len(new), bounds)
    if is_agentic:
        infer_types(new, columns)
        check_task_column([*columns, *new])
    present = rules_of(columns)
    rules = {**present, **rules_of(new)}
    encode = msgspec.json.Encoder().encode
    numbers: dict[bytes, int] = {}
    rows: list[PreparedRow] = []
    tasks: list[dict[str, str]] = []
    size = 0
    for number, values in source():
        stored = stored_values(values, rules, where(number))
        digest = identity(stored, None)
        if known is not None:
            if digest in known:
                continue
            known.add(digest)
        cells = {name: stored[name] for name in rules if name in stored}
        text = shown = encode(cells)
        if len(cells) < len(rules):
            shown = encode({name: cells.get(name, rule.default_value) for name, rule in rules.items()})
        size += len(shown) + BESIDES_VALUES
        if size > bounds.answer_bytes:
            raise TooLarge(
                f"{where(number)}: with this row the answer, which shows the rows with every column, would be larger "
                f"than the {bounds.answer_bytes} bytes that this server sends at once. Send the rows in pieces: at "
                f"most {max(1, len(rows))} at a time. Nothing was stored."
            )
        row_key = b""
        if key:
            row_key = _own_key(stored, key, rules, where, number, numbers)
        rows.append(PreparedRow(number, text, shown, digest, row_key))
        if is_agentic and not key:
            tasks.append({TASK_COLUMN: stored.get(TASK_COLUMN, "")})
    check_task_names(tasks, lambda index: where(rows[index].number))
    return PreparedRows(rows, present, new, tasks)


def key_of(values: Mapping[str, Any], key: Sequence[str], rules: Mapping[str, ColumnRule]) -> bytes:
    """What tells a row from others: its values in these columns, as they are shown."""
    return _KEYS.encode(
        [values.get(name, rules[name].default_value) if name in rules else "" for name in key]
    )


def _own_key(
    stored: Mapping[str, Any],
    key: Sequence[str],
    rules: Mapping[str, ColumnRule],
    where: Callable[[int], str],
    number: int,
    numbers: dict[bytes, int],
) -> bytes:
    for name in key:
        if name not in stored:
            raise Invalid(
                f"{where(number)}: has no value for {quoted(name)}, a column of the key that tells rows apart. "
                "Nothing was stored."
            )
    found = key_of(stored, key, rules)
    if found in numbers:
        columns = ", ".join(map(quoted, key))
        raise Invalid(
            f"{where(number)}: has the same {columns} as {where(numbers[found])} already; a key tells rows apart. "
            "Leave one of them out, or name more columns. Nothing was stored."
        )
    numbers[found] = number
    return found


def rows_of_lines(content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a JSON Lines file with their line numbers, counted from 1; empty lines are no rows.

    Raises:
        Invalid: A line is no JSON object; its number is named.
    """
    start, number = len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0, 0
    while start < len(content):
        # Line by line, because the lines of a large file are many, and each of them is needed for a moment.
        end = content.find(b"\n", start)
        line = content[start : len(content) if end < 0 else end]
        start, number = start + len(line) + 1, number + 1
        if line.strip():
            yield number, _row_of(line, number)


def _row_of(line: bytes, number: int) -> dict[str, Any]:
    try:
        values = decoding.parse_json(line, what=f"Line {number}")
    except BadRequest as problem:
        raise Invalid(f"{problem.detail} Nothing was stored.") from None
    except Invalid as problem:
        raise Invalid(f"Line {number}: {problem.detail} Nothing was stored.") from None
    if not isinstance(values, dict):
        raise Invalid(
            f"Line {number} is {quoted(values)}; it has to be a JSON object from column to value. Nothing was stored."
        )
    return values


def _missing_columns(
    source: Source, columns: Sequence[CollectionColumn], bounds: RowBounds, where: Callable[[int], str]
) -> tuple[list[CollectionColumn], int]:
    """The columns that the rows add, and how many rows there are."""
    count = last = 0

    def rows() -> Iterable[Mapping[str, Any]]:
        nonlocal count, last
        for number, values in source():
            count, last = count + 1, number
            yield values

    return added_columns(rows(), columns, lambda _: where(last), most=bounds.columns), count


def _check_cells(rows: int, columns: int, bounds: RowBounds) -> None:
    each = max(columns, LEAST_CELLS)
    if rows * each > bounds.cells:
        raise TooLarge(
            f"{rows} rows of {columns} columns count as {rows * each} cells, and {bounds.cells} are the most in one "
            f"request. Send the rows in pieces: at most {max(1, bounds.cells // each)} at a time. Nothing was stored."
        )
