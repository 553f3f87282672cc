"""Rates of counted rows are those of the rows themselves."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elluminate import statistics
from elluminate.statistics.counted import rate_of_counts

ROWS = st.lists(st.lists(st.booleans(), max_size=3), max_size=80)


@given(ROWS)
def test_a_rate_of_counts_is_that_of_the_rows(rows: list[list[bool]]) -> None:
    counted = rate_of_counts(Counter((sum(row), len(row)) for row in rows))
    whole = statistics.rate(rows)

    assert (counted.method, counted.n) == (whole.method, whole.n)
    for one, other in zip(counted[:3], whole[:3], strict=True):
        assert one is other is None or one == pytest.approx(other, abs=1e-9)


def test_ten_thousand_rows_are_no_more_work_than_ten() -> None:
    assert rate_of_counts({(2, 3): 10_000_000, (3, 3): 10_000_000}).n == 20_000_000
