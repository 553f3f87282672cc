"""The server's side of the SDK's unit tests: scripted answers inside the HTTP library, without a socket."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
from attrs import define, field, frozen

from tests.unit.sdk.answers import project

BASE_URL = "http://evals.test"
PREFIX = "/api/v0"
API_KEY = "wire-secret-1f0c9a"


@frozen
class Reply:
    """An answer that can be given any number of times."""

    status: int = 200
    json: Any = None
    text: str | bytes | None = None
    headers: dict[str, str] = field(factory=dict)

    def build(self) -> httpx.Response:
        """A fresh answer of the HTTP library."""
        if self.text is not None:
            headers = {"content-type": "text/html; charset=utf-8", **self.headers}
            return httpx.Response(self.status, content=self.text, headers=headers)
        if self.json is None:
            return httpx.Response(self.status, headers=self.headers)
        return httpx.Response(self.status, json=self.json, headers=self.headers)


Answer: TypeAlias = "Reply | Exception | Callable[[httpx.Request], Reply]"


@define
class Wire:
    """Answers requests and takes them down; a request that nothing was scripted for fails the test.

    Attributes:
        requests: Everything asked beyond the start-up.
        startup: The version check and the list of projects.
        version: Answers the version check.
        projects: Answers the list of projects.
    """

    requests: list[httpx.Request] = field(factory=list)
    startup: list[httpx.Request] = field(factory=list)
    version: Answer = field(factory=lambda: Reply(json={"is_compatible": True, "required_sdk_version": None}))
    projects: Answer = field(factory=lambda: page_of(project()))
    _script: deque[Answer] = field(factory=deque)
    _routes: dict[tuple[str, str], Answer] = field(factory=dict)

    def then(self, *answers: Answer) -> None:
        """What the next requests get, in order."""
        self._script.extend(answers)

    def on(self, method: str, path: str, answer: Answer) -> None:
        """What every request of this method and path gets; `path` starts below the project."""
        self._routes[method, f"/projects/1{path}"] = answer

    def take(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        path = request.url.path.removeprefix(PREFIX)
        # A copy: what the SDK does to its request after sending it is not what was sent.
        sent = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        if path == "/version/compatible":
            self.startup.append(sent)
            answer = self.version
        elif path == "/projects":
            self.startup.append(sent)
            answer = self.projects
        else:
            self.requests.append(sent)
            routed = self._routes.get((request.method, path))
            if routed is not None:
                answer = routed
            elif self._script:
                answer = self._script.popleft()
            else:
                raise AssertionError(f"nothing was scripted for {request.method} {path}")
        if callable(answer):
            answer = answer(sent)
        if isinstance(answer, Exception):
            if isinstance(answer, httpx.RequestError):
                answer.request = request
            raise answer
        return answer.build()

    @property
    def left(self) -> int:
        """Scripted answers that nobody has asked for."""
        return len(self._script)


def page_of(*items: Any, count: int | None = None) -> Reply:
    """One page of a list."""
    return Reply(json={"items": list(items), "count": len(items) if count is None else count})
