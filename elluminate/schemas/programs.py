"""A program of the caller's under test: how a row becomes its arguments, and what it returns a stored answer."""

from __future__ import annotations

import copy
import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from attrs import evolve, field, frozen
from elluminate_api.models import GenerationMetadata
from elluminate_api.types import one_line

from elluminate._checks import checked_number
from elluminate._homes import at_home_in
from elluminate._messages import Messages, response_messages
from elluminate._showing import quoted, shown
from elluminate.exceptions import ValidationError

MOST_ERROR = 10_000
"""Characters of a reason why there is no answer: as many as the contract has room for."""

_OF_A_ROW = frozenset(
    (
        "row",
        "rows",
        "values",
        "variables",
        "item",
        "entry",
        "record",
        "case",
        "example",
        "sample",
        "data",
        "inputs",
    )
)
"""What a parameter that takes the whole row is called, whatever columns are."""
_NEARLY = 0.75
"""From here on a parameter's name is taken for a column's that is misspelt."""


@at_home_in("elluminate.schemas")
@frozen(repr=False)
class Answer:
    """What a program under test returns where it knows more than the text: what the answer took.

    Attributes:
        content: The answer: a text, or a transcript as chat messages.
        input_tokens: Tokens that models read for it; None where that is not known.
        output_tokens: Tokens that models wrote.
        model: Model that answered, in the words of its endpoint.
        input_cost_usd: Price of what was read, in US dollars. Costs are counted where tokens are known, too.
        output_cost_usd: Price of what was written.
        metadata: All else that is known of how it was made.

    Raises:
        ValidationError: A number is none, or below 0.

    Example:
        >>> Answer("Forty-two.", input_tokens=12, output_tokens=3).input_tokens
        12
    """

    content: Messages
    input_tokens: int | None = field(default=None, kw_only=True)
    output_tokens: int | None = field(default=None, kw_only=True)
    model: str | None = field(default=None, kw_only=True)
    input_cost_usd: float | None = field(default=None, kw_only=True)
    output_cost_usd: float | None = field(default=None, kw_only=True)
    metadata: GenerationMetadata | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for name in ("input_tokens", "output_tokens"):
            checked_number(getattr(self, name), name, whole=True)
        for name in ("input_cost_usd", "output_cost_usd"):
            checked_number(getattr(self, name), name)
        if not isinstance(self.model, str | None):
            raise ValidationError(f"model must be a text, not {shown(self.model)}; for example 'small-model'")
        if not isinstance(self.metadata, GenerationMetadata | None):
            raise ValidationError(
                f"metadata must be a GenerationMetadata or None, not {shown(self.metadata)}"
            )

    __repr__ = one_line

    def made(self, *, seconds: float, waited: float) -> GenerationMetadata:
        """How it was made.

        Args:
            seconds: How long the program took.
            waited: Seconds that went by before, in attempts that failed.
        """
        known = GenerationMetadata() if self.metadata is None else self.metadata
        said: dict[str, Any] = {
            "duration_seconds": seconds,
            "waited_seconds": waited or None,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "answered_by_model": self.model,
            "estimated_input_cost_usd": self.input_cost_usd,
            "estimated_output_cost_usd": self.output_cost_usd,
        }
        return evolve(known, **{name: value for name, value in said.items() if value is not None})


@frozen(kw_only=True)
class Program:
    """A caller's function, and how a row is given to it.

    Attributes:
        function: The function.
        is_async: Whether it is a coroutine function.
        takes: Columns that are its arguments, by name; None where it takes the row as one dict.
        defaults: Column name to the value of a missing cell.
    """

    function: Callable[..., Any]
    is_async: bool
    takes: frozenset[str] | None
    defaults: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What it is called with for a row: values of its own, which it may change."""
        row = copy.deepcopy({**self.defaults, **values})
        if self.takes is None:
            return (row,), {}
        return (), {name: value for name, value in row.items() if name in self.takes}


def checked_target(target: Any) -> Callable[..., Any]:
    """Something that can be called.

    Raises:
        ValidationError: It cannot.
    """
    if not callable(target):
        raise ValidationError(
            f"target must be a function of a row's values, like def answer(question): …, not {shown(target)}"
        )
    return target  # type: ignore[no-any-return]


def program_of(target: Callable[..., Any], defaults: Mapping[str, Any], collection: str) -> Program:
    """A function as a program over the rows of a collection.

    Args:
        target: What the caller gave.
        defaults: Column name to the value of a missing cell, of all columns.
        collection: The collection's name, for messages.

    Raises:
        ValidationError: Nothing says how a row is given to it.
    """
    called = target if inspect.isroutine(target) else getattr(target, "__call__", target)  # noqa: B004
    if inspect.isasyncgenfunction(called) or inspect.isgeneratorfunction(called):
        raise ValidationError(
            f"target {_name(target)} yields, so that it has no answer to return; return the whole text, or Answer(…)"
        )
    is_async = inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(called)
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        raise ValidationError(
            f"target {_name(target)} does not tell its parameters; write a function around it, like "
            "def answer(row): return …"
        ) from None
    takes = _taken(target, parameters, defaults, collection)
    return Program(function=target, is_async=is_async, takes=takes, defaults=dict(defaults))


def _taken(
    target: Any, parameters: Sequence[inspect.Parameter], columns: Mapping[str, Any], collection: str
) -> frozenset[str] | None:
    """The columns that are arguments; None where the row is one."""
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        named = [one for one in parameters if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]
        by_name, taken = named, frozenset(columns)
    else:
        by_name = [one for one in parameters if one.kind is not one.VAR_POSITIONAL]
        taken = frozenset(one.name for one in by_name if one.name in columns)
    wanting = [one for one in by_name if one.name not in columns and one.default is one.empty]
    unnamed = [one for one in by_name if one.name in columns and one.kind is one.POSITIONAL_ONLY]
    if taken and not wanting and not unnamed:
        return taken
    one_dict = len(by_name) == 1 and by_name[0].kind is not inspect.Parameter.KEYWORD_ONLY
    if one_dict and by_name[0].name not in columns:
        _refuse_misspelt(target, by_name[0].name, columns)
        return None
    names = ", ".join(one.name for one in parameters) or "none"
    raise ValidationError(
        f"target {_name(target)} has the parameters ({names}), and collection {collection!r} has the columns "
        f"({', '.join(columns) or 'none'}). Name parameters after columns, and give others a default, or take the "
        "whole row as a dict in one parameter that is named after no column, like def answer(row): …"
    )


def _refuse_misspelt(target: Any, name: str, columns: Mapping[str, Any]) -> None:
    """Refuse a parameter that would take the whole row, and is called nearly like a column."""
    near = [] if name in _OF_A_ROW else difflib.get_close_matches(name, columns, n=1, cutoff=_NEARLY)
    if near:
        raise ValidationError(
            f"target {_name(target)} has the one parameter {name}, which would take the whole row; did you mean the "
            f"column {near[0]!r}? Name it so, or, where the row is meant, like def answer(row): …"
        )


def _name(target: Any) -> str:
    return quoted(getattr(target, "__qualname__", None) or target)


def answer_of(returned: Any) -> tuple[list[dict[str, Any]], Answer]:
    """What a program has returned, as the messages that are stored, and with what it told beside them.

    Raises:
        ValidationError: It is no answer, or one that cannot be stored.
    """
    if inspect.iscoroutine(returned):
        returned.close()
        raise ValidationError(
            "the program returned a coroutine, which nobody awaits; define it with async def, so that it is awaited"
        )
    if not isinstance(returned, Answer | str | Sequence) or isinstance(returned, bytes | bytearray):
        raise ValidationError(
            f"the program returned {shown(returned)}; it has to return a text, a list of chat messages, or Answer(…)"
        )
    answer = returned if isinstance(returned, Answer) else Answer(returned)
    messages = response_messages(answer.content)
    try:
        written = msgspec.json.encode(messages)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValidationError(f"the program's answer cannot be sent as JSON: {error}") from None
    if b"\\u0000" in written and _holds_nul(messages):
        raise ValidationError("the program's answer holds a NUL character, which cannot be stored")
    return messages, answer


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(map(_holds_nul, (*value, *value.values())))
    return isinstance(value, list | tuple) and any(map(_holds_nul, value))


def reason_of(error: BaseException) -> str:
    """An exception as the reason why there is no answer: its type, and what it says, within the contract's bounds."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  # somebody else's code
        said = "(its text cannot be read)"
    name = type(error).__name__
    text = f"{name}: {said}" if said.strip() else name
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")[:MOST_ERROR]
