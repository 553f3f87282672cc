"""A request's line of the audit log: written in the transaction of its effect, or when it is refused.

What an operation is done to is said by the contract (`x-object`): the thing that the path names, otherwise what was
made and is answered with.
"""

import ipaddress
import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from elluminate_server.http.access import Principal
from elluminate_server.http.contract import ContractOperation
from elluminate_server.http.notes import write_note
from elluminate_server.operating.context import current_request_id
from elluminate_server.store.audit_log import add_line
from elluminate_server.store.engine import BusyError, Store

__all__ = ["address_in", "log_effect", "log_refusal"]

_logger = logging.getLogger("elluminate_server.access")

_PARAMETERS = {"api_key": "key_id", "entry": "entry_id"}
"""What a kind's id is called in a path, where that is not its name and `_id`."""

_LARGEST_ID = 2**53 - 1


async def log_effect(
    session: AsyncSession,
    operation: ContractOperation,
    request: Request,
    principal: Principal,
    path: Mapping[str, Any],
    answered: Any = None,
) -> None:
    """Write the line of a request that is carried out.

    Args:
        session: Of the transaction that holds the effect.
        operation: What was asked for.
        request: The request.
        principal: Who asked.
        path: Its path parameters.
        answered: What it is answered with; None where that is not known yet.
    """
    line = _line(operation, request, principal, operation.status)
    identifier = _id_in(operation, path)
    made = answered[0] if isinstance(answered, list) and len(answered) == 1 else answered
    made_id, name = getattr(made, "id", None), getattr(made, "name", None)
    if identifier is None and isinstance(made_id, int):
        identifier = made_id
    is_shown = identifier is not None and made_id == identifier and isinstance(name, str)
    line["object_id"] = identifier
    line["object_name"] = name if is_shown else None
    await add_line(session, line, finds_name=not is_shown)


async def log_refusal(
    store: Store, operation: ContractOperation, request: Request, principal: Principal, status: int
) -> None:
    """Write the line of a request that may not do what it asks for."""
    line = _line(operation, request, principal, status)
    line["object_id"] = _id_in(operation, request.path_params)

    async def write() -> None:
        try:
            async with store.write(is_short=True) as session:
                await add_line(session, line, finds_name=False)
        except BusyError as error:
            _logger.warning("The audit log lacks that %s was refused: %s", operation.id, error)

    # Nothing was changed, and to refuse must not take longer than to serve.
    if not await write_note((id(store), "refusal", object()), write):
        _logger.warning("The audit log lacks that %s was refused: many notes wait already", operation.id)


def _line(
    operation: ContractOperation, request: Request, principal: Principal, status: int
) -> dict[str, Any]:
    client = request.client
    return {
        "project_id": principal.project_id,
        "key_id": principal.key_id,
        "key_name": principal.key_name,
        "key_role": principal.role,
        "address": None if client is None else address_in(client.host),
        "request_id": current_request_id.get(),
        "operation": operation.id,
        "method": operation.method,
        "path": operation.shown_path(request.path_params),
        "status": status,
        "object_kind": operation.object_kind,
        "object_id": None,
        "object_name": None,
    }


def address_in(host: str) -> str | None:
    """The IP address; None where a forwarding header said something else."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _id_in(operation: ContractOperation, path: Mapping[str, Any]) -> int | None:
    """The id in the path of what the operation is done to; the path need not have been checked."""
    kind = operation.object_kind
    text = str(path.get(_PARAMETERS.get(kind or "", f"{kind}_id"), ""))
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    return int(text) if int(text) <= _LARGEST_ID else None
