"""Samples: what they hold, how they are ordered, when one counts as better than another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elluminate_server.domain.samples import (
    Bounds,
    Sample,
    SampleResponse,
    change,
    grouped,
    ordered,
    share_criteria,
)


def response(id: int = 1, entry: int = 1, verdicts: str = "", seconds: float | None = None) -> SampleResponse:
    """A response whose criteria 1, 2, ... were met (Y) or not (N); a blank is a verdict that is not there."""
    rated = [(number, verdict == "Y") for number, verdict in enumerate(verdicts, 1) if verdict != " "]
    return SampleResponse(id=id, entry_id=entry, verdicts=rated, duration_seconds=seconds)


def sample(*verdicts: str, entry: int = 1) -> Sample:
    return Sample(entry, [response(number, entry, each) for number, each in enumerate(verdicts, 1)])


def test_responses_are_grouped_by_row_in_the_order_of_their_making() -> None:
    made = grouped([response(9, 2), response(4, 1), response(3, 2)])
    assert [(one.entry_id, [each.id for each in one.responses]) for one in made] == [(1, [4]), (2, [3, 9])]


@pytest.mark.parametrize(
    ("verdicts", "perfect"), [(["YY", "YY"], True), (["YY", "YN"], False), (["YY", ""], False), ([""], False)]
)
def test_a_sample_is_perfect_when_all_was_rated_and_met(verdicts: list[str], perfect: bool) -> None:
    assert sample(*verdicts).is_perfect is perfect


@pytest.mark.parametrize(
    ("before", "after", "criteria", "expected"),
    [
        ("YN", "YY", None, "improved"),
        ("YY", "YN", None, "regressed"),
        ("YN", "NY", None, None),
        ("YN", "NY", {1}, "regressed"),
        ("YN", "NY", {2}, "improved"),
        ("YN", "NY", {3}, None),
        ("", "Y", None, None),
        ("N", "", None, None),
        ("YN", "Y ", None, None),
        (" N", "YN", None, None),
        ("YN", " Y", None, "improved"),
        ("Y ", " N", None, None),
    ],
)
def test_a_change_compares_the_shares_that_count(
    before: str, after: str, criteria: set[int] | None, expected: str | None
) -> None:
    assert change(sample(before), sample(after), criteria) == expected


def test_experiments_with_other_criteria_are_compared_by_what_each_meets_of_its_own() -> None:
    before, after = sample("N  "), sample(" YY")
    assert not share_criteria([before], [after])
    assert change(before, after) is None
    assert change(before, after, share_criteria=False) == "improved"


@given(st.lists(st.sampled_from(["", "Y", "N", "YN"])), st.sampled_from(["asc", "desc"]))
def test_unknown_means_come_last_and_equal_ones_keep_their_order(verdicts: list[str], direction: str) -> None:
    samples = [sample(each, entry=entry) for entry, each in enumerate(verdicts)]
    found = ordered(samples, f"rating-{direction}")
    assert sorted(one.entry_id for one in found) == [one.entry_id for one in samples]
    sign = 1 if direction == "asc" else -1
    keys = [
        (rating is None, sign * (rating or 0.0), one.entry_id) for one in found for rating in [one.rating()]
    ]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("bounds", "number", "within"),
    [
        (Bounds(), None, True),
        (Bounds(low=1), None, False),
        (Bounds(low=1), 1, True),
        (Bounds(high=1), 1.5, False),
        (Bounds(low=1, high=2), 1.5, True),
    ],
)
def test_an_unknown_number_is_within_no_bound(bounds: Bounds, number: float | None, within: bool) -> None:
    assert bounds.hold(number) is within
    one = Sample(1, [response(seconds=number)])
    assert one.is_within({"duration_seconds": bounds}) is within
