"""Numbers as the coordinates of small charts, which templates draw as SVG."""

from collections.abc import Sequence

import attrs

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


def histogram(values: Sequence[float], columns: int = 20) -> list[Column]:
    """Columns of equal width over the values; none without values.

    >>> [column.count for column in histogram([1.0, 1.0, 2.0], columns=2)]
    [2, 1]
    """
    if not values:
        return []
    low, high = min(values), max(values)
    step = (high - low) / columns or 1.0
    counts = [0] * columns
    for value in values:
        counts[min(columns - 1, int((value - low) / step))] += 1
    highest = max(counts)
    wide = 100 / columns
    return [
        Column(
            round(place * wide + 0.25, 3),
            wide - 0.5,
            round(39 * count / highest, 2),
            low + place * step,
            low + (place + 1) * step,
            count,
        )
        for place, count in enumerate(counts)
    ]
