"""Calls that do not fit what they call: refused in the caller's terms, with the public name and the right argument."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from functools import wraps
from types import CoroutineType, FunctionType
from typing import Any, TypeVar, cast

from elluminate.exceptions import UsageError

F = TypeVar("F", bound=Callable[..., Any])

_BY_NAME = inspect.Parameter.KEYWORD_ONLY
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Explained:
    """Mixin of classes whose public methods explain a call that does not fit them."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.__module__.startswith("elluminate."):
            return  # the subclass of a user, whose methods are not ours to change
        for name, member in list(vars(cls).items()):
            is_wrapped = hasattr(member, "__wrapped__")  # a blocking twin, or attrs makes a class anew
            if isinstance(member, FunctionType) and not is_wrapped and not name.startswith("_"):
                setattr(cls, name, explained(member))


def explained(function: F) -> F:
    """The same function, which says more about a call that does not fit it."""
    if inspect.iscoroutinefunction(function):
        call = _explained_coroutine(function)
    elif inspect.isasyncgenfunction(function):
        call = _explained_generator(function)
    else:
        call = _explained_function(function)
    owner, _, name = function.__qualname__.rpartition(".")
    if owner.endswith("Operations"):
        call.__qualname__ = f"AsyncClient.{name}"  # so a coroutine is called that nobody awaits
    return cast(F, call)


def _explained_coroutine(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        return await begun(function, args, kwargs, call)

    return call


def _explained_generator(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        async with aclosing(begun(function, args, kwargs, call)) as items:
            async for item in items:
                yield item

    return call


def _explained_function(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return begun(function, args, kwargs, call)

    return call


def begun(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], called: Any) -> Any:
    """The result of a call; of a coroutine or generator function, what has its body still to run.

    Args:
        called: The method that the caller sees, which has the name that the error has to say.

    Raises:
        UsageError: The arguments do not fit the function, or one of them was to be awaited.
    """
    for value in args:
        refuse_unawaited(value)
    for value in kwargs.values():
        refuse_unawaited(value)
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        trace = error.__traceback__
        if trace is None or trace.tb_next is not None:
            raise  # not the call itself: something inside the function
        raise UsageError(_misfit(inspect.signature(function), args, kwargs, _spoken(called, args))) from None


def refuse_unawaited(value: Any) -> None:
    """Refuse a coroutine where its result is wanted.

    Raises:
        UsageError: It is one.
    """
    if type(value) is CoroutineType:
        name = value.__name__
        raise UsageError(
            f"{name}(...) was given as an argument before it was awaited; write `await {name}(...)`, or take Client, "
            "which has the same methods, blocking"
        )


def _spoken(called: Any, args: Sequence[Any]) -> str:
    """What the caller calls it: by the public class, not by the one inside that it is written in."""
    home, _, name = called.__qualname__.rpartition(".")
    if not home or home == "Client" or not args:
        return called.__qualname__  # type: ignore[no-any-return]  # of a function, so a text
    owner = type(args[0]).__name__
    return owner if name == "__init__" else f"{owner}.{name}"


def _misfit(signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any], spoken: str) -> str:
    """Why arguments do not fit a signature, and what would."""
    known = {name: one for name, one in signature.parameters.items() if name != "self"}
    given = args[len(signature.parameters) - len(known) :]
    takes_any_name = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in known.values())
    for name in kwargs:
        if name not in known and not takes_any_name:
            near = difflib.get_close_matches(name, known, 1)
            way_out = f"did you mean {near[0]}=…?" if near else f"it takes {', '.join(known) or 'none'}"
            return f"{spoken}() has no argument {name!r}; {way_out}"
    ordered = [name for name, one in known.items() if one.kind in _BY_POSITION]
    if len(given) > len(ordered):
        named = [name for name, one in known.items() if one.kind is _BY_NAME and name not in kwargs]
        return _too_many(spoken, ordered, named, given)
    for name in ordered[: len(given)]:
        if name in kwargs:
            return f"{spoken}() was given {name} twice: by position and as {name}=…"
    missing = [
        f"{name}=…"
        for name, one in known.items()
        if one.default is one.empty and name not in kwargs and name not in ordered[: len(given)]
        if one.kind in (*_BY_POSITION, _BY_NAME)
    ]
    return f"{spoken}() lacks {' and '.join(missing)}"


def _too_many(spoken: str, ordered: list[str], named: list[str], given: Sequence[Any]) -> str:
    first = given[len(ordered)]
    count = len(ordered)
    by_position = f"takes {count} argument{'s' * (count != 1)} by position ({', '.join(ordered)})"
    if not ordered:
        by_position = "takes its arguments by name"
    if not named:
        return f"{spoken}() {by_position}, and was given {len(given)}"
    right = "id" if "id" in named and isinstance(first, int) else named[0]
    value = f"{first!r:.60}" if right in ("id", "name") else "…"
    return f"{spoken}() {by_position}; write {right}={value}"
