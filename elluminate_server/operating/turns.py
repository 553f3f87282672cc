"""Taking turns: what runs do comes in crowds, and others are served between two of it.

Fifty calls of a model that end together wake fifty tasks, and what the event loop is asked for meanwhile would wait
until the last of them has done its part. So each says `await my_turn()` before it: a few go on in each round of the
event loop, in the order in which they came, and the loop looks for other work between the rounds.
"""

import asyncio
from collections import deque
from weakref import WeakKeyDictionary

__all__ = ["IN_A_ROUND", "my_turn"]

IN_A_ROUND = 2
"""How many go on in one round of an event loop; each computes for about half a millisecond."""


class _Turns:
    """The turns of one event loop, which it does not hold on to."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = 0
        """Turns of this round; from the first one on, the next round is in the loop's line."""

    async def take(self) -> None:
        if self._taken < IN_A_ROUND and not self._waiting:
            if not self._taken:
                asyncio.get_running_loop().call_soon(self._begin_round)
            self._taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _begin_round(self) -> None:
        self._taken = 0
        while self._waiting and self._taken < IN_A_ROUND:
            turn = self._waiting.popleft()
            if not turn.done():  # else who waited was cancelled
                turn.set_result(None)
                self._taken += 1
        if self._taken:
            asyncio.get_running_loop().call_soon(self._begin_round)


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()


async def my_turn() -> None:
    """Wait until it is one's turn in the running event loop: at once, where few wait."""
    loop = asyncio.get_running_loop()
    turns = _turns.get(loop)
    if turns is None:
        turns = _turns[loop] = _Turns()
    await turns.take()
