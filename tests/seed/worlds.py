"""One test, both clients: what the guide promises is checked blocking and async, against one server per process."""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from elluminate import AsyncClient, Client

IN_MEMORY = "local::memory:"
_numbers = itertools.count(1)


def unique(name: str) -> str:
    """A name that nothing on the shared server has."""
    return f"{name} {next(_numbers)}"


class Guide:
    """A client in its own world, called the same way in both: `await guide.create_collection(...)`."""

    def __init__(self, client: AsyncClient | Client, runner: asyncio.Runner | None) -> None:
        self.client: Any = client
        self.is_async = runner is not None
        self._runner = runner

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        return functools.partial(_awaited, getattr(self.client, name))

    def of(self, model: Any) -> Any:
        """A model's methods under their blocking names; in the async world those with the prefix run."""
        return _Methods(model, "a" if self.is_async else "")

    async def each(self, stream: Any) -> list[Any]:
        """Every event of a stream."""
        return [event async for event in stream] if self.is_async else list(stream)

    async def gather(self, *calls: Callable[[], Coroutine[Any, Any, Any]]) -> list[Any]:
        """Run calls at the same time in the async world, one after the other in the blocking one."""
        if self.is_async:
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

    def drive(self, test: Coroutine[Any, Any, None]) -> None:
        """Run a test to its end; a blocking one never suspends."""
        if self._runner is not None:
            self._runner.run(test)
            return
        try:
            test.send(None)
        except StopIteration:
            return
        test.close()
        raise AssertionError("a blocking call was suspended")


class _Methods:
    def __init__(self, model: Any, prefix: str) -> None:
        self._model = model
        self._prefix = prefix

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        return functools.partial(_awaited, getattr(self._model, self._prefix + name))


async def _awaited(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    result = call(*args, **kwargs)
    return await result if inspect.isawaitable(result) else result


def both(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is written once and runs with each client; it takes the fixture `guide`."""

    @functools.wraps(test)
    def run(guide: Guide, *args: Any, **kwargs: Any) -> None:
        guide.drive(test(guide, *args, **kwargs))

    return run


@pytest.fixture(scope="module", params=["blocking", "async"])
def guide(request: pytest.FixtureRequest) -> Iterator[Guide]:
    if request.param == "blocking":
        with Client(base_url=IN_MEMORY) as client:
            yield Guide(client, None)
        return
    with asyncio.Runner() as runner:
        aclient = AsyncClient(base_url=IN_MEMORY)
        yield Guide(aclient, runner)
        runner.run(aclient.close())
