"""Style and scripts: what they weigh, where they are from, how long they are kept."""

import hashlib
import importlib.resources
import json

import httpx
import pytest

from elluminate_server.pages.assets import ASSETS, asset_url, assets

pytestmark = pytest.mark.anyio


def test_htmx_is_the_file_that_its_note_says() -> None:
    folder = importlib.resources.files("elluminate_server.pages").joinpath("static")
    note = json.loads(folder.joinpath("htmx.json").read_text("utf-8"))
    body = folder.joinpath("htmx.min.js").read_bytes()

    assert hashlib.sha256(body).hexdigest() == note["sha256"]
    assert f'version:"{note["version"]}"'.encode() in body
    assert folder.joinpath("htmx.LICENSE").read_text("utf-8").startswith("Zero-Clause BSD")


def test_all_together_weigh_less_than_a_hundred_kilobytes() -> None:
    assert sum(len(body) for body, _ in assets().values()) < 100_000


@pytest.mark.parametrize("name", ASSETS)
async def test_an_asset_is_kept_under_its_digest_alone(stranger: httpx.AsyncClient, name: str) -> None:
    kept = await stranger.get(asset_url(name))
    assert kept.status_code == 200
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["x-content-type-options"] == "nosniff"
    assert (await stranger.get(f"/static/{name}?v=old")).headers["cache-control"] == "no-cache"


def test_no_style_or_script_asks_for_anything_elsewhere() -> None:
    for name in ("pages.css", "pages.js", "icon.svg"):
        text = assets()[name][0].decode().replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text
        assert "url(" not in text
        assert "@import" not in text
