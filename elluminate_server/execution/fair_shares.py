"""How many calls at a time each process gets of those that an endpoint takes: as even as what they want allows."""

from collections.abc import Sequence

__all__ = ["fair_shares"]


def fair_shares(capacity: int, wants: Sequence[int], first: int = 0) -> list[int]:
    """Divide places: nobody gets more than it wants, and nobody less than another that wants as much, but for one.

    Args:
        capacity: The places.
        wants: What each one wants.
        first: Who comes first where places do not divide evenly.

    >>> fair_shares(8, [100, 100, 100])
    [3, 3, 2]
    >>> fair_shares(8, [1, 100, 100])
    [1, 4, 3]
    >>> fair_shares(1, [5, 5], first=1)
    [0, 1]
    """
    shares = [0] * len(wants)
    order = [(first + place) % len(wants) for place in range(len(wants))]
    left = capacity
    while hungry := [place for place in order if shares[place] < wants[place]]:
        each = left // len(hungry)
        if not each:
            for place in hungry[:left]:
                shares[place] += 1
            break
        for place in hungry:
            given = min(each, wants[place] - shares[place])
            shares[place] += given
            left -= given
    return shares
