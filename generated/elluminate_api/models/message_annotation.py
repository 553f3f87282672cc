from __future__ import annotations

from typing import Literal

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class MessageAnnotation:
    """Note on an assistant message, in the shape of the OpenAI chat API.

    Attributes:
        type: Always url_citation.
        url_citation: The passage and its source.
    """

    type: Literal["url_citation"]
    url_citation: UrlCitation

    __repr__ = one_line


from ..models.url_citation import UrlCitation  # noqa: E402
