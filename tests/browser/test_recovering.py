"""Pages that are open while their server is killed: they go on by themselves once it is there again."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from elluminate_server.http.access import open_default_project
from elluminate_server.settings import Settings, normalise_database_url
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare
from elluminate_server.store.tables import Experiment, Task
from tests.server.conftest import KEY
from tests.server.pages.filling import fill
from tests.support.serve_process import serving


async def _with_a_run(path: Path) -> None:
    settings = Settings(database_url=normalise_database_url(str(path)), api_key=KEY)
    async with Store(settings.database_url) as store:
        await prepare(store)
        await open_default_project(store, settings)
        experiment_id = await fill(store, rows=3, name="Running")
        async with store.write() as session:
            session.add(
                Task(
                    id="r" * 32,
                    project_id=1,
                    experiment_id=experiment_id,
                    kind="experiment",
                    status="STARTED",
                )
            )
            await session.flush()
            (await session.get_one(Experiment, experiment_id)).generation_task_id = "r" * 32


def _end_the_run(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE tasks SET status = 'SUCCESS'")
        connection.execute("UPDATE experiments SET generation_task_id = NULL")


def test_open_pages_go_on_after_their_server_was_killed(browser: Any, tmp_path: Path) -> None:
    database = tmp_path / "pages.db"
    # In a thread of its own: Playwright has the loop of this one.
    filling = threading.Thread(target=lambda: asyncio.run(_with_a_run(database)))
    filling.start()
    filling.join()
    environment = {"ELLUMINATE_API_KEY": KEY}
    context = browser.new_context()
    with serving(database, "--no-work", environment=environment) as served:
        entrance = context.new_page()
        entrance.goto(f"{served.base_url}/login")
        entrance.get_by_label("API key").fill(KEY)
        with entrance.expect_navigation():
            entrance.keyboard.press("Enter")
        one, listed, queue = (context.new_page() for _ in range(3))
        for page, path in ((one, "experiments/1"), (listed, "experiments"), (queue, "queue")):
            page.goto(f"{served.base_url}/projects/1/{path}")
        assert one.locator("#progress h2").inner_text() == "Running"
        served.process.kill()
        served.process.wait(30)
        for page in (one, listed, queue):
            page.wait_for_event("requestfailed")
        _end_the_run(database)
    port = urlsplit(served.base_url).port or 0
    with serving(database, "--no-work", port=port, environment=environment):
        one.get_by_role("heading", name="Results").wait_for()
        listed.get_by_role("cell", name="done").wait_for()
        queue.get_by_text("Nothing waits, and nothing runs.").wait_for()
        context.close()
