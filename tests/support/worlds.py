"""Both worlds of the SDK, used in one way: a blocking client, or an asynchronous one in an event loop.

A test that is a function says `world.call(owner, "method", ...)`; one that is a coroutine says `await world.acall(...)`
and is run to its end by `world.run`. Either way it is written once, with the blocking names.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from attrs import define

from elluminate import AsyncClient, Client

__all__ = ["BLOCKING", "World", "entered", "outcome", "run_at_once"]

T = TypeVar("T")


def run_at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends, as none does that calls a blocking client, to its end."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError("a blocking call was suspended")


async def outcome(given: Any) -> Any:
    """What a call gave, once it is there: of an awaitable its result, of a generator of either kind the list."""
    if inspect.isawaitable(given):
        return await given
    if inspect.isasyncgen(given):
        return [item async for item in given]
    return list(given) if inspect.isgenerator(given) else given


@define
class World:
    """How clients of one kind, and the models that they read, are called.

    Attributes:
        kind: `Client` or `AsyncClient`.
        run: Runs a coroutine to its end and returns what it returns: at once, or in an event loop.
    """

    kind: type[Client | AsyncClient]
    run: Callable[[Coroutine[Any, Any, Any]], Any]

    @property
    def is_async(self) -> bool:
        return self.kind is AsyncClient

    @property
    def name(self) -> str:
        """What tests are called by: `blocking` or `async`."""
        return "async" if self.is_async else "blocking"

    def method(self, owner: Any, name: str) -> Callable[..., Any]:
        """A method by its blocking name; the asynchronous twin of a model's method has an `a` before it."""
        prefix = "a" if self.is_async and not isinstance(owner, AsyncClient) else ""
        bound: Callable[..., Any] = getattr(owner, prefix + name)
        return bound

    async def acall(self, owner: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """What a method of a client or a model returns; of what it iterates, the list."""
        return await outcome(self.method(owner, name)(*args, **kwargs))

    def call(self, owner: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """The same for a test that is a function."""
        return self.run(self.acall(owner, name, *args, **kwargs))

    @contextmanager
    def opened(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """A client of this world, closed at the end."""
        made = self.kind(*args, **kwargs)
        try:
            yield made
        finally:
            self.call(made, "close")


BLOCKING = World(Client, run_at_once)


@contextmanager
def entered(name: str) -> Iterator[World]:
    """The world of this name, `blocking` or `async`, which has one event loop for all its calls."""
    if name == "blocking":
        yield BLOCKING
        return
    with asyncio.Runner() as runner:
        yield World(AsyncClient, runner.run)
