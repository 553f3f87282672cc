"""A scripted OpenAI-compatible server: what providers answer, and everything that can go wrong with them.

Answers have all the keys of the provider's own ("The chat completion object" of OpenAI's API reference). Example:

    with ModelServer() as server:
        server.fail(2, status=429, retry_after=0)
        server.say('{"reasoning": "It is short.", "rating": "NO"}')
        ...  # talk to server.base_url
        assert server.requests[0].json["model"] == "gpt-test"
"""

import asyncio
import json
import re
import socket
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import attrs
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

__all__ = ["CapturedRequest", "ModelServer", "Reply", "completion", "failure", "refusal"]

_BOUND = 60.0
"""Seconds that any wait in here may take before it fails."""


@attrs.frozen
class CapturedRequest:
    """A request as it arrived."""

    path: str
    query: str
    headers: Mapping[str, str]
    json: dict[str, Any]

    @property
    def kind(self) -> str:
        """What was asked for: `verdict`, `verdicts`, `criteria`, `row` or `answer`."""
        response_format = self.json.get("response_format") or {}
        name = (response_format.get("json_schema") or {}).get("name")
        if name in ("verdict", "verdicts", "criteria", "row"):
            return str(name)
        system = next((m["content"] for m in self.json["messages"] if m["role"] == "system"), "")
        for sign, kind in (
            ('{"1": {"reasoning"', "verdicts"),
            ('"rating"', "verdict"),
            ('{"criteria"', "criteria"),
            ("You invent test cases", "row"),
        ):
            if sign in system:
                return kind
        return "answer"

    @property
    def criteria(self) -> list[str]:
        """The criteria that a judge is asked about, as it is shown them, in their order."""
        return re.findall(
            r"<<<\w+ criterion(?: \d+)?\n(.*?)\n\w+>>>", self.json["messages"][1]["content"], re.DOTALL
        )


@attrs.frozen
class Reply:
    """One scripted reply: a status and the bytes of a body."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)
    content_type: str = "application/json"


def completion(
    text: str | None,
    *,
    finish_reason: str = "stop",
    model: str = "scripted",
    input_tokens: int = 11,
    output_tokens: int = 7,
    reasoning_tokens: int = 3,
    cached_tokens: int = 2,
    **message: Any,
) -> Reply:
    """A chat completion that says the text; further arguments are keys of its message (`tool_calls`, ...)."""
    unset = dict.fromkeys(("refusal", "annotations", "audio", "function_call", "tool_calls"))
    answer = {
        "id": "chatcmpl-scripted",
        "choices": [
            {
                "finish_reason": finish_reason,
                "index": 0,
                "logprobs": None,
                "message": {"role": "assistant", "content": text, **unset, **message},
            }
        ],
        "created": 1_700_000_000,
        "model": model,
        "object": "chat.completion",
        "service_tier": None,
        "system_fingerprint": None,
        "usage": {
            "completion_tokens": output_tokens,
            "prompt_tokens": input_tokens,
            "total_tokens": input_tokens + output_tokens,
            "completion_tokens_details": {
                "accepted_prediction_tokens": None,
                "audio_tokens": None,
                "reasoning_tokens": reasoning_tokens,
                "rejected_prediction_tokens": None,
            },
            "prompt_tokens_details": {"audio_tokens": None, "cached_tokens": cached_tokens},
        },
    }
    return Reply(json.dumps(answer).encode())


def failure(
    status: int,
    message: str = "scripted failure",
    *,
    code: str | None = None,
    retry_after: float | None = None,
) -> Reply:
    """An error status with the provider's error object."""
    error = {"message": message, "type": "server_error", "code": code, "param": None}
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Reply(json.dumps({"error": error}).encode(), status=status, headers=headers)


def refusal(message: str = "scripted refusal") -> Reply:
    """An error that no second attempt would change."""
    return failure(400, message)


class ModelServer:
    """The server, in a thread, on a port of 127.0.0.1, for as long as the `with` block lasts.

    Args:
        port: The port; 0 for one that the system gives.

    Attributes:
        latency: Seconds every reply waits; the server goes on serving others meanwhile.
        answer: Makes the text of an ordinary answer from the request, or a whole reply; "An answer to: <last
            message>" by default.
        verdict: Makes the text of a judge's answer, or a whole reply; YES by default.
        verdicts: The same for the answer of a judge that is asked about several criteria at once.
        refused_formats: How requests with a response format of this type are answered, before any other reply.
        requests: Every request so far, in the order of arrival.
        most_at_once: Most requests that were open at the same time.
        open_seconds: Seconds that requests were open, all of them added up.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self.latency = 0.0
        self.answer: Callable[[CapturedRequest], str | Reply] = _default_answer
        self.verdict: Callable[[CapturedRequest], str | Reply] = lambda request: _VERDICT
        self.verdicts: Callable[[CapturedRequest], str | Reply] = _default_verdicts
        self.refused_formats: dict[str, Reply] = {}
        self.requests: list[CapturedRequest] = []
        self.most_at_once = 0
        self.open_seconds = 0.0
        self._at_once = 0
        self._replies: deque[Reply] = deque()
        self._changed = threading.Condition()
        self._held: Callable[[CapturedRequest], bool] = _nothing
        self._trickles = False
        self._opened: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # Scripting

    def reply(self, *replies: Reply) -> None:
        """Queue replies; each is used for one request, before any default."""
        self._replies.extend(replies)

    def say(self, *texts: str) -> None:
        """Queue completions with these texts."""
        self.reply(*map(completion, texts))

    def fail(
        self,
        times: int,
        *,
        status: int = 503,
        message: str = "scripted failure",
        retry_after: float | None = None,
    ) -> None:
        """Answer the next requests with an error status and the provider's error object."""
        self.reply(*[failure(status, message, retry_after=retry_after)] * times)

    def malform(self, times: int) -> None:
        """Answer the next requests with a body that breaks off in the middle of its JSON."""
        self.reply(*[Reply(completion("never seen").body[:60])] * times)

    def send_html(self, times: int) -> None:
        """Answer the next requests with a proxy's HTML page and status 200."""
        self.reply(*[Reply(b"<html><body>Sign in</body></html>", content_type="text/html")] * times)

    @contextmanager
    def held(self, only: Callable[[CapturedRequest], bool] = lambda request: True) -> Iterator[None]:
        """Let no request be answered inside the block; or only none of those that are meant."""
        self._held = only
        try:
            yield
        finally:
            self._held = _nothing
            self._let_go()

    @contextmanager
    def trickling(self) -> Iterator[None]:
        """Send answers byte by byte inside the block, twenty a second, so that none is ever complete."""
        self._trickles = True
        try:
            yield
        finally:
            self._trickles = False

    def wait_for_requests(
        self, count: int, only: Callable[[CapturedRequest], bool] = lambda request: True
    ) -> None:
        """Wait until so many requests, or so many of those that are meant, have arrived.

        Raises:
            AssertionError: They had not within a minute.
        """
        with self._changed:
            arrived = self._changed.wait_for(lambda: sum(map(only, self.requests)) >= count, timeout=_BOUND)
            found = sum(map(only, self.requests))
        assert arrived, f"{found} of {count} requests arrived within {_BOUND} s"

    # Running

    @property
    def base_url(self) -> str:
        """The address to give as a base URL."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        # With its protocol: asyncio sends small parts at once (TCP_NODELAY) only where it is known to be TCP.
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", self._port))
        # From here on connections queue up, so that nobody has to wait for the thread.
        self._socket.listen(128)
        paths = ("/v1/chat/completions", "/openai/deployments/{model}/chat/completions")
        app = Starlette(
            routes=[Route(path, self._serve, methods=["POST"]) for path in paths], lifespan=self._lifespan
        )
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=2
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="model-server", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._held = _nothing
        self._let_go()
        self._server.should_exit = True
        self._thread.join(_BOUND)
        self._socket.close()
        assert not self._thread.is_alive(), f"the model server did not stop within {_BOUND} s"

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self._opened = asyncio.Event()
        yield

    def _let_go(self) -> None:
        if self._loop is not None and self._opened is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._opened.set)

    async def _serve(self, request: Request) -> Response:
        captured = CapturedRequest(
            path=request.url.path,
            query=request.url.query,
            headers=dict(request.headers),
            json=json.loads(await request.body()),
        )
        with self._changed:
            self.requests.append(captured)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self._changed.notify_all()
        arrived = time.monotonic()
        try:
            assert self._opened is not None
            while self._held(captured):
                self._opened.clear()
                await self._opened.wait()
            if self.latency:
                await asyncio.sleep(self.latency)
            reply = self.refused_formats.get((captured.json.get("response_format") or {}).get("type", ""))
            if reply is None:
                reply = self._replies.popleft() if self._replies else self._default(captured)
        finally:
            with self._changed:
                self._at_once -= 1
                self.open_seconds += time.monotonic() - arrived
        if self._trickles:
            return StreamingResponse(self._trickled(reply.body), media_type=reply.content_type)
        return Response(
            reply.body, status_code=reply.status, headers=dict(reply.headers), media_type=reply.content_type
        )

    async def _trickled(self, body: bytes) -> AsyncIterator[bytes]:
        for byte in body:
            if not self._trickles:
                return
            yield bytes([byte])
            await asyncio.sleep(0.05)

    def _default(self, request: CapturedRequest) -> Reply:
        match request.kind:
            case "verdict":
                return _reply(self.verdict(request))
            case "verdicts":
                return _reply(self.verdicts(request))
            case "criteria":
                return completion(json.dumps({"criteria": list(PROPOSED_CRITERIA)}))
            case "row":
                schema = request.json["response_format"]["json_schema"]["schema"]
                return completion(json.dumps({name: f"new {name}" for name in schema["properties"]}))
        return _reply(self.answer(request))


PROPOSED_CRITERIA = ("Is the response correct?", "Is the response short?", "Is the response in English?")
_VERDICT = '{"reasoning": "The scripted judge says so.", "rating": "YES"}'


def _default_verdicts(request: CapturedRequest) -> str:
    return json.dumps({str(number): json.loads(_VERDICT) for number in range(1, len(request.criteria) + 1)})


def _reply(said: str | Reply) -> Reply:
    return completion(said) if isinstance(said, str) else said


def _nothing(_request: CapturedRequest) -> bool:
    return False


def _default_answer(request: CapturedRequest) -> str:
    return f"An answer to: {request.json['messages'][-1]['content']}"
