"""Labels: what people say of responses, beside what the judge says."""

from elluminate_api import models

from elluminate_server.http.access import Principal
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.reading.labels import labels_of_project, present_label
from elluminate_server.store.tables import Label
from elluminate_server.writing.labels import labeller_of, put_labels, withdraw_label

__all__: list[str] = []


@operation("list_labels")
async def list_labels(call: Call) -> Answer:
    """In the order in which they were given."""
    asked = {name: value for name, value in call.query.items() if name not in ("page", "mine")}
    labeller = labeller_of(_principal(call)) if call.query["mine"] else None
    query = labels_of_project(call.project_id, labeller=labeller, **asked)
    async with call.read() as session:
        rows, count = await page_of(call, session, query, Label.id)
        return call.answer(paged([present_label(row) for row in rows], count))


@operation("put_labels")
async def put_labels_of_key(call: Call) -> Answer:
    """Each in place of the key's earlier one, which is kept."""
    request = call.decode(models.PutLabelsRequest)
    async with call.write() as session:
        stored = await put_labels(session, _principal(call), request.labels)
        return call.answer([present_label(row) for row in stored])


@operation("delete_label")
async def delete_label(call: Call) -> Answer:
    """It is kept, and does not count any more."""
    async with call.write() as session:
        await withdraw_label(session, _principal(call), call.path["label_id"])
        return call.answer()


def _principal(call: Call) -> Principal:
    if call.principal is None:
        raise RuntimeError(f"{call.operation.id} is never public")
    return call.principal
