"""Collected only when this folder is asked for by its path: it needs Chromium, and the extra "browser"."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.support.lanes import asked_for_alone

pytest_ignore_collect = asked_for_alone("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, without a window; ELLUMINATE_CHROMIUM names another one."""
    found = os.environ.get("ELLUMINATE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "Chromium is missing: apt-get install chromium, or name it in ELLUMINATE_CHROMIUM"
    with import_module("playwright.sync_api").sync_playwright() as playwright:
        # The sandbox needs rights that containers do not give; what is shown here is made by the tests.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
