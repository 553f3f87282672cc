from __future__ import annotations

from attrs import define


@define(kw_only=True)
class UrlCitation:
    """Span of text backed by a web page."""

    start_index: int
    end_index: int
    title: str
    url: str
