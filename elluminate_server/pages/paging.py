"""Lists that come in pages."""

import attrs

__all__ = ["Paging"]


@attrs.frozen
class Paging:
    """Where in a list a page is.

    Attributes:
        asked: The page that is asked for, from 1.
        size: Items of a page.
        count: Items of the list.
    """

    asked: int
    size: int
    count: int

    @property
    def last(self) -> int:
        """How many pages there are, 1 at least."""
        return max(1, -(-self.count // self.size))

    @property
    def number(self) -> int:
        """The page that is shown: the last one, where a later one is asked for."""
        return min(self.asked, self.last)

    @property
    def offset(self) -> int:
        """Items before it."""
        return (self.number - 1) * self.size
