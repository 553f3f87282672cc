"""Style and scripts of the pages, each under an address with its digest, so that browsers keep it for long."""

import functools
import hashlib
import importlib.resources

from starlette.responses import Response

from elluminate._markup import PACKAGE

__all__ = ["ASSETS", "asset_url", "assets", "serve_asset"]

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

ASSETS = ("pages.css", "pages.js", "htmx.min.js", "icon.svg")


@functools.cache
def assets() -> dict[str, tuple[bytes, str]]:
    """Content and digest of each, by name."""
    folder = importlib.resources.files(__package__ or "").joinpath("static")
    contents = {name: folder.joinpath(name).read_bytes() for name in ASSETS}
    shared = importlib.resources.files(PACKAGE).joinpath("shared.css").read_bytes()
    contents["pages.css"] = shared + contents["pages.css"]
    return {name: (body, hashlib.sha256(body).hexdigest()[:16]) for name, body in contents.items()}


def asset_url(name: str) -> str:
    """Its address, which is another one when its content is."""
    return f"/static/{name}?v={assets()[name][1]}"


def serve_asset(name: str, digest: str) -> Response | None:
    """The answer to who asks for it; None where there is none of that name."""
    if name not in ASSETS:
        return None
    body, known = assets()[name]
    kept = "public, max-age=31536000, immutable" if digest == known else "no-cache"
    return Response(body, media_type=_TYPES[name.rpartition(".")[2]], headers={"Cache-Control": kept})
