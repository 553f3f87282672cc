from __future__ import annotations

from typing import Literal

from attrs import define


@define(kw_only=True)
class MessageAnnotation:
    """Note on an assistant message, OpenAI shape.

    Attributes:
        url_citation: Span of text backed by a web page.
    """

    type: Literal["url_citation"]
    url_citation: UrlCitation


from ..models.url_citation import UrlCitation  # noqa: E402
