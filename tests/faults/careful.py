"""A user who expects faults: what was broken off is done again, and what may be done already is looked for first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from elluminate import ConflictError, InvalidResponseError, RateLimitError, ServerError, TransportError
from tests.congruence.caller import Caller
from tests.faults.faults import Schedule
from tests.support.model_server import ModelServer
from tests.support.worlds import World, outcome

__all__ = ["CarefulCaller"]

_FAULTS = (TransportError, RateLimitError, ServerError, InvalidResponseError)
_OF_GATEWAYS = (200, 429, 502, 503, 504)
"""Statuses of what comes through to the program: another one is the server's, and no fault of the way."""
_MOST_REPETITIONS = 12


class CarefulCaller(Caller):
    """Makes the program's calls through faults.

    Attributes:
        repeated: Which calls were made again, because they raised.
        lost_keys: How many API keys were made that nobody has got.
    """

    def __init__(
        self, world: World, client: Any, provider: ModelServer, folder: Path, schedule: Schedule
    ) -> None:
        super().__init__(world, client, provider, folder)
        self.repeated: list[str] = []
        self.lost_keys = 0
        self._schedule = schedule
        self._is_repeatable = True

    async def do(
        self, operation: str, /, *args: Any, raises: type[Exception] | None = None, **kwargs: Any
    ) -> Any:
        if operation != "create_api_key":
            return await super().do(operation, *args, raises=raises, **kwargs)
        calls = self.calls
        try:
            return await super().do(operation, *args, raises=raises, **kwargs)
        except ConflictError as error:
            # The one answer that is not kept: the key is there, and nobody has it.
            assert "cannot be shown again" in str(error), error
        await self._revoke(args[0])
        self.repeated.append(operation)
        self.lost_keys += 1
        self.calls = calls
        return await self.do(operation, *args, raises=raises, **kwargs)

    async def _revoke(self, name: str) -> None:
        for key in await self.world.acall(self.client, "list_api_keys"):
            if key.name == name:
                await self.world.acall(self.client, "revoke_api_key", key)

    async def each(self, items: AsyncIterator[Any] | Iterator[Any], name: str) -> list[Any]:
        self._is_repeatable = False  # what has raised in the middle does not go on
        try:
            return await super().each(items, name)
        finally:
            self._is_repeatable = True

    async def _taken(self, name: str, call: Callable[[], Any], raises: type[Exception] | None) -> Any:
        calls, last = self.calls, None
        for _ in range(_MOST_REPETITIONS):
            self.calls = calls
            # By its first POST a client learns that keys are honoured here: without that, it repeats less by itself.
            self._schedule.pages_wanted = self._is_repeatable and calls > 0
            try:
                return await super()._taken(name, self._uncovered(call), raises)
            except _Met as met:
                if not self._is_repeatable:
                    raise met.error from None
                self.repeated.append(name)
                last = met.error
            finally:
                self._schedule.pages_wanted = False
        raise AssertionError(f"{name} failed {_MOST_REPETITIONS} times") from last

    def _uncovered(self, call: Callable[[], Any]) -> Callable[[], Any]:
        """The call, whose faults are not taken for an error that the program wants."""

        async def called() -> Any:
            try:
                return await outcome(call())
            except _FAULTS as error:
                if getattr(error, "status_code", None) in (None, *_OF_GATEWAYS):
                    raise _Met(error) from error
                raise

        return called


class _Met(BaseException):
    """A fault that came through to the program."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
