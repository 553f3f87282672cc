"""What somebody wrote, in a real browser: nothing of it runs, nothing leaves, and all of it is read."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

from elluminate_server.http.access import open_default_project
from elluminate_server.settings import Settings, normalise_database_url
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare
from tests.browser.watching import printing, watched
from tests.server.pages.attacks import attack, shown


async def _attacked(path: Path) -> dict[str, tuple[int, int]]:
    settings = Settings(database_url=normalise_database_url(str(path)))
    async with Store(settings.database_url) as store:
        await prepare(store)
        await open_default_project(store, settings)
        return await attack(store)


def test_nothing_that_somebody_wrote_runs_or_leaves(browser: Any, tmp_path: Path) -> None:
    found: list[dict[str, tuple[int, int]]] = []
    # In a thread of its own: Playwright has the loop of this one.
    filling = threading.Thread(target=lambda: found.append(asyncio.run(_attacked(tmp_path / "pages.db"))))
    filling.start()
    filling.join()
    (attacks,) = found
    wrong: list[str] = []
    with printing("serve", "--no-work", "--port", "0", "--database", str(tmp_path / "pages.db")) as link:
        address = link.partition("/login")[0]
        context = browser.new_context()
        page = watched(context.new_page(), address, wrong)
        page.goto(link)
        for number in range(1, len(attacks) // 25 + 2):
            page.goto(f"{address}/projects/1/experiments?page={number}")
        for text, (experiment_id, response_id) in attacks.items():
            for path in (f"experiments/{experiment_id}", f"responses/{response_id}"):
                page.goto(f"{address}/projects/1/{path}")
                assert page.evaluate("text => document.body.textContent.includes(text)", shown(text)), text
                assert (
                    page.locator("main :is(script, style, iframe, object, img, video, base, meta)").count()
                    == 0
                )
                assert page.url == f"{address}/projects/1/{path}"
        for path in ("collections", "templates", "criterion-sets", "llm-configs", "queue"):
            page.goto(f"{address}/projects/1/{path}")
        context.close()
    assert wrong == []
