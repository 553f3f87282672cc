"""The audit log of the key's project."""

from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.reading.audit import audit_lines, present_audit_line
from elluminate_server.store.tables import AuditEvent

__all__: list[str] = []


@operation("list_audit_events")
async def list_audit_events(call: Call) -> Answer:
    """In the order in which they were written, so that pages stay what they are while lines come."""
    filters = {name: value for name, value in call.query.items() if name != "page"}
    query = audit_lines(project_id=call.project_id, **filters)
    async with call.read() as session:
        rows, count = await page_of(call, session, query, AuditEvent.id)
    return call.answer(paged([present_audit_line(row) for row in rows], count))
