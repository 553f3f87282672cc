"""A server of fixed bytes on loopback, so that only the two clients differ. Run as a process of its own."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import msgspec
import uvicorn

Message = MutableMapping[str, Any]

_WHEN = "2026-03-01T12:30:15.250000Z"
_PROJECT = {
    "id": 1,
    "name": "Benchmark",
    "description": "",
    "organization": {
        "id": 1,
        "name": "Benchmark",
        "domain": "",
        "stripe_subscription_id": None,
        "created_at": _WHEN,
        "updated_at": _WHEN,
    },
    "public_in_org": False,
    "created_at": _WHEN,
    "updated_at": _WHEN,
}
_CRITERION_SET = {
    "id": 1,
    "name": "Quality",
    "linked_prompt_templates": [],
    "criteria": [
        {
            "id": number,
            "criterion_str": f"Does the answer do what a user needs, point {number}?",
            "label": None,
            "created_at": _WHEN,
        }
        for number in range(1, 6)
    ],
}
PATH = "/api/v0/projects/1/criterion_sets/1"
_ANSWERS = {
    "/api/v0/version/compatible": msgspec.json.encode({"is_compatible": True}),
    "/api/v0/projects": msgspec.json.encode({"items": [_PROJECT], "count": 1}),
    PATH: msgspec.json.encode(_CRITERION_SET),
}


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer a known path with its bytes, anything else with 404."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    body = _ANSWERS.get(scope["path"])
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body or b""))]
    await send({"type": "http.response.start", "status": 200 if body else 404, "headers": headers})
    await send({"type": "http.response.body", "body": body or b""})


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Start the server in a process of its own; yields its base URL."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.fixed_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError("the benchmark's server did not start; its reason is above")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _serve() -> None:
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is: without that, an answer
    # in two pieces waits 40 ms for an acknowledgement, and the difference between two clients drowns in it.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # before the port is told, so that whoever reads it can connect
        print(listener.getsockname()[1], flush=True)
        config = uvicorn.Config(application, log_level="warning", lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    _serve()
