"""Results are computed from responses and ratings as the module says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elluminate_server.domain.aggregation import ResponseFacts, Spent, aggregate
from elluminate_server.domain.compatibility import missing_columns


def results(*facts: ResponseFacts, **given_: Any) -> dict[str, Any]:
    computed = aggregate(facts, **given_)
    assert computed is not None
    return computed


def test_no_responses_have_no_results() -> None:
    assert aggregate([]) is None


def test_every_field_of_the_contract() -> None:
    first = ResponseFacts(
        ratings=[(1, "YES"), (2, "NO")],
        duration_seconds=1.0,
        input_tokens=100,
        output_tokens=10,
        reasoning_tokens=4,
        input_price_per_mtok=2.0,
        output_price_per_mtok=10.0,
    )
    second = ResponseFacts(ratings=[(1, "YES")], duration_seconds=3.0, input_tokens=200, output_tokens=30)
    assert results(first, second, ResponseFacts(failed=True), experiment_duration_seconds=5.0) == {
        "mean_all_ratings": {"yes": 2 / 3, "no": 1 / 3},
        "std_all_ratings": 0.0,
        "mean_rating_by_criterion_id": {"1": {"yes": 1.0, "no": 0.0}, "2": {"yes": 0.0, "no": 1.0}},
        "mean_duration_seconds": 2.0,
        "mean_input_tokens": 150.0,
        "mean_output_tokens": 20.0,
        "mean_reasoning_tokens": 4.0,
        "input_tokens_per_response": [100, 200],
        "output_tokens_per_response": [10, 30],
        "reasoning_tokens_per_response": [4],
        "duration_seconds_per_response": [1.0, 3.0],
        "num_rated_responses": 2,
        "num_failed_responses": 1,
        "completed_epochs": 1,
        "experiment_duration_seconds": 5.0,
        "estimated_input_cost_usd": pytest.approx(0.0002),
        "estimated_output_cost_usd": pytest.approx(0.0001),
        "estimated_total_cost_usd": pytest.approx(0.0003),
        "answer_costs": {
            "count": 2,
            "priced_count": 1,
            "input_tokens": 300,
            "output_tokens": 40,
            "cost_usd": pytest.approx(0.0003),
        },
        "judge_costs": {
            "count": 0,
            "priced_count": 0,
            "input_tokens": None,
            "output_tokens": None,
            "cost_usd": 0.0,
        },
        "verdicts": counts_of(3),
        "verdicts_by_criterion_id": {"1": counts_of(2), "2": counts_of(1)},
        "num_truncated_responses": 0,
        "num_refused_responses": 0,
        "num_empty_responses": 0,
        "num_cached_responses": 0,
    }


def counts_of(given: int) -> dict[str, Any]:
    """Counts of verdicts none of which is missing."""
    return {
        "expected": given,
        "given": given,
        "pending": 0,
        "missing_answer_failed": 0,
        "missing_not_judged": 0,
        "reasons": [],
        "missing_for_other_reasons": 0,
    }


def test_generated_but_unrated_responses_have_results_without_verdicts() -> None:
    computed = results(ResponseFacts(output_tokens=3))
    assert computed["mean_all_ratings"] == {"yes": 0.0, "no": 0.0}
    assert computed["mean_rating_by_criterion_id"] == {}
    assert computed["num_rated_responses"] == 0
    assert computed["output_tokens_per_response"] == [3]


def test_a_price_that_is_not_known_is_none_and_in_no_sum() -> None:
    unpriced = ResponseFacts(input_tokens=5, output_tokens=5, judging=[Spent(100, 10, None)])
    computed = results(unpriced)
    assert computed["answer_costs"]["cost_usd"] is computed["judge_costs"]["cost_usd"] is None
    assert computed["judge_costs"]["input_tokens"] == 100

    without_tokens = ResponseFacts(input_price_per_mtok=1.0, output_price_per_mtok=1.0)
    half = ResponseFacts(input_tokens=5, output_tokens=5, input_price_per_mtok=1.0)
    judged = ResponseFacts(reported_cost_usd=0.25, judging=[Spent(7, 3, 0.5), Spent(None, None, 0.0)])
    computed = results(unpriced, without_tokens, half, judged, ResponseFacts(failed=True))
    assert computed["answer_costs"] == {
        "count": 4,
        "priced_count": 1,
        "input_tokens": 10,
        "output_tokens": 10,
        "cost_usd": 0.25,
    }
    assert computed["judge_costs"] == {
        "count": 3,
        "priced_count": 2,
        "input_tokens": 107,
        "output_tokens": 13,
        "cost_usd": 0.5,
    }
    assert computed["estimated_total_cost_usd"] == pytest.approx(0.250005)


def test_failures_count_as_failures_and_nowhere_else() -> None:
    failed = ResponseFacts(
        failed=True, ratings=[(1, "NO")], duration_seconds=9.0, input_tokens=9, input_price_per_mtok=1.0
    )
    computed = results(ResponseFacts(ratings=[(1, "YES")]), failed)
    assert computed["mean_all_ratings"]["yes"] == 1.0
    assert (computed["num_failed_responses"], computed["num_rated_responses"]) == (1, 1)
    assert computed["mean_duration_seconds"] is None
    assert computed["input_tokens_per_response"] == []
    assert computed["estimated_total_cost_usd"] == 0.0


@pytest.mark.parametrize(
    ("epochs", "rows", "completed"),
    [
        ([1, 1], 2, 1),
        ([1, 1, 2], 2, 1),
        ([1, 1, 2, 2], 2, 2),
        ([1], 2, 0),
        ([1, 1, 2], None, 1),
        ([1, 2, 3], None, 3),
    ],
)
def test_an_epoch_is_complete_when_every_row_is_done(
    epochs: list[int], rows: int | None, completed: int
) -> None:
    facts = [ResponseFacts(epoch=epoch, failed=index == 0) for index, epoch in enumerate(epochs)]
    assert results(*facts, rows=rows)["completed_epochs"] == completed


VERDICTS = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["YES", "NO"])), max_size=4)
FACTS = st.builds(
    ResponseFacts,
    ratings=VERDICTS,
    failed=st.booleans(),
    input_tokens=st.none() | st.integers(0, 9),
    output_tokens=st.none() | st.integers(0, 9),
    duration_seconds=st.none() | st.floats(0, 9),
)


@given(st.lists(FACTS, min_size=1))
def test_shares_add_up_and_lists_hold_no_nulls(facts: list[ResponseFacts]) -> None:
    computed = results(*facts)
    rated = computed["num_rated_responses"] > 0
    for mean in (computed["mean_all_ratings"], *computed["mean_rating_by_criterion_id"].values()):
        assert mean["yes"] + mean["no"] == pytest.approx(1.0 if rated else 0.0)
    for name, value in computed.items():
        if name.endswith("_per_response"):
            assert None not in value
    assert all(isinstance(key, str) for key in computed["mean_rating_by_criterion_id"])


def test_placeholders_without_a_column_are_missing() -> None:
    assert missing_columns(["b", "a", "b", "c"], ["c", "A"]) == ["b", "a"]
    assert missing_columns([], []) == []


def test_what_was_taken_from_the_cache_is_counted_and_cost_nothing() -> None:
    asked = ResponseFacts(input_tokens=1_000_000, input_price_per_mtok=2.0)
    computed = aggregate([asked, asked._replace(cached=True)])
    assert computed is not None
    assert (computed["num_cached_responses"], computed["estimated_total_cost_usd"]) == (1, 2.0)
