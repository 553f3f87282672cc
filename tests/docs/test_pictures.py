"""Every page in a browser has its picture in the guide; `make screenshots` makes them."""

import re

from tests.server.pages.pictures import FOLDER, GUIDE, MOST_BYTES, picture_of, pictured


def test_every_page_has_its_picture_in_the_guide() -> None:
    shown = dict(re.findall(r"!\[([^\]]+)\]\(images/pages/([^)]+)\)", GUIDE.read_text("utf-8")))
    named = {picture_of(one) for one in pictured()}
    assert len(named) == len(pictured())
    assert set(shown.values()) == named, (
        "a line of docs/guide/pages.md for each: ![what it shows](images/pages/NAME.png)"
    )
    assert len(shown) == len(named), "each says what is on it, and none says what another does"


def test_pictures_are_there_and_small() -> None:
    sizes = {one.name: one.stat().st_size for one in FOLDER.iterdir()}
    assert set(sizes) == {picture_of(one) for one in pictured()}, "make screenshots"
    assert all(size <= MOST_BYTES for size in sizes.values()), sizes
    assert sum(sizes.values()) < 1_500_000
