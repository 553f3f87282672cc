"""A connection whose requests are read by httptools, in C."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from elluminate_server.connections.bounded import BoundedConnection, Debt

__all__ = ["HttpToolsConnection"]

_LONGEST_ADDRESS = 65_535
"""What the parser's addresses can hold."""


class HttpToolsConnection(BoundedConnection, HttpToolsProtocol):
    """uvicorn's protocol, which is told of each part of a request as it is complete."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.url = b""
        self._begun = False

    @property
    def _is_begun(self) -> bool:
        return self._begun

    @property
    def _is_in_request_line(self) -> bool:
        # A header is told when it is complete, an address as it comes.
        return not self.headers and len(self.url) > self._bounds.head_bytes // 2

    @property
    def _may_answer(self) -> bool:
        return not self.pipeline and super()._may_answer

    def _parse(self, piece: bytes) -> None:
        self._unused += len(piece)
        HttpToolsProtocol.data_received(self, piece)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request, or one whose address the parser cannot hold."""
        if len(self.url) > _LONGEST_ADDRESS and self.debt is Debt.HEAD:
            self._refuse(414, f"The address is longer than {_LONGEST_ADDRESS} bytes. Shorten it.")
        else:
            super().send_400_response(msg)

    # What the parser tells.

    def on_message_begin(self) -> None:
        """The first byte of a request is here."""
        self._begun = True
        self._owe(Debt.HEAD)
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header is complete, or a trailer, which means nothing here."""
        if self.debt is Debt.HEAD:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The application can begin."""
        super().on_headers_complete()
        self._unused = 0
        self._owe(Debt.BODY)

    def on_body(self, body: bytes) -> None:
        """A part of the body is here."""
        self._unused = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here."""
        self._begun, self._unused = False, 0
        self._owe(Debt.NOTHING)
        super().on_message_complete()
