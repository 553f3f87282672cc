"""Numbers as the coordinates of small charts, which templates draw as SVG."""

import itertools
from collections.abc import Sequence

import attrs

from elluminate_server.pages.rendering import seconds_text
from elluminate_server.reading.figures import Bin

__all__ = ["Column", "histogram", "spark_line"]


def told_apart(times: Sequence[float]) -> list[str]:
    """Times in seconds, in as many digits as tell one from the next.

    >>> told_apart([0.21, 0.24, 0.3])
    ['0.21 s', '0.24 s', '0.30 s']
    """
    texts = [seconds_text(time) for time in times]
    for digits in range(2, 10):
        if all(one != other for one, other in itertools.pairwise(texts)):
            break
        texts = [f"{time:.{digits}f} s" for time in times]
    return texts


def spark_line(shares: Sequence[float]) -> str:
    """The points of a line through shares from 0 to 1, oldest first, in a box of 100 by 20.

    >>> spark_line([0.0, 0.5, 1.0])
    '0,19 50,10 100,1'
    """
    steps = max(1, len(shares) - 1)
    return " ".join(f"{100 * place / steps:g},{19 - 18 * share:g}" for place, share in enumerate(shares))


@attrs.frozen
class Column:
    """One column of a histogram, in a box of 100 by 40.

    Attributes:
        x: Its left side.
        width: How wide it is.
        height: How high.
        low: Where it begins, in words.
        high: Where it ends.
        count: How many values are in it.
    """

    x: float
    width: float
    height: float
    low: str
    high: str
    count: int


def histogram(bins: Sequence[Bin]) -> list[Column]:
    """Columns of equal width for values in seconds; none without bins, or where all values are one."""
    if not bins or bins[0].low == bins[-1].high:
        return []
    borders = told_apart([*(one.low for one in bins), bins[-1].high])
    highest = max(one.count for one in bins)
    wide = 100 / len(bins)
    return [
        Column(
            x=round(place * wide + 0.25, 3),
            width=wide - 0.5,
            height=round(39 * one.count / highest, 2),
            low=borders[place],
            high=borders[place + 1],
            count=one.count,
        )
        for place, one in enumerate(bins)
    ]
