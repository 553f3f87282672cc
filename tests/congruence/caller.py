"""Calls a client of either kind in its own way, and takes down what came back without what differs between runs."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import asdict, evolve
from elluminate_api import models as api

from elluminate.streaming import TaskStatus
from tests.support.model_server import ModelServer
from tests.support.worlds import World, outcome

_VOLATILE = {
    "created_at",
    "updated_at",
    "expires_at",
    "revoked_at",
    "superseded_at",
    "last_used_at",
    "date",
    "response_id",
    "waited_seconds",
}
_STAMP = re.compile(r"\(\d{4}-\d\d-\d\d \d\d:\d\d\)")
"""When inline criteria were stored, in the name of their set."""
_TASK = re.compile(r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b")
_COUNT = re.compile(r"^(\w+) \d+/", re.MULTILINE)
"""How many were done when a log's line was written."""
_REQUEST = re.compile(r"\(request [0-9a-f]{16}\)")
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+")


class Caller:
    """Calls a client or a model in the client's own world, and takes down what came back.

    Attributes:
        world: How the client is called.
        client: The client.
        provider: A model that says what a program wants, for LLM configs.
        folder: Where files go.
        calls: How many were made.
        record: Their names and results, in order.
    """

    def __init__(self, world: World, client: Any, provider: ModelServer, folder: Path) -> None:
        self.world = world
        self.client = client
        self.provider = provider
        self.folder = folder
        self.calls = 0
        self.record: list[tuple[str, Any]] = []

    async def do(
        self, operation: str, /, *args: Any, raises: type[Exception] | None = None, **kwargs: Any
    ) -> Any:
        """A method of the client; the error is returned where one is wanted."""
        return await self.of(self.client, operation, *args, raises=raises, **kwargs)

    async def some(self, operation: str, wanted: Callable[[Any], bool]) -> list[Any]:
        """Of what a listing method of the client returns, what is the same however the server was started."""

        async def listed() -> list[Any]:
            return [one for one in await self.world.acall(self.client, operation) if wanted(one)]

        kept: list[Any] = await self._taken(operation, listed, None)
        return kept

    async def of(
        self, model: Any, operation: str, /, *args: Any, raises: type[Exception] | None = None, **kwargs: Any
    ) -> Any:
        """A method of a model. The error is returned where one is wanted."""
        return await self._taken(
            operation, lambda: self.world.method(model, operation)(*args, **kwargs), raises
        )

    async def each(self, items: AsyncIterator[Any] | Iterator[Any], name: str) -> list[Any]:
        """Everything that an iteration yields."""
        taken: list[Any] = await self._taken(name, lambda: items, None)
        return taken

    async def each_of(self, model: Any, operation: str, /, *args: Any) -> list[Any]:
        """Everything that an iterating method of a model yields."""
        return await self.each(self.world.method(model, operation)(*args), operation)

    async def follow(
        self,
        operation: str,
        /,
        *args: Any,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
        **kwargs: Any,
    ) -> Any:
        """A stream of the client, to its last event; `meanwhile` is done after the first."""
        self.calls += 1
        stream: AsyncIterator[Any] | Iterator[Any] = getattr(self.client, operation)(*args, **kwargs)
        events = [await anext(stream) if isinstance(stream, AsyncIterator) else next(stream)]
        if meanwhile is not None:
            await meanwhile()
        events += [event async for event in stream] if isinstance(stream, AsyncIterator) else stream
        assert [event.is_complete for event in events] == [False] * (len(events) - 1) + [True]
        # What was started before is told about from wherever it stands.
        assert operation == "stream_agent_evaluation" or events[0].status == TaskStatus.PENDING
        self.record.append((operation, [events[-1].status, plain(events[-1].error_msg)]))
        return events[-1]

    async def wait(self, function: Callable[..., Any], /, *args: Any) -> Any:
        """Something that blocks, kept off an event loop by a thread of its own; not a call to be counted."""
        return await asyncio.to_thread(function, *args) if self.world.is_async else function(*args)

    async def blocking(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """A function that blocks for both kinds of client, such as `evaluate`."""
        call = functools.partial(function, *args, **kwargs)
        return await self._taken(function.__name__, lambda: self.wait(call), None)

    def note(self, name: str, value: Any) -> None:
        """Something that a program found out, to be compared as well."""
        self.record.append((name, plain(value)))

    async def _taken(self, name: str, call: Callable[[], Any], raises: type[Exception] | None) -> Any:
        self.calls += 1
        try:
            result = await outcome(call())
        except Exception as error:
            if raises is None or not isinstance(error, raises):
                raise
            told = str(error).replace(str(self.folder), "(folder)")
            self.record.append((name, (type(error).__name__, plain(told))))
            return error
        assert raises is None, f"{name} did not raise {raises and raises.__name__}"
        self.record.append((name, plain(result)))
        return result


def plain(value: Any) -> Any:
    """A result as plain data, without what differs from one run to the next.

    Responses are made at the same time, so the order of their ids, and of what hangs on them, is nobody's promise.
    """
    if isinstance(value, api.PromptResponse | api.Prompt | api.Rating):
        value = evolve(value, id=0)
    if isinstance(value, api.Experiment) and value.logs:
        value = evolve(value, logs="\n".join(sorted(_COUNT.sub(r"\1 ", value.logs).splitlines())))
    if isinstance(value, api.Label):
        value = evolve(value, id=0, response_id=0, key_id=None, key_name="")
    if isinstance(value, api.ApiKey):
        value = evolve(value, id=0, key=None, prefix="")
    if isinstance(value, api.ResponsesSample):
        value = evolve(value, prompt_response_ids=[0] * len(value.prompt_response_ids))
    if isinstance(value, str):
        told = _LOOPBACK.sub("(server)", _TASK.sub("(task)", _STAMP.sub("(then)", value)))
        return _REQUEST.sub("(request)", told)
    if isinstance(value, list | tuple):
        return [plain(item) for item in _in_order(value)]
    if hasattr(type(value), "__attrs_attrs__"):
        value = asdict(value, recurse=False, filter=lambda field, _: field.name != "_session")
    if isinstance(value, dict):
        return {
            key: plain(item)
            for key, item in value.items()
            if key not in _VOLATILE and "duration_seconds" not in str(key)
        }
    return value


def _in_order(items: Iterable[Any]) -> list[Any]:
    """Responses by row, epoch and persona; everything else as it is."""

    def place(response: api.PromptResponse) -> tuple[int, int, int]:
        persona = response.persona.id if response.persona else 0
        return response.prompt.template_variables.id, response.epoch, persona

    listed = list(items)
    if listed and all(isinstance(item, api.PromptResponse) for item in listed):
        return sorted(listed, key=place)
    return listed
