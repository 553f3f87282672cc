"""What repetitions tell of an experiment: how often all answers to a row pass, how often one does."""

from collections.abc import Mapping
from typing import Self

import attrs

from elluminate._markup import percent
from elluminate.statistics.counted import flaky_of_counts, pass_at_k_of_counts, pass_hat_k_of_counts

__all__ = ["Repeated"]


@attrs.frozen
class Repeated:
    """Over rows with several answers.

    Attributes:
        k: Answers to a row.
        rows: How many rows have as many that were judged by all criteria.
        all_pass: pass^k in words.
        one_passes: pass@k in words.
        flaky: Rows some of whose answers pass, and some do not.
    """

    k: int
    rows: int
    all_pass: str
    one_passes: str
    flaky: int

    @classmethod
    def of(cls, passed: Mapping[tuple[int, int], int]) -> Self | None:
        """Of rows counted by (answers that pass, answers); None where no row has several."""
        k = max((n for _, n in passed), default=0)
        if k < 2:
            return None
        return cls(
            k=k,
            rows=sum(rows for (_, n), rows in passed.items() if n == k),
            all_pass=percent(pass_hat_k_of_counts(passed, k)),
            one_passes=percent(pass_at_k_of_counts(passed, k)),
            flaky=flaky_of_counts(passed),
        )
