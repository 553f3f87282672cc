"""An endpoint in virtual time: what it takes, what it refuses, and calls to it."""

import asyncio
import json
import random
from collections.abc import Mapping
from typing import Any

import attrs

from elluminate_server.llm.attempts import Kind
from elluminate_server.llm.endpoint import Endpoint, Received
from elluminate_server.llm.gates import Bound, Caller, clock
from elluminate_server.llm.http_calls import HttpAnswer, HttpFailure
from tests.support.virtual_time import run

__all__ = [
    "Away",
    "Busy",
    "Quota",
    "Random",
    "Scripted",
    "Server",
    "after",
    "endpoint_at",
    "ok",
    "patient",
    "refusal",
    "work",
]


def ok(headers: Mapping[str, str] | None = None) -> HttpAnswer:
    return HttpAnswer(200, headers or {}, b"{}")


def refusal(
    status: int, headers: Mapping[str, str] | None = None, message: str = "no", code: str | None = None
) -> HttpAnswer:
    body = json.dumps({"error": {"message": message, "code": code}}).encode()
    return HttpAnswer(status, headers or {}, body)


@attrs.define
class Server:
    """Answers everything, after a while.

    Attributes:
        seconds: How long an answer takes.
        sent: When each call came.
        refused: How many were refused.
        at_once: How many are under way.
        most_at_once: The most of that.
    """

    seconds: float = 1.0
    sent: list[float] = attrs.field(factory=list)
    refused: int = 0
    at_once: int = 0
    most_at_once: int = 0

    async def prepare(self) -> None:
        pass

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float
    ) -> HttpAnswer | HttpFailure:
        self.sent.append(clock())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            async with asyncio.timeout(seconds):
                outcome = await self.outcome()
        finally:
            self.at_once -= 1
        self.refused += not (isinstance(outcome, HttpAnswer) and outcome.status == 200)
        return outcome

    async def outcome(self) -> HttpAnswer | HttpFailure:
        await asyncio.sleep(self.seconds)
        return ok()


@attrs.define
class Quota(Server):
    """Takes so many calls in a window of time.

    Attributes:
        calls: How many.
        window: Seconds of a window.
        slides: Whether it is the last seconds, and not those since the window began.
        tells: Whether a refusal says how long to wait.
        wait: Seconds that the refusal itself takes.
    """

    calls: int = 60
    window: float = 10.0
    slides: bool = False
    tells: bool = True
    wait: float = 0.02
    _taken: list[float] = attrs.field(factory=list)

    async def outcome(self) -> HttpAnswer | HttpFailure:
        now = clock()
        since = now - self.window if self.slides else now // self.window * self.window
        self._taken = [moment for moment in self._taken if moment >= since]
        if len(self._taken) < self.calls:
            self._taken.append(now)
            return await Server.outcome(self)
        free = self._taken[0] + self.window if self.slides else since + self.window
        await asyncio.sleep(self.wait)
        return refusal(429, {"retry-after": str(max(free - now, 0.01))} if self.tells else {})


@attrs.define
class Busy(Server):
    """Works on so many calls at a time.

    Attributes:
        places: How many.
        queues: Whether further ones wait there, and are not refused.
    """

    places: int = 8
    queues: bool = False
    _free: asyncio.Semaphore | None = None

    async def outcome(self) -> HttpAnswer | HttpFailure:
        self._free = self._free or asyncio.Semaphore(self.places)
        if self._free.locked() and not self.queues:
            await asyncio.sleep(0.02)
            return refusal(429)
        async with self._free:
            return await Server.outcome(self)


@attrs.define
class Random(Server):
    """Refuses, fails and dawdles by chance.

    Attributes:
        chance: Makes the choices.
        slow_seconds: How long an answer takes that is slow.
    """

    chance: random.Random = attrs.field(factory=lambda: random.Random(7))
    slow_seconds: float = 1000.0

    async def outcome(self) -> HttpAnswer | HttpFailure:
        drawn = self.chance.random()
        await asyncio.sleep(0.02)
        if drawn < 0.30:
            return refusal(429, {"retry-after": "1"})
        if drawn < 0.35:
            return refusal(500)
        if drawn < 0.40:
            await asyncio.sleep(self.slow_seconds)
        return await Server.outcome(self)


@attrs.define
class Away(Server):
    """Cannot be reached for some time.

    Attributes:
        begins: When that is.
        ends: When it is over.
    """

    begins: float = 3.0
    ends: float = 13.0

    async def outcome(self) -> HttpAnswer | HttpFailure:
        if self.begins <= clock() < self.ends:
            return HttpFailure("could not be reached", "Check that it is up.", Kind.OUTAGE)
        return await Server.outcome(self)


@attrs.define
class Scripted(Server):
    """Gives these outcomes, one after the other, and then answers everything.

    Attributes:
        script: The outcomes.
    """

    script: list[HttpAnswer | HttpFailure] = attrs.field(factory=list)

    async def outcome(self) -> HttpAnswer | HttpFailure:
        await asyncio.sleep(self.seconds)
        return self.script.pop(0) if self.script else ok()


def endpoint_at(server: Server) -> Endpoint:
    """An endpoint behind which the server is."""
    made = Endpoint(base_url="http://model.example/v1", api_key=None)
    made._calls = server  # type: ignore[assignment]
    return made


def patient(seconds: float = 3600.0, told: list[str] | None = None) -> Caller:
    """A run."""
    return Caller(patience=seconds, queues_within_it=False, tell=None if told is None else told.append)


async def work(
    endpoint: Endpoint,
    calls: int,
    *,
    caller: Caller | None = None,
    most: int = 32,
    workers: int = 200,
    seconds: float = 120.0,
    retries: int = 3,
    name: object = "config",
) -> list[Any]:
    """Make so many calls, as a run does; what comes of each, errors included."""
    asked = endpoint.called_by(patient() if caller is None else caller)
    left = iter(range(calls))
    results: list[Any] = []

    async def one_after_another() -> None:
        for _ in left:
            try:
                results.append(
                    await asked.ask(
                        "/chat/completions",
                        {"model": "m"},
                        attempt_seconds=seconds,
                        max_retries=retries,
                        bound=Bound(name, most),
                    )
                )
            except Exception as error:  # noqa: BLE001 - it is what came of the call
                results.append(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(workers, calls)):
            group.create_task(one_after_another())
    return results


def after(server: Server, calls: int, **given: Any) -> float:
    """Make the calls, all of which have to be answered; seconds that they took together."""

    async def main() -> float:
        results = await work(endpoint_at(server), calls, **given)
        assert [result for result in results if not isinstance(result, Received)] == []
        assert len(results) == calls
        return clock()

    return run(main())
