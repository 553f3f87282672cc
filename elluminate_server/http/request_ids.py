"""Every request has an id, from its client or new: in its log lines, and in the header of its answer."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from elluminate_server.operating.context import current_request_id, request_id_from

__all__ = ["RequestIds"]

_HEADER = b"x-request-id"


class RequestIds:
    """Around an ASGI application.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request under its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_from(
            next((value for name, value in scope["headers"] if name == _HEADER), None)
        )
        sent = (_HEADER, request_id.encode("ascii"))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), sent]
            await send(message)

        token = current_request_id.set(request_id)
        await self._app(scope, receive, send_with_id)
        # Not after an exception: whoever serves the application logs it, as part of this request.
        current_request_id.reset(token)
