"""What every public method refuses before it begins, in the caller's terms.

That is a call that does not fit it, an argument that was to be awaited, and an object of another server or project.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import wraps
from types import CoroutineType, FunctionType
from typing import Any, Protocol, TypeVar, cast

from elluminate._showing import quoted
from elluminate.exceptions import ForeignModelError, UsageError

F = TypeVar("F", bound=Callable[..., Any])

_BY_NAME = inspect.Parameter.KEYWORD_ONLY
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


_DESCRIBING = "metadata"
"""The argument that says how something was made elsewhere, whose objects may come from anywhere."""


class Home(Protocol):
    """What an object comes from: a session."""

    @property
    def place(self) -> tuple[str | None, int | None]:
        """The server and the project."""
        ...

    def where(self) -> str:
        """The place in words."""
        ...

    async def start(self) -> Any:
        """Find out which place it is."""
        ...


class Explained:
    """Mixin of classes whose public methods say what does not fit them, and begin only where all does."""

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
    """The same function, which refuses what does not fit it and says what would."""
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
        return await carried_out(function, args, kwargs, call)

    return call


def _explained_generator(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        async with aclosing(carried_through(function, args, kwargs, call)) as items:
            async for item in items:
                yield item

    return call


def _explained_function(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return _begun(function, args, kwargs, call)

    return call


async def carried_out(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], called: Any
) -> Any:
    """What a coroutine method comes to, once nothing speaks against its call; see :func:`_begun`.

    Raises:
        UsageError: The arguments do not fit the function, or one of them was to be awaited.
        ForeignModelError: One of them belongs to another server or project.
    """
    coroutine = _begun(function, args, kwargs, called)
    try:
        await _refuse_foreign(function, args, kwargs, called)
    except BaseException:
        coroutine.close()
        raise
    return await coroutine


async def carried_through(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], called: Any
) -> AsyncGenerator[Any]:
    """What an asynchronous generator method yields, as :func:`carried_out`."""
    async with aclosing(_begun(function, args, kwargs, called)) as items:
        await _refuse_foreign(function, args, kwargs, called)
        async for item in items:
            yield item


def _begun(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], called: Any) -> Any:
    """The result of a call; of a coroutine or generator function, what has its body still to run.

    Args:
        called: The method that the caller sees, which has the name that an error has to say.
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
        spoken = _spoken(called, args)
        raise UsageError(
            _misfit(inspect.signature(function), args, kwargs, spoken, _taker(called, args))
        ) from None


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


async def _refuse_foreign(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], called: Any
) -> None:
    """Refuse objects of another server or project, whose ids are those of other things here."""
    if not args:
        return
    home: Home | None = getattr(args[0], "session", None) or getattr(args[0], "_session", None)
    same = {None, home}
    for value in (*args[1:], *kwargs.values()):
        for item in value if isinstance(value, list | tuple) else (value,):
            origin: Home | None = getattr(item, "_session", None)
            if home is None or origin is None or origin in same:
                continue
            await home.start()
            if origin.place == home.place:
                same.add(origin)
                continue
            argument = _argument_of(function, args, kwargs, value)
            if argument != _DESCRIBING:
                raise ForeignModelError(
                    f"{argument}: {_thing(item)} belongs to {origin.where()}, but {_spoken(called, args)}() works in "
                    f"{home.where()}, where that id is something else's. Give what a client of that project returns"
                )


def _thing(model: Any) -> str:
    name = getattr(model, "name", None)
    return f"{type(model).__name__} {model.id}" + (f" {quoted(name, 60)}" if name else "")


def _argument_of(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], value: Any
) -> str:
    bound = inspect.signature(function).bind(*args, **kwargs)
    return next(name for name, given in bound.arguments.items() if given is value)


def _spoken(called: Any, args: Sequence[Any]) -> str:
    """What the caller calls it: by the public class, not by the one inside that it is written in."""
    home, _, name = called.__qualname__.rpartition(".")
    if not home or home == "Client" or not args:
        return called.__qualname__  # type: ignore[no-any-return]  # of a function, so a text
    owner = type(args[0]).__name__
    return owner if name == "__init__" else f"{owner}.{name}"


def _taker(called: Any, args: Sequence[Any]) -> Callable[[str], str | None]:
    """What names the method that creates or runs the same kind of thing, where that has an argument of a name."""
    noun = called.__name__.partition("_")[2]
    names = [f"{verb}_{noun}" for verb in ("create", "run")] if noun and args else []
    others = {name: getattr(args[0], name) for name in names if hasattr(args[0], name)}

    def taker(argument: str) -> str | None:
        takers = (name for name, other in others.items() if argument in inspect.signature(other).parameters)
        return next((f"{name}({argument}=…)" for name in takers), None)

    return taker


def _misfit(
    signature: inspect.Signature,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    spoken: str,
    taker: Callable[[str], str | None],
) -> str:
    """Why arguments do not fit a signature, and what would."""
    known = {name: parameter for name, parameter in signature.parameters.items() if name != "self"}
    given = args[len(signature.parameters) - len(known) :]
    takes_any_name = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in known.values())
    for name in kwargs:
        if name not in known and not takes_any_name:
            near = difflib.get_close_matches(name, known, 1)
            way_out = f"did you mean {near[0]}=…?" if near else f"it takes {', '.join(known) or 'none'}"
            if other := taker(name):
                way_out = f"{other} takes it"
            return f"{spoken}() has no argument {quoted(name)}; {way_out}"
    ordered = [name for name, parameter in known.items() if parameter.kind in _BY_POSITION]
    if len(given) > len(ordered):
        named = [
            name for name, parameter in known.items() if parameter.kind is _BY_NAME and name not in kwargs
        ]
        return _too_many(spoken, ordered, named, given)
    for name in ordered[: len(given)]:
        if name in kwargs:
            return f"{spoken}() was given {name} twice: by position and as {name}=…"
    missing = [
        f"{name}=…{' (None for none)' if str(parameter.annotation).endswith('| None') else ''}"
        for name, parameter in known.items()
        if parameter.default is parameter.empty and name not in kwargs and name not in ordered[: len(given)]
        if parameter.kind in (*_BY_POSITION, _BY_NAME)
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
    value = f"{quoted(first, 60)}" if right in ("id", "name") else "…"
    return f"{spoken}() {by_position}; write {right}={value}"
