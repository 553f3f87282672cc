"""What is checked before anything is sent: names, choices, bounds."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from elluminate_api.types import UNSET, OpenEnum, Unset

from elluminate._showing import quoted, shown
from elluminate.exceptions import ValidationError

E = TypeVar("E", bound=OpenEnum)
N = TypeVar("N", int, float)

MAX_NAME = 255
MAX_FILTERS = 10_000
MIN_POLLING_INTERVAL, MAX_POLLING_INTERVAL = 0.1, 10.0


def checked_name(name: str, kind: str) -> str:
    """A name as the contract allows it: 1 to 255 characters, not only blanks."""
    if not isinstance(name, str):
        raise ValidationError(
            f"the name of a {kind} must be a string, not {shown(name)}; for example 'Topics'"
        )
    if not name.strip():
        raise ValidationError(f"the name of a {kind} must not be empty, got {quoted(name)}")
    if len(name) > MAX_NAME:
        raise ValidationError(
            f"the name of a {kind} may have {MAX_NAME} characters, got {len(name)}: {name[:40]!r}…"
        )
    if "\0" in name:
        raise ValidationError(
            f"the name of a {kind} holds a NUL character, which cannot be stored: {quoted(name)}"
        )
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise ValidationError(
            f"the name of a {kind} holds a lone surrogate, which UTF-8 has not: {quoted(name)}"
        )
    return name


def checked_name_or_id(method: str, kind: str, name: str | None, id: int | None) -> str | int:
    """The one of a name and an id that was given, and usable."""
    exactly_one(method, name=name, id=id)
    if name is not None:
        return checked_name(name, kind)
    return checked_id(id, "id", f"{method} takes the id of a {kind} as")


def checked_id(id: Any, argument: str, what: str | None = None) -> int:
    """An id: a positive integer, and not True, which counts as 1 elsewhere.

    Args:
        id: What was given.
        argument: Where.
        what: How the error begins; None names the argument.
    """
    if isinstance(id, bool) or not isinstance(id, int) or id < 1:
        raise ValidationError(
            f"{what or f'{argument} must be'} a positive integer, not {shown(id)}; what a client returned has it as .id"
        )
    return id


def exactly_one(method: str, **choices: Any) -> str:
    """The one keyword that was given."""
    given = [name for name, value in choices.items() if value is not None]
    if len(given) != 1:
        names = " or ".join(f"{name}=…" for name in choices)
        was = " and ".join(given) or "neither"
        raise ValidationError(f"{method} takes exactly one of {names}; got {was}")
    return given[0]


def checked_polling_interval(seconds: float) -> float:
    """Seconds between two polls, 0.1 to 10."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValidationError(
            f"polling_interval must be a number of seconds, not {shown(seconds)}; for example 0.5"
        )
    if not MIN_POLLING_INTERVAL <= seconds <= MAX_POLLING_INTERVAL:
        raise ValidationError(
            f"polling_interval must be between {MIN_POLLING_INTERVAL} and {MAX_POLLING_INTERVAL} seconds, "
            f"not {quoted(seconds)}"
        )
    return float(seconds)


def checked_timeout(seconds: float | None) -> float | None:
    """A bound on a wait in seconds, None for the task's own limit."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise ValidationError(
            f"timeout must be a positive number of seconds, not {shown(seconds)}; for example 600, or None"
        )
    return float(seconds)


MOST_CACHE_SECONDS = 3155760000
"""A hundred years: the longest that the contract has a word for."""


def checked_cache(cache: bool | float | datetime.timedelta) -> int | Unset:
    """How old an equal call's answer may be, in whole seconds; unset where none is taken.

    Raises:
        ValidationError: It is no lifetime.
    """
    if cache is True:
        return MOST_CACHE_SECONDS
    if cache is False:
        return UNSET
    seconds = cache.total_seconds() if isinstance(cache, datetime.timedelta) else cache
    if not isinstance(seconds, int | float) or not 1 <= seconds <= MOST_CACHE_SECONDS:
        raise ValidationError(
            f"cache must be True, False, or a lifetime of at least one second, not {shown(cache)}; "
            "for example datetime.timedelta(days=7), or 3600"
        )
    return int(seconds)


def checked_epochs(n_epochs: int) -> int:
    """How often each test case is run, 1 to 1000."""
    if isinstance(n_epochs, bool) or not isinstance(n_epochs, int) or not 1 <= n_epochs <= 1000:
        raise ValidationError(f"n_epochs must be an integer between 1 and 1000, not {shown(n_epochs)}")
    return n_epochs


def checked_whole(number: int, argument: str, *, low: int, high: int | None = None) -> int:
    """A whole number within its bounds."""
    if isinstance(number, bool) or not isinstance(number, int) or number < low or (high or number) < number:
        bounds = f"from {low}" if high is None else f"between {low} and {high}"
        raise ValidationError(f"{argument} must be an integer {bounds}, not {shown(number)}")
    return number


def checked_number(number: N | None, argument: str, *, low: float = 0, whole: bool = False) -> N | None:
    """A number that may be left out, not below its bound."""
    if number is None:
        return None
    allowed = int if whole else int | float
    if isinstance(number, bool) or not isinstance(number, allowed) or not number >= low:
        kind = "an integer" if whole else "a number"
        raise ValidationError(f"{argument} must be {kind} from {low:g}, not {shown(number)}")
    return number


def checked_choice(choice: bool, argument: str) -> bool:
    """True or False, and nothing that only counts as one."""
    if not isinstance(choice, bool):
        raise ValidationError(f"{argument} must be True or False, not {shown(choice)}")
    return choice


def explained(error: msgspec.ValidationError, raw: Any) -> tuple[str, str]:
    """Where in a value msgspec found something wrong, as a JSON path, and what."""
    from elluminate_server.domain.shapes import explained  # only those who are wrong pay for it

    return explained(error, raw)


def checked_filters(filters: Mapping[str, Sequence[str]] | None) -> str | None:
    """Categorical filters as the query parameter that they travel in: JSON, from column name to values."""
    if filters is None:
        return None
    if not isinstance(filters, Mapping):
        raise ValidationError(
            f"categorical_filters must map column names to lists, got {shown(filters)}; "
            f"for example {{'level': ['easy']}}"
        )
    for column, values in filters.items():
        if not isinstance(column, str):
            raise ValidationError(f"categorical_filters has a column that is no name: {shown(column)}")
        if isinstance(values, str | bytes) or not isinstance(values, Sequence):
            raise ValidationError(
                f"categorical_filters[{quoted(column)}] must be a list of values, got {shown(values)}; "
                f"for example ['easy']"
            )
        for value in values:
            if not isinstance(value, str | int | float):
                raise ValidationError(
                    f"categorical_filters[{quoted(column)}] holds {shown(value)}, which is no text"
                )
    text = json.dumps({column: list(values) for column, values in filters.items()}, ensure_ascii=False)
    if len(text) > MAX_FILTERS:
        raise ValidationError(
            f"categorical_filters may have {MAX_FILTERS} characters as JSON, got {len(text)}"
        )
    return text


def checked_rows(variables: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a collection: mappings from column name to value."""
    if isinstance(variables, str | bytes | Mapping) or not isinstance(variables, Iterable):
        raise ValidationError(
            f"variables must be a list of mappings, one per row, not {shown(variables)}; "
            f"for example [{{'topic': 'tides'}}]"
        )
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(variables):
        if not isinstance(row, Mapping):
            raise ValidationError(
                f"variables[{number}] must map column names to values, got {shown(row)}; "
                f"for example {{'topic': 'tides'}}"
            )
        values = dict(row)
        for column, value in row.items():
            if not isinstance(column, str) or not column.strip():
                raise ValidationError(f"variables[{number}] has a column without a name: {shown(column)}")
            if isinstance(value, bytes | bytearray):
                raise ValidationError(
                    f"variables[{number}].{column} is bytes, which JSON has not; decode it to text: {quoted(value)}"
                )
            if hasattr(value, "to_uce_dict"):  # a conversation, given as an object
                values[column] = value.to_uce_dict()
            elif isinstance(value, Mapping | list | tuple):
                refuse_twins(value, f"variables[{number}].{column}")
        rows.append(values)
    return rows


def refuse_twins(value: Any, where: str) -> None:
    """Refuse a mapping with two keys that JSON writes alike, as 1 and "1": one of their values would be lost.

    Raises:
        ValidationError: There is one, or what is given is nested too deeply to look.
    """
    try:
        _refuse_twins(value, where)
    except RecursionError:
        raise too_deep(where) from None


def too_deep(where: str) -> ValidationError:
    """The error about a value that is nested without end, or nearly."""
    return ValidationError(
        f"{where} cannot be sent as JSON: it is nested too deeply, or holds itself; hundreds of levels are too many"
    )


def _refuse_twins(value: Any, where: str) -> None:
    if isinstance(value, Mapping):
        if not all(type(key) is str for key in value):
            written: dict[str, Any] = {}
            for key in value:
                name = _written(key)
                if name is not None and name in written:
                    raise ValidationError(
                        f"{where} has the keys {shown(written[name])} and {shown(key)}, which are one and the same in "
                        "JSON; leave one of them out"
                    )
                if name is not None:
                    written[name] = key
        for key, inner in value.items():
            if isinstance(inner, Mapping | list | tuple):
                _refuse_twins(
                    inner, f"{where}.{key:.80}" if isinstance(key, str) else f"{where}.{quoted(key)}"
                )
    else:
        for number, inner in enumerate(value):
            if isinstance(inner, Mapping | list | tuple):
                _refuse_twins(inner, f"{where}[{number}]")


def _written(key: Any) -> str | None:
    """A key as it is sent; None for one that cannot be."""
    if isinstance(key, str):
        return str.__str__(key)
    try:
        (name,) = msgspec.json.decode(msgspec.json.encode({key: None}))
    except (TypeError, ValueError, OverflowError):
        return None
    return str(name)


def checked_key(key: str | Sequence[str] | None, rows: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """The columns that make a row the same; none for no key. Every row has a value in each of them."""
    if key is None:
        return []
    names = [key] if isinstance(key, str) else key
    if not isinstance(names, Sequence) or not names or not all(isinstance(n, str) and n for n in names):
        raise ValidationError(f"key must be the name of a column, or a list of such names, not {shown(key)}")
    for number, row in enumerate(rows):
        for name in names:
            if name not in row:
                raise ValidationError(
                    f"variables[{number}] has no {quoted(name)}, which key=… names as what tells rows apart; "
                    f"it has {', '.join(map(quoted, row)) or 'nothing'}"
                )
    return list(dict.fromkeys(names))


def checked_texts(criteria: Sequence[Any], what: str) -> Sequence[Any]:
    """A list that is not a string by mistake."""
    if isinstance(criteria, str | bytes) or not isinstance(criteria, Sequence):
        raise ValidationError(f"{what} must be a list, got {shown(criteria)}; write {what}=[…]")
    return criteria


def known(kind: type[E], value: str, argument: str) -> E:
    """A member of an enum of the contract, from the member or its value."""
    member = kind(value) if isinstance(value, str) else None
    if member is None or not member.is_known:
        raise ValidationError(f"{argument} must be one of {', '.join(kind)}; got {shown(value)}")
    return member


def checked_moment(
    value: datetime.datetime | datetime.date | str | None, argument: str
) -> datetime.datetime | None:
    """A point in time from what people write; UTC where no zone is named, the beginning of the day for a date."""
    if isinstance(value, str):
        from dateutil.parser import parse  # only those who write dates pay for reading them

        no_year = datetime.datetime(1, 1, 1)
        try:
            moment = parse(value, default=no_year) if len(value) <= MAX_NAME else no_year
        except (ValueError, OverflowError):
            moment = no_year
        if moment.year == no_year.year:
            raise ValidationError(
                f"{argument} is no date with a year: {quoted(value)}; write for example '2026-04-01T12:00Z'"
            )
        value = moment
    elif isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if value is None:
        return None
    if not isinstance(value, datetime.datetime):
        raise ValidationError(
            f"{argument} must be a datetime, a date or a text, not {shown(value)}; for example '2026-04-01'"
        )
    return value if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC)
