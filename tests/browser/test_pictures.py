"""Pictures of every page for the guide: `make screenshots` keeps them, the lane makes them to see that it can."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.browser.reducing import reduced
from tests.browser.watching import watched
from tests.server.conftest import KEY
from tests.server.pages.furnishing import furnish
from tests.server.pages.looking import address_of
from tests.server.pages.pictures import FOLDER, MOST_BYTES, picture_of, pictured
from tests.support.serve_process import serving

_AT_ONE_TIME = """() => {
  for (const one of document.querySelectorAll("time")) one.textContent = "2026-03-01 12:30 UTC";
}"""


def test_every_page_can_be_pictured(browser: Any, tmp_path: Path) -> None:
    folder = FOLDER if os.environ.get("ELLUMINATE_SCREENSHOTS") else tmp_path / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    ids = furnish(tmp_path / "pages.db")
    wrong: list[str] = []
    with serving(tmp_path / "pages.db", "--no-work", environment={"ELLUMINATE_API_KEY": KEY}) as served:
        context = browser.new_context(viewport={"width": 1000, "height": 640}, reduced_motion="reduce")
        page = watched(context.new_page(), served.base_url, wrong)
        blank = context.new_page()
        page.goto(f"{served.base_url}/login")
        page.get_by_label("API key").fill(KEY)
        page.keyboard.press("Enter")
        page.wait_for_url("**/experiments")
        for one in pictured():
            page.goto(f"{served.base_url}{address_of(one, ids)}")
            page.evaluate(_AT_ONE_TIME)
            picture = reduced(blank, page.screenshot())
            (folder / picture_of(one)).write_bytes(picture)
            assert len(picture) <= MOST_BYTES, picture_of(one)
        context.close()
    assert wrong == []
