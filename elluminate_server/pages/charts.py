"""Numbers as the coordinates of small charts, which templates draw as SVG."""

from collections.abc import Sequence

import attrs

from elluminate_server.reading.figures import Bin

__all__ = ["Column", "histogram", "spark_line"]


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
        low: Where it begins, in the unit of the values.
        high: Where it ends.
        count: How many values are in it.
    """

    x: float
    width: float
    height: float
    low: float
    high: float
    count: int


def histogram(bins: Sequence[Bin]) -> list[Column]:
    """Columns of equal width; none without bins."""
    if not bins:
        return []
    highest = max(one.count for one in bins)
    wide = 100 / len(bins)
    return [
        Column(
            x=round(place * wide + 0.25, 3),
            width=wide - 0.5,
            height=round(39 * one.count / highest, 2),
            low=one.low,
            high=one.high,
            count=one.count,
        )
        for place, one in enumerate(bins)
    ]
