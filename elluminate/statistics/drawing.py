"""What to label next, drawn by the judge's verdicts, in an order that does not tell them."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from elluminate.statistics.judging import GivenVerdict

__all__ = ["draw_in_turn", "shuffled"]


def draw_in_turn(
    verdicts: Sequence[GivenVerdict], everything: Iterable[GivenVerdict], seed: str
) -> list[GivenVerdict]:
    """Verdicts in the order in which they are drawn: the same for the same ones.

    As many by each criterion, and of those half from YES and half from NO as far as they reach. Of each the least
    certain come first, where epochs tell: those of a row whose verdicts differ; and of each row one before a second
    one. Else a hash decides. The order tells the verdicts: `shuffled` takes that away from the first so many of them.

    Args:
        verdicts: What may be drawn.
        everything: All verdicts there are, which tell how certain the judge is.
        seed: What the hashes begin with.

    Example:
        >>> from elluminate.statistics.drawing import draw_in_turn
        >>> from elluminate.statistics.judging import GivenVerdict
        >>> verdicts = [GivenVerdict(n, 1, row=n, is_yes=n > 0) for n in range(3)]
        >>> sorted(one.is_yes for one in draw_in_turn(verdicts, verdicts, "seed")[:2])
        [False, True]
    """
    counts: dict[tuple[int, int], Counter[bool]] = defaultdict(Counter)
    for one in everything:
        counts[one.row, one.criterion_id][one.is_yes] += 1
    certainty = {key: max(of_key.values()) / of_key.total() for key, of_key in counts.items()}
    by_criterion: dict[int, dict[bool, list[GivenVerdict]]] = defaultdict(lambda: {True: [], False: []})
    for one in verdicts:
        by_criterion[one.criterion_id][one.is_yes].append(one)
    queues = []
    for number in sorted(by_criterion):
        sides = [
            _one_of_each_row_first(
                sorted(side, key=lambda one: (certainty[one.row, one.criterion_id], _place(seed, one)))
            )
            for side in by_criterion[number].values()
        ]
        if _hash(seed, number)[0] % 2:  # which side has the odd one tells nothing
            sides.reverse()
        queues.append([one for pair in itertools.zip_longest(*sides) for one in pair if one is not None])
    return [one for turn in itertools.zip_longest(*queues) for one in turn if one is not None]


def shuffled(drawn: Iterable[GivenVerdict], seed: str) -> list[GivenVerdict]:
    """What was drawn, in an order that tells nothing of the verdicts."""
    return sorted(drawn, key=lambda one: _place(seed, one))


def _place(seed: str, one: GivenVerdict) -> bytes:
    return _hash(seed, one.response_id, one.criterion_id)


def _one_of_each_row_first(side: Sequence[GivenVerdict]) -> list[GivenVerdict]:
    turns: Counter[int] = Counter()
    in_turn = []
    for one in side:
        in_turn.append((turns[one.row], one))
        turns[one.row] += 1
    return [one for _, one in sorted(in_turn, key=lambda pair: pair[0])]


def _hash(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()
