"""The blocking twin of an operation, derived from it in one line and fully typed."""

from __future__ import annotations

import inspect
import typing
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from elluminate._calls import carried_out, carried_through
from elluminate._transport import run_blocking

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")


def blocking(
    operation: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[S, P], T]:
    """A method that runs `operation`, a coroutine method of the same object, to its end in the calling thread."""

    plain = inspect.unwrap(operation)

    @wraps(operation)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        coroutine: Coroutine[Any, Any, T] = carried_out(plain, (self, *args), kwargs, call)
        return run_blocking(coroutine)

    return _renamed(call, operation)


def iterating(
    operation: Callable[Concatenate[S, P], AsyncGenerator[T, None]],
) -> Callable[Concatenate[S, P], Iterator[T]]:
    """A method that yields what `operation`, of the same object, yields, one blocking step at a time."""

    plain = inspect.unwrap(operation)

    @wraps(operation)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        events: AsyncGenerator[T, None] = carried_through(plain, (self, *args), kwargs, call)
        try:
            while True:
                try:
                    event = run_blocking(_next(events))
                except StopAsyncIteration:
                    return
                yield event
        finally:
            run_blocking(events.aclose())

    _say_iterator(call, operation)
    return _renamed(call, operation)


def _say_iterator(call: Callable[..., Any], operation: Callable[..., Any]) -> None:
    """Let signature, annotations and `help()` of the twin say what it returns: an iterator of the same things."""
    written = str(operation.__annotations__["return"])  # as it stands in the source: AsyncGenerator[…]
    things = written.partition("[")[2].removesuffix("]")
    signature = inspect.signature(operation).replace(return_annotation=f"Iterator[{things}]")
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {**call.__annotations__, "return": typing.Iterator[things]}  # type: ignore[valid-type]


async def _next(events: AsyncGenerator[T, None]) -> T:
    return await events.__anext__()


def blocking_on_client(
    operation: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], T]:
    """A method of Client that runs an operation of the AsyncClient that it wraps."""
    return _of_wrapped(blocking(operation))


def iterating_on_client(
    operation: Callable[Concatenate[Any, P], AsyncGenerator[T, None]],
) -> Callable[Concatenate[Any, P], Iterator[T]]:
    """A method of Client that yields what an operation of the AsyncClient that it wraps yields."""
    return _of_wrapped(iterating(operation))


def _of_wrapped(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    @wraps(method)
    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return method(self._operations, *args, **kwargs)

    return call


def _renamed(call: Callable[P, T], operation: Callable[..., Any]) -> Callable[P, T]:
    """Name the twin as it is called: without the model methods' prefix, which says "asynchronous"."""
    owner, _, name = operation.__qualname__.rpartition(".")
    if owner == "AsyncClient" or owner.endswith("Operations"):
        owner = "Client"
    else:
        name = name.removeprefix("a")
    call.__name__, call.__qualname__ = name, f"{owner}.{name}"
    return call
