"""Templates filled, and the headers that keep what they show harmless."""

import datetime
import functools
from collections.abc import Mapping
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from elluminate._markup import PACKAGE, dollars, harmless, interval_text, percent
from elluminate_server import __version__
from elluminate_server.pages.assets import asset_url

__all__ = ["POLICY", "html_response", "seconds_text", "secured", "shortened"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def secured(response: Response) -> Response:
    """The answer with the headers that every one of a page has."""
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def html_response(template: str, values: Mapping[str, Any], status: int = 200) -> Response:
    """A template of this package, filled."""
    return HTMLResponse(environment().get_template(template).render(values), status)


@functools.cache
def environment() -> Environment:
    """Escapes everything, and refuses names that are not given."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(__package__ or ""), PackageLoader(PACKAGE)]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(asset=asset_url, version=__version__, percent=percent, interval_text=interval_text)
    made.filters.update(when=_when, iso=_iso, seconds=seconds_text, dollars=dollars, shortened=shortened)
    return made


def _shown(value: Any) -> Any:
    """Whatever stands in a template, before it is escaped: without what HTML cannot hold."""
    if isinstance(value, Markup):
        return value
    return harmless(value) if isinstance(value, str) else value


def _when(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _iso(moment: datetime.datetime) -> str:
    return moment.isoformat(timespec="seconds")


def seconds_text(number: float | None) -> str:
    """A time in words, "-" where it is unknown."""
    if number is None:
        return "-"
    if number < 100:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def shortened(text: str, most: int = 120) -> str:
    """A text, or its beginning with an ellipsis.

    >>> shortened("evaluation", 5)
    'eval…'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"
