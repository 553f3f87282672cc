"""Every page there is, for everybody: themes, sizes, zoom, the keyboard alone, and without scripting or motion."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.browser.watching import Page, watched
from tests.server.conftest import KEY
from tests.server.pages.furnishing import furnish
from tests.server.pages.looking import address_of
from tests.server.pages.pictures import pictured
from tests.support.serve_process import serving

DESKTOP, PHONE, ZOOMED = (1280, 900), (320, 640), (640, 450)
"""A window of 1280 pixels at 200 % has room for 640."""


@attrs.define
class Looking:
    """Opens every page of a server whose pages all have something to show."""

    address: str
    addresses: list[str]
    browser: Any
    cookies: Any
    wrong: list[str]

    def pages(self, size: tuple[int, int] = DESKTOP, **options: Any) -> Iterator[tuple[str, Page]]:
        width, height = size
        options = {"reduced_motion": "reduce", "viewport": {"width": width, "height": height}} | options
        context = self.browser.new_context(**options)
        context.add_cookies(self.cookies)
        page = watched(context.new_page(), self.address, self.wrong)
        for path in self.addresses:
            page.goto(f"{self.address}{path}")
            yield path, page
        context.close()


@pytest.fixture(scope="module")
def furnished(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looking]:
    database = tmp_path_factory.mktemp("everybody") / "pages.db"
    ids = furnish(database)
    with serving(database, "--no-work", environment={"ELLUMINATE_API_KEY": KEY}) as served:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{served.base_url}/login")
        page.get_by_label("API key").fill(KEY)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        addresses = [address_of(one, ids) for one in pictured()]
        yield Looking(served.base_url, addresses, browser, context.cookies(), [])
        context.close()


@pytest.fixture
def looking(furnished: Looking) -> Iterator[Looking]:
    furnished.wrong.clear()
    yield furnished
    assert furnished.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    looking: Looking, size: tuple[int, int], scheme: str
) -> None:
    axe = import_module("axe_playwright_python.sync_playwright").Axe()
    script = Path(import_module("axe_playwright_python.base").AXE_FILE_PATH).read_text("utf-8")
    # axe runs as a script in the page: of this context alone, the policy lets it.
    for path, page in looking.pages(size, color_scheme=scheme, bypass_csp=True):
        page.evaluate(script)
        found = axe.run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


def test_nothing_is_cut_off_at_twice_the_size(looking: Looking) -> None:
    for path, page in looking.pages(ZOOMED, device_scale_factor=2):
        assert page.evaluate("document.documentElement.scrollWidth") <= ZOOMED[0], path


_FOCUSABLE = """() => [...document.querySelectorAll(
  "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
)].filter((one) => one.checkVisibility()).length"""
_FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  if (one === document.body) return null;
  window.reached ??= new Set();
  window.reached.add(one);
  return [one.outerHTML.slice(0, 200), style.outlineStyle, parseFloat(style.outlineWidth), window.reached.size];
}"""


def test_everything_is_reached_by_the_keyboard_and_seen_there(looking: Looking) -> None:
    for path, page in looking.pages():
        wanted, reached = page.evaluate(_FOCUSABLE), 0
        for _ in range(2 * wanted):  # a field for a date takes several
            if reached == wanted:
                break
            page.keyboard.press("Tab")
            focused = page.evaluate(_FOCUSED)
            if focused is not None:
                html, outline, width, reached = focused
                assert outline == "solid", (path, html)
                assert width >= 2, (path, html)
        assert reached == wanted, path


def test_nothing_moves_for_who_wants_none_of_it(looking: Looking) -> None:
    moving = """() => document.getAnimations().length + [...document.querySelectorAll("*")].filter(
      (one) => getComputedStyle(one).transitionDuration !== "0s").length"""
    for path, page in looking.pages():
        assert page.evaluate(moving) == 0, path


def test_pages_are_the_same_without_scripts(looking: Looking) -> None:
    with_scripts = {path: page.locator("main").inner_text() for path, page in looking.pages()}
    for path, page in looking.pages(java_script_enabled=False):
        assert page.locator("main").inner_text() == with_scripts[path], path
