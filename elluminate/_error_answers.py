"""The typed exception for an answer that is not 2xx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from elluminate_api.models import AgentResultTaskRefOut

from elluminate._http import json_of, kept_text, retry_after_of
from elluminate.exceptions import (
    APIError,
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TaskMatchError,
)

if TYPE_CHECKING:
    from elluminate._http import Response

_BY_STATUS: dict[int, type[APIError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
}


def error_from(response: Response, message: str | None = None) -> APIError:
    """The typed exception for an answer that is not 2xx."""
    decoded = json_of(response)
    detail: Any = decoded.get("detail") if isinstance(decoded, dict) else None
    if message is None:
        message = (
            _as_text(detail) if detail else kept_text(response).strip() or f"HTTP {response.status_code}"
        )
    status = response.status_code
    if isinstance(decoded, dict) and decoded.get("kind") == "unmatched_tasks":
        return _task_match_error(message, response, decoded)
    if status == 429:
        return RateLimitError(message, status, response, retry_after=retry_after_of(response))
    if status >= 500:
        return ServerError(message, status, response, retry_after=retry_after_of(response))
    return _BY_STATUS.get(status, APIError)(message, status, response)


def _task_match_error(message: str, response: Response, body: dict[str, Any]) -> APIError:
    """The refusal of agent results; a plain error if its body is not what the contract says."""
    try:
        return TaskMatchError(
            message,
            response.status_code,
            response,
            accepted_tasks=msgspec.convert(body.get("accepted_tasks"), list[AgentResultTaskRefOut]),
            accepted_tasks_total=msgspec.convert(body.get("accepted_tasks_total", 0), int),
            reasons=msgspec.convert(body.get("results", []), list[str]),
        )
    except msgspec.ValidationError:
        return APIError(message, response.status_code, response)


def _as_text(detail: Any) -> str:
    """A `detail` as text; the list form of validation errors becomes one line per problem."""
    if isinstance(detail, list):
        return "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
            if isinstance(item, dict) and "loc" in item and "msg" in item
            else str(item)
            for item in detail
        )
    return str(detail)
