"""The blocking twin of an operation, derived from it in one line and fully typed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from elluminate._transport import run_blocking

P = ParamSpec("P")
T = TypeVar("T")


def blocking(
    operation: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], T]:
    """A method that runs the coroutine `operation` to its end in the calling thread.

    On a :class:`~elluminate.Client` the operation runs on the AsyncClient that it wraps; on a model it runs
    on the model itself.
    """

    @wraps(operation)
    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return run_blocking(operation(_operations_of(self), *args, **kwargs))

    return _renamed(call, operation)


def iterating(
    operation: Callable[Concatenate[Any, P], AsyncGenerator[T, None]],
) -> Callable[Concatenate[Any, P], Iterator[T]]:
    """A method that yields what the asynchronous generator `operation` yields, one blocking step at a time."""

    @wraps(operation)
    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        events = operation(_operations_of(self), *args, **kwargs)
        try:
            while True:
                try:
                    event = run_blocking(_next(events))
                except StopAsyncIteration:
                    return
                yield event
        finally:
            run_blocking(events.aclose())

    return _renamed(call, operation)


async def _next(events: AsyncGenerator[T, None]) -> T:
    return await events.__anext__()


def _operations_of(owner: Any) -> Any:
    """A Client's operations are those of the AsyncClient inside it; a model's are its own."""
    return getattr(owner, "_operations", owner)


def _renamed(call: Callable[P, T], operation: Callable[..., Any]) -> Callable[P, T]:
    """Name the twin as it is called: without the model methods' prefix, which says "asynchronous"."""
    owner, _, name = operation.__qualname__.rpartition(".")
    if owner == "AsyncClient" or owner.endswith("Operations"):
        owner = "Client"
    else:
        name = name.removeprefix("a")
    call.__name__, call.__qualname__ = name, f"{owner}.{name}"
    return call
