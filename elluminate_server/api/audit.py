"""The audit log of the key's project."""

import difflib

from elluminate_server.http.contract import operations
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Invalid
from elluminate_server.reading.audit import audit_lines, present_audit_line
from elluminate_server.store.audit_log import COMMANDS
from elluminate_server.store.tables import AuditEvent

__all__: list[str] = []


@operation("list_audit_events")
async def list_audit_events(call: Call) -> Answer:
    """In the order in which they were written, so that pages stay what they are while lines come."""
    filters = {name: value for name, value in call.query.items() if name != "page"}
    if (operation_id := filters.get("operation")) is not None:
        _check_is_known(operation_id)
    query = audit_lines(project_id=call.project_id, **filters)
    async with call.read() as session:
        rows, count = await page_of(call, session, query, AuditEvent.id)
    return call.answer(paged([present_audit_line(row) for row in rows], count))


def _check_is_known(name: str) -> None:
    """Refuse what no line is about: an empty list would say that it was never done."""
    known = [*operations(), *COMMANDS]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        meant = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise Invalid(
            f"operation: {name!r} is neither an operation of the contract, like 'delete_experiment', nor a command, "
            f"like 'keys create'.{meant}"
        )
