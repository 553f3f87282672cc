"""One test, both clients: what the guide promises is checked blocking and async, against one server per process."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from tests.support.worlds import World, entered, outcome

IN_MEMORY = "local::memory:"
_numbers = itertools.count(1)


def unique(name: str) -> str:
    """A name that nothing on the shared server has."""
    return f"{name} {next(_numbers)}"


class Guide:
    """A client in its own world, called the same way in both: `await guide.create_collection(...)`."""

    def __init__(self, client: Any, world: World) -> None:
        self.client = client
        self.world = world

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        return functools.partial(self.world.acall, self.client, name)

    def of(self, model: Any) -> Any:
        """A model's methods under their blocking names."""
        return _Methods(model, self.world)

    async def each(self, stream: Any) -> list[Any]:
        """Every event of a stream."""
        events: list[Any] = await outcome(stream)
        return events

    async def gather(self, *calls: Callable[[], Coroutine[Any, Any, Any]]) -> list[Any]:
        """Run calls at the same time in the async world, one after the other in the blocking one."""
        if self.world.is_async:
            return list(await asyncio.gather(*(call() for call in calls)))
        return [await call() for call in calls]

    async def template(self, text: str = "Explain {{concept}} in simple terms.") -> Any:
        """A new template."""
        return await self.create_prompt_template(name=unique("Template"), template=text)

    async def collection(self, *rows: dict[str, Any]) -> Any:
        """A new collection with rows."""
        collection = await self.create_collection(name=unique("Collection"))
        await self.of(collection).add_many(variables=list(rows or ({"concept": "recursion"},)))
        return collection

    async def experiment(self, **arguments: Any) -> Any:
        """A finished experiment over two rows, judged by two criteria unless said otherwise."""
        arguments = {"criteria": ["Is it short?", "Is it a list?"]} | arguments
        return await self.run_experiment(
            name=unique("Experiment"),
            prompt_template=await self.template(),
            collection=await self.collection({"concept": "recursion"}, {"concept": "closures"}),
            **arguments,
        )


class _Methods:
    def __init__(self, model: Any, world: World) -> None:
        self._model = model
        self._world = world

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        return functools.partial(self._world.acall, self._model, name)


def both(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is written once and runs with each client; it takes the fixture `guide`."""

    @functools.wraps(test)
    def run(guide: Guide, *args: Any, **kwargs: Any) -> None:
        guide.world.run(test(guide, *args, **kwargs))

    return run


@pytest.fixture(scope="module", params=["blocking", "async"])
def guide(request: pytest.FixtureRequest) -> Iterator[Guide]:
    with entered(request.param) as world, world.opened(base_url=IN_MEMORY) as client:
        yield Guide(client, world)
