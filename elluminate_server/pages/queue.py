"""What waits and runs, and who works on it."""

from starlette.responses import Response

from elluminate_server.pages.paging import Paging
from elluminate_server.pages.visits import Visit, page
from elluminate_server.reading.queue import count_tasks, load_tasks, workers_of

__all__: list[str] = []

_SIZE = 50


@page("/projects/{project_id:int}/queue")
async def queue(visit: Visit) -> Response:
    """The project's tasks that are not over, oldest first; the tables ask for themselves again while there are some."""
    count = await count_tasks(visit.session, visit.project_id)
    paging = Paging(visit.asked_number("page", 1), _SIZE, count)
    tasks = await load_tasks(visit.session, visit.project_id, limit=_SIZE, offset=paging.offset)
    shown = {"place": "queue", "tasks": tasks, "workers": workers_of(tasks), "paging": paging}
    return visit.show("queue_tables.html" if visit.is_partial else "queue.html", **shown)
