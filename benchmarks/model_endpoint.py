"""A model that answers everything after a fixed time, in a process of its own, and costs next to nothing itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

__all__ = ["running"]


def _completion(text: str) -> bytes:
    body = json.dumps(
        {
            "id": "chatcmpl-fixed",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "fixed",
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


_ANSWER = _completion("The moon draws the water after it, twice a day.")
_VERDICT = _completion(
    '{"reasoning": "It says what was asked for.", "rating": "YES", "pass": true, "score": 1, "reason": "It does."}'
)
_GRADE = _completion("It says what was asked for.\n\nGRADE: C")
_JUDGES = (b'"verdict"', b"<Rubric>")
_GRADERS = b"GRADE: "
"""By what the judges' prompts of this project, of promptfoo and of inspect_ai are known."""


class _Endpoint(asyncio.Protocol):
    """One connection; the requests on it come one after the other."""

    latency = 0.0

    def __init__(self) -> None:
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_ends = self._received.find(b"\r\n\r\n")
        if head_ends < 0:
            return
        head = bytes(self._received[:head_ends]).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self._received) < head_ends + 4 + length:
            return
        judges = any(sign in self._received for sign in _JUDGES)
        reply = _GRADE if _GRADERS in self._received else _VERDICT if judges else _ANSWER
        self._received.clear()
        asyncio.get_running_loop().call_later(self.latency, self._answer, reply)

    def _answer(self, reply: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)


@contextlib.contextmanager
def running(latency: float) -> Iterator[str]:
    """Start it; yields its base URL.

    Args:
        latency: Seconds that every answer takes.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.model_endpoint", str(latency)],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError("the benchmark's model did not start; its reason is above")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


async def _serve(latency: float) -> None:
    _Endpoint.latency = latency
    server = await asyncio.get_running_loop().create_server(_Endpoint, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
