"""Calls to an endpoint, without a model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from elluminate_server.llm.endpoint import Endpoint
from elluminate_server.llm.gates import Caller
from tests.support.model_server import completion

KEY = "key-that-must-not-be-seen"
REQUEST = {"model": "gpt-test", "messages": [{"role": "user", "content": "Explain tides."}]}
BODY = completion("The moon.").body
OK = b"HTTP/1.1 200 OK\r\n"


@asynccontextmanager
async def endpoint(base_url: str, *, patience: float = 0.0, **given: Any) -> AsyncIterator[Endpoint]:
    made = Endpoint(base_url=base_url, api_key=KEY, **given)
    try:
        yield made.called_by(Caller(patience=patience))
    finally:
        await made.aclose()


async def ask(
    asked: Endpoint, request: Any = REQUEST, *, seconds: float = 20.0, retries: int = 0, **given: Any
) -> bytes:
    received = await asked.ask(
        "/chat/completions", request, attempt_seconds=seconds, max_retries=retries, **given
    )
    return received.body


def ask_once(base_url: str, *, seconds: float = 20.0, retries: int = 0, **given: Any) -> bytes:
    async def run() -> bytes:
        async with endpoint(base_url, **given) as asked:
            return await ask(asked, seconds=seconds, retries=retries)

    return asyncio.run(run())
