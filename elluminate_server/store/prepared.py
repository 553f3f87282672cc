"""Statements that are run with every result of every run: made ready once, and then only given their values.

SQLAlchemy goes through a statement's parameters anew each time, which takes several times as long as SQLite does to
carry it out.
"""

import functools
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import attrs
from sqlalchemy import Connection, CursorResult, Executable, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["execute", "execute_many", "read_here"]


def execute(connection: Connection, statement: Executable, values: Mapping[str, Any]) -> CursorResult[Any]:
    """Run a statement once.

    Args:
        connection: Where to run it.
        statement: On tables, and built once. Columns that have defaults need values, too.
        values: Its parameters; a list where it takes one (`expanding`), which is not empty.

    Returns:
        Its rows as the driver gives them: fit for numbers and texts, not for JSON and times.
    """
    lists, ready = _ready(connection, statement, values)
    return connection.exec_driver_sql(ready.text, ready.parameters(_spread(ready, values, lists)))


def execute_many(connection: Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Run a statement for each of the rows, all of which have the same names.

    Args:
        connection: Where to run it.
        statement: See `execute`.
        rows: Its parameters, each without lists.

    Returns:
        How many rows of the table were inserted or changed.
    """
    if not rows:
        return 0
    ready = _prepared(statement, connection.dialect, tuple(rows[0]), ())
    return connection.exec_driver_sql(ready.text, [ready.parameters(row) for row in rows]).rowcount


def read_here(
    connection: Connection, statement: Select[*tuple[Any, ...]], values: Mapping[str, Any]
) -> list[Any]:
    """The rows of a statement on SQLite, read in the calling thread: each a named tuple of values as its columns have.

    The driver itself is asked: of a small statement SQLAlchemy's ways to it and back take nine tenths of the time.

    Args:
        connection: Of `sqlite.ReadingConnection`.
        statement: See `execute`.
        values: See `execute`.

    Raises:
        sqlalchemy.exc.DBAPIError: As of any other statement.
    """
    lists, ready = _ready(connection, statement, values)
    driver = cast(sqlite3.Connection, connection.connection.driver_connection)
    cursor = sqlite3.Cursor(driver)
    try:
        cursor.execute(ready.text, ready.parameters(_spread(ready, values, lists)))
        rows = cursor.fetchall()
    except sqlite3.Error:
        return list(connection.execute(statement, values))  # which says in SQLAlchemy's words what is wrong
    finally:
        cursor.close()
    shape = _shape_of(statement, connection.dialect, tuple(name for name, *_ in cursor.description))
    return shape.rows(rows)


def _ready(
    connection: Connection, statement: Executable, values: Mapping[str, Any]
) -> tuple[Mapping[str, list[Any]], "_Prepared"]:
    lists = {name: _padded(value) for name, value in values.items() if isinstance(value, list)}
    sizes = tuple((name, len(value)) for name, value in lists.items())
    return lists, _prepared(statement, connection.dialect, tuple(values), sizes)


def _spread(
    ready: "_Prepared", values: Mapping[str, Any], lists: Mapping[str, list[Any]]
) -> Mapping[str, Any]:
    """The values, those of lists each by itself."""
    if not lists:
        return values
    spread = {
        part: item
        for name, parts in ready.parts.items()
        for part, item in zip(parts, lists[name], strict=True)
    }
    return {**values, **spread}


def _padded(values: list[Any]) -> list[Any]:
    """The list, its last value repeated, so that statements are made ready for a few lengths and not for all."""
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))


@attrs.frozen
class _Prepared:
    """A statement as a driver takes it.

    Attributes:
        text: The statement.
        bound: The names of its parameters in their order, and what makes of a value what the driver takes.
        constants: Values that stand in the statement itself.
        parts: The names of lists to those of the parameters that take what is in them.
        is_positional: Whether the driver takes parameters by their order, and not by their names.
    """

    text: str
    bound: Sequence[tuple[str, Callable[[Any], Any] | None]]
    constants: Mapping[str, Any]
    parts: Mapping[str, Sequence[str]]
    is_positional: bool

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """What the driver takes for these values."""
        if self.constants:
            values = {**self.constants, **values}
        if self.is_positional:
            return tuple([values[name] if make is None else make(values[name]) for name, make in self.bound])
        return {name: values[name] if make is None else make(values[name]) for name, make in self.bound}


@attrs.frozen
class _Shape:
    """What becomes of a row as the driver gives it.

    Attributes:
        make: Makes a row of its values.
        made: The places of values that are stored otherwise than they are read, and what makes the one of the other.
    """

    make: Callable[[Any], Any]
    made: Sequence[tuple[int, Callable[[Any], Any]]]

    def rows(self, found: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The rows."""
        if not self.made:
            return list(map(self.make, found))
        rows = []
        for values in map(list, found):
            for place, make in self.made:
                values[place] = make(values[place])
            rows.append(self.make(values))
        return rows


@functools.lru_cache(maxsize=256)
def _shape_of(statement: Any, dialect: Dialect, names: tuple[str, ...]) -> _Shape:
    types = [column.type.dialect_impl(dialect) for column in statement.selected_columns]
    made = [(place, each.result_processor(dialect, None)) for place, each in enumerate(types)]
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    return _Shape(row._make, [(place, make) for place, make in made if make is not None])


@functools.lru_cache(maxsize=256)
def _prepared(
    statement: Any, dialect: Dialect, names: tuple[str, ...], sizes: tuple[tuple[str, int], ...]
) -> _Prepared:
    compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(names), for_executemany=True)
    if compiled.prefetch:
        missing = ", ".join(column.name for column in compiled.prefetch)
        raise TypeError(f"Columns that have defaults need values, too: {missing}")
    lists = {name: [None] * size for name, size in sizes}
    state = compiled.construct_expanded_state({**dict.fromkeys(names), **lists})
    types = {name: bind.type for bind, name in compiled.bind_names.items()}
    given = set(names)
    for name, parts in state.parameter_expansion.items():
        types.update(dict.fromkeys(parts, types[name]))
        given.update(parts)
    order = state.positiontup
    return _Prepared(
        text=state.statement,
        bound=[
            (name, types[name].dialect_impl(dialect).bind_processor(dialect))
            for name in (state.parameters if order is None else order)
        ],
        constants={name: state.parameters[name] for name in state.parameters.keys() - given},
        parts=state.parameter_expansion,
        is_positional=order is not None,
    )
