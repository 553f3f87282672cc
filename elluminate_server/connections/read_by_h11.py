"""A connection whose requests are read by h11, in Python, for where httptools is not installed."""

from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from elluminate_server.connections.bounded import BoundedConnection, Debt

__all__ = ["H11Connection"]


class H11Connection(BoundedConnection, H11Protocol):
    """uvicorn's protocol, whose parser tells its state and how much it could not use yet."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._at: object = None

    @property
    def _is_begun(self) -> bool:
        return self.debt is Debt.BODY or bool(self.conn.trailing_data[0])

    @property
    def _is_in_request_line(self) -> bool:
        return b"\n" not in self.conn.trailing_data[0]

    def _parse(self, piece: bytes) -> None:
        H11Protocol.data_received(self, piece)
        self._see_state()

    def _see_state(self, now: float | None = None) -> None:
        state = self.conn.their_state
        if (state, self.cycle) != self._at:
            self._at = (state, self.cycle)
            self._owe(_DEBTS.get(state, Debt.NOTHING), now)
        # What waits behind a request that is not answered yet is not looked at, and costs nothing.
        self._unused = 0 if self.debt is Debt.NOTHING else len(self.conn.trailing_data[0])

    def check(self, now: float) -> None:
        """End the connection when its client is overdue."""
        self._see_state(now)  # the end of an answer lets the parser go on without another byte
        super().check(now)


_DEBTS: dict[Any, Debt] = {h11.IDLE: Debt.HEAD, h11.SEND_BODY: Debt.BODY}
