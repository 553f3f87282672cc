"""Runs a program with either client of whatever `elluminate` is installed, and prints what it noted as JSON.

No traceback is ever printed, since it would quote lines of the client's source: an error names the call, its type
and its message.
"""

from __future__ import annotations

import os
import sys

sys.tracebacklimit = 0
os.environ["LOGURU_AUTOINIT"] = "0"  # the published client's log could quote its source in the same way

import asyncio  # noqa: E402
import contextlib  # noqa: E402
import functools  # noqa: E402
import inspect  # noqa: E402
import json  # noqa: E402
import urllib.request  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable, Coroutine  # noqa: E402
from importlib.metadata import PackageNotFoundError, version  # noqa: E402
from typing import Any  # noqa: E402

from elluminate import AsyncClient, Client  # noqa: E402

warnings.showwarning = lambda message, category, *_: print(f"{category.__name__}: {message}", file=sys.stderr)


class Caller:
    """Calls a client or a model in the client's own world.

    Attributes:
        asynchronous: Which client this is.
        level: Version of the client, as numbers.
        notes: What the program found out.
        skipped: Calls that this version of the client does not have.
    """

    def __init__(self, client: AsyncClient | Client) -> None:
        self.client: Any = client
        self.asynchronous = isinstance(client, AsyncClient)
        self.level = tuple(int(part) for part in os.environ["INTEROP_LEVEL"].split("."))
        self.notes: dict[str, Any] = {}
        self.skipped: list[str] = []

    def has(self, model: Any, operation: str) -> bool:
        """Whether this version offers a method; what it lacks is noted."""
        name = operation if model is self.client else self._named(operation)
        if callable(getattr(model, name, None)):
            return True
        if operation not in self.skipped:
            self.skipped.append(operation)
        return False

    async def do(self, operation: str, /, *args: Any, **kwargs: Any) -> Any:
        """A method of the client."""
        return await self._result(operation, getattr(self.client, operation), args, kwargs)

    async def of(self, model: Any, operation: str, /, *args: Any, **kwargs: Any) -> Any:
        """A method of a model: the asynchronous one has a prefix."""
        return await self._result(operation, getattr(model, self._named(operation)), args, kwargs)

    async def refused(self, error: type[Exception], operation: str, /, *args: Any, **kwargs: Any) -> Any:
        """A method of the client that must raise; returns the error."""
        return await self._raised(error, operation, getattr(self.client, operation), args, kwargs)

    async def refused_of(
        self, error: type[Exception], model: Any, operation: str, /, *args: Any, **kwargs: Any
    ) -> Any:
        """A method of a model that must raise; returns the error."""
        return await self._raised(error, operation, getattr(model, self._named(operation)), args, kwargs)

    async def blocking(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """A function that blocks in either world, as `evaluate` does."""
        return await self._result(function.__name__, self._aside(function), args, kwargs)

    async def refused_by(
        self, error: type[Exception], function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        """The same, where it must raise; returns the error."""
        return await self._raised(error, function.__name__, self._aside(function), args, kwargs)

    def ask(self, method: str, path: str, body: Any) -> Any:
        """The server itself, for what the published client has no method for; `path` is below the project's."""
        request = urllib.request.Request(
            f"{os.environ['ELLUMINATE_BASE_URL']}/api/v0/projects/1/{path}",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json", "x-api-key": os.environ["ELLUMINATE_API_KEY"]},
            method=method,
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return json.load(answer)

    async def follow(self, operation: str, /, *args: Any, **kwargs: Any) -> list[Any]:
        """All events of a stream."""
        try:
            return [event async for event in getattr(self.client, operation)(*args, **kwargs)]
        except Exception as error:  # noqa: BLE001  # told and exited with, whatever it is
            raise SystemExit(f"{operation}: {type(error).__name__}: {error}") from None

    def note(self, name: str, value: Any) -> None:
        """Put something into the summary."""
        self.notes[name] = value

    def _aside(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return functools.partial(asyncio.to_thread, function) if self.asynchronous else function

    def _named(self, operation: str) -> str:
        return ("a" if self.asynchronous else "") + operation

    async def _result(self, operation: str, method: Any, args: Any, kwargs: Any) -> Any:
        try:
            return await self._awaited(method, args, kwargs)
        except Exception as error:  # noqa: BLE001  # told and exited with, whatever it is
            raise SystemExit(f"{operation}: {type(error).__name__}: {error}") from None

    async def _raised(
        self, error: type[Exception], operation: str, method: Any, args: Any, kwargs: Any
    ) -> Exception:
        try:
            await self._awaited(method, args, kwargs)
        except error as raised:
            return raised
        except Exception as raised:  # noqa: BLE001  # told and exited with, whatever it is
            wanted = f"{error.__name__} was wanted"
            raise SystemExit(f"{operation}: {type(raised).__name__}: {raised}; {wanted}") from None
        raise SystemExit(f"{operation} did not raise {error.__name__}")

    async def _awaited(self, method: Any, args: Any, kwargs: Any) -> Any:
        result = method(*args, **kwargs)
        return await result if inspect.isawaitable(result) else result


def main(program: Callable[[Caller], Coroutine[Any, Any, None]]) -> None:
    """Run a program: `blocking` or `async` is the script's argument; the last line printed is the summary."""
    if sys.argv[1] == "async":

        async def run() -> Caller:
            client = AsyncClient()
            caller = Caller(client)
            await program(caller)
            await client.close()
            return caller

        caller = asyncio.run(run())
    else:
        caller = Caller(Client())
        with contextlib.suppress(StopIteration):
            program(caller).send(None)  # nothing in it suspends, so one step runs it to its end
        caller.client.close()
    try:
        installed = version("elluminate")
    except PackageNotFoundError:  # ours has another name there
        installed = version("elluminate-open")
    summary = {"version": installed, "skipped": caller.skipped, **caller.notes}
    print(json.dumps(summary))
