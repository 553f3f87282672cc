"""Servers as people start them, and pages that are watched for what they must not do."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

from tests.support.serve_process import clean_environment

__all__ = ["Page", "printing", "watched"]

Page = Any
"""`playwright.sync_api.Page`; the package comes with an extra of its own."""


class printing:
    """The command line with these arguments; gives the link that it prints."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "elluminate", *arguments],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def __enter__(self) -> str:
        assert self._process.stdout is not None
        printed = ""
        for line in self._process.stdout:
            printed += line
            if found := re.search(r"http://\S+/login\S+", line):
                return found[0]
        raise AssertionError(f"not ready: {printed}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)
        assert self._process.returncode == 0


def watched(page: Page, address: str, wrong: list[str]) -> Page:
    """The page; `wrong` gets whatever it fetches elsewhere, runs or complains of."""

    def is_here(url: str) -> bool:
        return urlsplit(url).netloc == urlsplit(address).netloc

    page.on("request", lambda one: wrong.append(one.url) if not is_here(one.url) else None)
    page.on("response", lambda one: wrong.append(f"{one.status} {one.url}") if one.status >= 400 else None)
    page.on("dialog", lambda one: wrong.append(f"dialog {one.message}"))
    page.on("console", lambda one: wrong.append(one.text))
    page.on("pageerror", lambda one: wrong.append(str(one)))
    return page
