"""Long lists in parts that one statement can take, and after which others get a turn."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

__all__ = ["chunks"]

T = TypeVar("T")


def chunks(items: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """The items in parts of at most `size`, in their order.

    >>> list(chunks([1, 2, 3], size=2))
    [[1, 2], [3]]
    """
    for start in range(0, len(items), size):
        yield items[start : start + size]
