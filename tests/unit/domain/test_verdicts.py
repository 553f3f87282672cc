"""Every verdict that an answer should have is accounted for once: given, pending, or missing for a reason."""

import datetime
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from elluminate_server.domain.aggregation import ResponseFacts, aggregate
from elluminate_server.domain.verdicts import (
    COMPLETE,
    MAX_REASON_LENGTH,
    MAX_REASONS,
    NOT_ASKED,
    Lack,
    MissingVerdict,
    SetCriterion,
    applicable,
    count_verdicts,
    lack_of,
)

MORNING = datetime.datetime(2026, 1, 12, 8, tzinfo=datetime.UTC)
NOON = MORNING + datetime.timedelta(hours=4)
CRITERIA = [
    SetCriterion(1, None, MORNING),
    SetCriterion(2, 7, MORNING),
    SetCriterion(3, None, NOON),
    SetCriterion(4, None, MORNING, superseded_at=NOON),
]


def ids(entry_id: int, moment: datetime.datetime | None = None) -> list[int]:
    return [criterion.id for criterion in applicable(CRITERIA, entry_id, moment)]


def test_criteria_of_other_rows_do_not_apply() -> None:
    assert ids(7) == [1, 2, 3]
    assert ids(8) == [1, 3]


def test_the_criteria_are_those_that_the_set_had_at_the_moment() -> None:
    assert ids(8, MORNING) == [1, 4]
    assert ids(7, NOON - datetime.timedelta(microseconds=1)) == [1, 2, 4]
    assert ids(8, NOON) == [1, 3]


def test_an_answer_with_every_verdict_lacks_nothing() -> None:
    assert lack_of([1, 2], {1, 2, 9}) is COMPLETE


def test_the_cause_is_the_answer_or_the_judge() -> None:
    assert lack_of([1, 2], {2}, error="503") == Lack([MissingVerdict(1, "answer_failed", "503")])
    judged = lack_of([1, 2, 3], {2}, failures={1: "no verdict in it"})
    assert judged.missing == [
        MissingVerdict(1, "not_judged", "no verdict in it"),
        MissingVerdict(3, "not_judged", NOT_ASKED),
    ]
    assert lack_of([1], (), unasked="The run was cancelled.").missing[0].reason == "The run was cancelled."
    assert lack_of([1, 2], {2}, is_pending=True, failures={1: "earlier"}) == Lack(pending=[1])


def test_a_long_reason_is_cut() -> None:
    (cut,) = lack_of([1], (), error="x" * 10_000).missing
    assert len(cut.reason) == MAX_REASON_LENGTH
    assert cut.reason.endswith("…")


def test_reasons_are_counted_the_most_frequent_first_and_the_rest_together() -> None:
    lacks = [Lack([MissingVerdict(1, "not_judged", f"reason {min(n, 29)}")]) for n in range(40)]
    total, by_criterion = count_verdicts({1: 5}, lacks)
    assert total == by_criterion[1]
    assert (total["expected"], total["given"], total["missing_not_judged"]) == (45, 5, 40)
    assert len(total["reasons"]) == MAX_REASONS
    assert total["reasons"][0] == {"cause": "not_judged", "reason": "reason 29", "count": 11}
    assert total["missing_for_other_reasons"] == 40 - 11 - 19


def test_criteria_without_any_verdict_are_told_in_the_order_of_the_set() -> None:
    lacks = [Lack(pending=[9]), Lack([MissingVerdict(4, "answer_failed", "503")])]
    _, by_criterion = count_verdicts({2: 1, 3: 1}, lacks, order=[9, 3, 4])
    assert list(by_criterion) == [9, 3, 4, 2]
    assert by_criterion[9]["pending"] == by_criterion[4]["missing_answer_failed"] == 1


def test_results_count_what_is_missing_of_answers_that_are_there_and_of_those_that_are_not() -> None:
    facts = [
        ResponseFacts(ratings=[(1, "YES"), (2, "NO")], flaw="truncated"),
        ResponseFacts(ratings=[(1, "YES")], lack=lack_of([1, 2], {1}, failures={2: "unusable"})),
        ResponseFacts(failed=True, flaw="truncated", lack=lack_of([1, 2], (), error="503")),
    ]
    computed = aggregate(facts, unanswered=[lack_of([1, 2], (), is_pending=True)], criteria=[1, 2])
    assert computed is not None
    assert computed["verdicts"] == {
        "expected": 8,
        "given": 3,
        "pending": 2,
        "missing_answer_failed": 2,
        "missing_not_judged": 1,
        "reasons": [
            {"cause": "answer_failed", "reason": "503", "count": 2},
            {"cause": "not_judged", "reason": "unusable", "count": 1},
        ],
        "missing_for_other_reasons": 0,
    }
    assert [one["given"] for one in computed["verdicts_by_criterion_id"].values()] == [2, 1]
    assert computed["num_truncated_responses"] == 1


answers = st.fixed_dictionaries(
    {
        "wanted": st.sets(st.integers(1, 6)),
        "given": st.sets(st.integers(1, 6)),
        "error": st.none() | st.sampled_from(["503", "timed out"]),
        "failures": st.dictionaries(st.integers(1, 6), st.text(max_size=3)),
        "is_pending": st.booleans(),
    }
)


@given(st.lists(answers, max_size=30))
def test_every_verdict_is_counted_exactly_once(drawn: list[dict[str, Any]]) -> None:
    given_: Counter[int] = Counter()
    expected: Counter[int] = Counter()
    lacks = []
    for answer in drawn:
        wanted, present = answer.pop("wanted"), answer.pop("given")
        lacks.append(lack_of(wanted, present, **answer))
        given_.update(present)
        expected.update(wanted | present)
    total, by_criterion = count_verdicts(given_, lacks)
    assert {one: counts["expected"] for one, counts in by_criterion.items()} == expected
    for counts in [total, *by_criterion.values()]:
        missing = counts["missing_answer_failed"] + counts["missing_not_judged"]
        assert counts["expected"] == counts["given"] + counts["pending"] + missing
        told = sum(reason["count"] for reason in counts["reasons"])
        assert told + counts["missing_for_other_reasons"] == missing
    for name in ("expected", "given", "pending", "missing_answer_failed", "missing_not_judged"):
        assert total[name] == sum(counts[name] for counts in by_criterion.values())
