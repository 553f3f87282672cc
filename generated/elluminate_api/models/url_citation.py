from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class UrlCitation:
    """Passage of a message that a web page backs.

    Attributes:
        start_index: Index of the first character of the passage, counted from 0.
        end_index: Index behind the last character of the passage.
        title: Title of the page.
        url: Address of the page.
    """

    start_index: int
    end_index: int
    title: str
    url: str

    __repr__ = one_line
