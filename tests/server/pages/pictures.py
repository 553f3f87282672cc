"""Which pages have a picture in the documents, and what it is called: every one that there is, after its handler."""

from __future__ import annotations

from pathlib import Path

from elluminate_server.pages.visits import Page
from tests.server.pages.looking import pages_of

__all__ = ["FOLDER", "GUIDE", "MOST_BYTES", "picture_of", "pictured"]

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "pages.md"
FOLDER = GUIDE.parent / "images" / "pages"
MOST_BYTES = 60_000


def pictured() -> list[Page]:
    """The pages, without what is downloaded."""
    return [one for one in pages_of("GET") if not one.path.endswith(".csv")]


def picture_of(one: Page) -> str:
    """The name of its file."""
    return f"{one.handler.__name__.replace('_', '-')}.png"
