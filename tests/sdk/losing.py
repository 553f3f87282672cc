"""A client whose answers can be lost on the way, and what the tests of lost answers do with it, in one go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field

from elluminate import RetryConfig
from elluminate_server import serving
from tests.support.worlds import World

__all__ = ["Act", "Losses", "losing"]

AT_ONCE = RetryConfig(min_wait=0, max_wait=0)


@define
class Losses:
    """Which answers are lost: while it is armed, the first one of every address.

    Attributes:
        lost: Method and path of the requests whose answers were lost.
    """

    lost: list[str] = field(factory=list)
    armed: bool = False
    _met: set[str] = field(factory=set)

    def loses(self, request: httpx.Request) -> bool:
        address = f"{request.method} {request.url}"
        if not self.armed or address in self._met:
            return False
        self._met.add(address)
        self.lost.append(f"{request.method} {request.url.path}")
        return True

    def arm(self, armed: bool) -> None:
        self.armed = armed
        self._met.clear()


@define
class LossyTransport(httpx.BaseTransport):
    """Sends a request, reads its answer, and loses it."""

    losses: Losses
    inner: httpx.HTTPTransport = field(factory=httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        if self.losses.loses(request):
            response.read()
            response.close()
            raise httpx.ReadError("the connection broke before the answer came", request=request)
        return response

    def close(self) -> None:
        self.inner.close()


@define
class LossyAsyncTransport(httpx.AsyncBaseTransport):
    """The same, for an event loop."""

    losses: Losses
    inner: httpx.AsyncHTTPTransport = field(factory=httpx.AsyncHTTPTransport)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        if self.losses.loses(request):
            await response.aread()
            await response.aclose()
            raise httpx.ReadError("the connection broke before the answer came", request=request)
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


@define
class Act:
    """A client of one world, and the means to lose answers during one call of it."""

    world: World
    client: Any
    losses: Losses
    name: str = ""

    def make(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """What the client's method gives when nothing is lost."""
        return self.world.call(self.client, method, *args, **kwargs)

    def on(self, owner: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        """What a model's method gives when nothing is lost."""
        return self.world.call(owner, method, *args, **kwargs)

    def lose(self, method: str, *args: Any, owner: Any = None, **kwargs: Any) -> Any:
        """What a method of the client, or of `owner`, gives when every first answer is lost."""
        before = len(self.losses.lost)
        self.losses.arm(True)
        try:
            return self.world.call(self.client if owner is None else owner, method, *args, **kwargs)
        finally:
            self.losses.arm(False)
            assert len(self.losses.lost) > before, "an answer was lost"

    def template(self) -> Any:
        return self.make(
            "create_prompt_template", self.name, template=f"Explain {{{{topic}}}} ({self.name})."
        )

    def collection(self) -> Any:
        return self.make("create_collection", self.name, variables=[{"topic": "a"}, {"topic": "b"}])

    def criterion_set(self) -> Any:
        return self.make("create_criterion_set", self.name, [f"Is it short ({self.name})?"])

    def planned(self) -> Any:
        return self.make(
            "create_experiment",
            self.name,
            self.template(),
            self.collection(),
            criterion_set=self.criterion_set(),
        )

    def agentic(self) -> Any:
        return self.make(
            "create_experiment",
            self.name,
            None,
            self.make(
                "create_collection", self.name, variables=[{"task": "sort"}], collection_type="AGENTIC"
            ),
            criterion_set=self.criterion_set(),
            evaluation_mode="AGENTIC",
        )

    def scenario_set(self) -> Any:
        made = self.make("create_scenario_set", self.name, fields=["level"])
        self.on(made, "add_scenarios", [{"goal": "Learn.", "expected_conversation_outcome": "Known."}])
        return made


# --- what is created, once


@contextmanager
def losing(world: World, path: Path, losses: Losses) -> Iterator[Any]:
    """A client of a database of its own, which loses answers while it is told to."""
    http: Any
    if world.is_async:
        http = httpx.AsyncClient(transport=LossyAsyncTransport(losses))
    else:
        http = httpx.Client(transport=LossyTransport(losses))
    try:
        with world.opened(f"local:{path.as_posix()}", http_client=http, retry_config=AT_ONCE) as client:
            yield client
    finally:
        if world.is_async:
            world.run(http.aclose())
        else:
            http.close()
        serving.stop_local_server(str(path))
