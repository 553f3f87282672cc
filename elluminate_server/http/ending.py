"""Requests that are being answered when the server has to stop."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from starlette.responses import Response

from elluminate_server.http.problems import Unavailable

__all__ = ["in_hand"]


async def in_hand(state: Any, answering: Awaitable[Response]) -> Response:
    """Answer, and be known as being answered meanwhile: what takes too long at the end is cancelled.

    Args:
        state: Of the application: `in_hand`, and `is_ending`.
        answering: What makes the answer.

    Raises:
        Unavailable: The server stops, and did not wait.
    """
    task = asyncio.current_task()
    state.in_hand.add(task)
    try:
        return await answering
    except asyncio.CancelledError:
        if not state.is_ending:
            raise
        raise Unavailable(
            "The server stops, and does not wait for the end of this request. Send it again soon."
        ) from None
    finally:
        state.in_hand.discard(task)
