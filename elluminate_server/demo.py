"""An example to look at, in the database of `elluminate view --demo`."""

from starlette.applications import Starlette

from elluminate_server.http.access import open_default_project
from elluminate_server.writing.demonstrating import add_demo

__all__ = ["load_demo"]


async def load_demo(app: Starlette) -> None:
    """Store the example in the default project of an application that runs, and start its runs."""
    state = app.state
    project_id = await open_default_project(state.store, state.settings)
    async with state.store.write() as session:
        await add_demo(session, project_id, state.settings, state.executor.process)
    state.executor.wake()
