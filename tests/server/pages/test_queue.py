"""The queue on a page: what waits, what runs, and who works on it."""

import datetime

import pytest

from elluminate_server.execution.leases import LEASE_SECONDS
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Share, Task, WorkItem
from tests.server.conftest import World
from tests.server.pages.conftest import Browser
from tests.server.pages.looking import check_harmless

pytestmark = pytest.mark.anyio

QUEUE = "/projects/1/queue"


async def test_an_empty_queue_says_so(browser: Browser) -> None:
    page = await browser.see(QUEUE)
    assert "Nothing waits, and nothing runs." in page
    assert "http-equiv" not in page.replace("htmx-config", "")
    assert "hx-get" not in page


async def test_tasks_have_their_holders_and_heartbeats(
    browser: Browser, foreign: Browser, store: Store, world: World
) -> None:
    # Another process has them, so that this server's leaves them alone.
    now = utc_now()
    until = now + datetime.timedelta(seconds=LEASE_SECONDS - 1)
    async with store.write() as session:
        session.add_all(
            [
                Task(
                    id="a" * 32,
                    project_id=1,
                    experiment_id=world.experiment_id,
                    kind="experiment",
                    status="STARTED",
                    lease_owner="leader<script>",
                    lease_expires_at=until,
                ),
                Task(
                    id="b" * 32,
                    project_id=1,
                    kind="ratings",
                    status="STARTED",
                    lease_owner="leader<script>",
                    lease_expires_at=until,
                ),
                Task(id="c" * 32, project_id=1, kind="ratings", status="SUCCESS"),
            ]
        )
        await session.flush()
        session.add_all(
            [
                Share(task_id="a" * 32, owner="helper", expires_at=until),
                WorkItem(task_id="a" * 32, entry_id=world.entry_id, epoch=1, state="done"),
                WorkItem(task_id="a" * 32, entry_id=world.entry_id, epoch=2, holder="helper"),
            ]
        )
    page = await browser.see(QUEUE)
    check_harmless(page)
    assert "2 tasks" in page
    assert "1 of 2" in page
    assert "helper" in page
    assert "leader&lt;script&gt;" in page
    assert page.count(">there<") == 2
    assert (now - datetime.timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M UTC") in page
    assert "c" * 8 not in page
    assert 'hx-trigger="every 2s"' in page
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    part = await browser.http.get(QUEUE, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="queue" hx-get="/projects/1/queue"')
    assert "<html" not in part.text
    assert "Nothing waits" in await foreign.see("/projects/2/queue")
