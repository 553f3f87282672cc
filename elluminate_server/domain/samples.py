"""Samples: the responses of one experiment to one row, filtered, ordered and compared."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal

import attrs

__all__ = ["Bounds", "Sample", "SampleResponse", "change", "grouped", "ordered", "share_criteria"]


@attrs.frozen(kw_only=True)
class SampleResponse:
    """What samples need to know of one response.

    Attributes:
        id: The response.
        entry_id: Its row.
        verdicts: (criterion id, whether it was met) pairs.
        lacks_verdicts: Whether it should have others.
        annotated: Whether a person left a note on it.
        duration_seconds: Time to generate, in seconds; None when unknown.
        input_tokens: Tokens of the prompt; None when unknown.
        output_tokens: Tokens of the answer; None when unknown.
    """

    id: int
    entry_id: int
    verdicts: Sequence[tuple[int, bool]] = ()
    lacks_verdicts: bool = False
    annotated: bool = False
    duration_seconds: float | None = None
    input_tokens: float | None = None
    output_tokens: float | None = None


@attrs.frozen(kw_only=True)
class Bounds:
    """Bounds of one number of a response; None is no bound. An unknown number is within no bound."""

    low: float | None = None
    high: float | None = None

    def hold(self, number: float | None) -> bool:
        """Whether the number is within."""
        if self.low is None and self.high is None:
            return True
        if number is None:
            return False
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


@attrs.frozen
class Sample:
    """The responses to one row, in the order of their making."""

    entry_id: int
    responses: Sequence[SampleResponse]

    @property
    def is_perfect(self) -> bool:
        """Whether every response was rated by every criterion and met it."""
        return all(
            response.verdicts and not response.lacks_verdicts and all(met for _, met in response.verdicts)
            for response in self.responses
        )

    @property
    def is_annotated(self) -> bool:
        """Whether a response carries a note."""
        return any(response.annotated for response in self.responses)

    def is_within(self, bounds: Mapping[str, Bounds]) -> bool:
        """Whether one response is within all bounds, given by the number's name."""
        return any(
            all(bound.hold(getattr(response, name)) for name, bound in bounds.items())
            for response in self.responses
        )

    def rating(self) -> float | None:
        """Share of YES among the verdicts, 0 to 1; None without one."""
        met = [verdict for response in self.responses for _, verdict in response.verdicts]
        return sum(met) / len(met) if met else None

    def ratings(self, criterion_ids: Collection[int] | None = None) -> dict[int, float]:
        """Share of YES by criterion, of those that there is a verdict on.

        Args:
            criterion_ids: Only these criteria count; None counts all.
        """
        met: dict[int, list[bool]] = defaultdict(list)
        for response in self.responses:
            for criterion_id, verdict in response.verdicts:
                if criterion_ids is None or criterion_id in criterion_ids:
                    met[criterion_id].append(verdict)
        return {criterion_id: sum(verdicts) / len(verdicts) for criterion_id, verdicts in met.items()}

    def mean(self, name: str) -> float | None:
        """Mean of a number over the responses that know it; None when none does."""
        known = [number for response in self.responses if (number := getattr(response, name)) is not None]
        return sum(known) / len(known) if known else None


def grouped(responses: Iterable[SampleResponse]) -> list[Sample]:
    """Responses by row, in the order of the rows."""
    rows: dict[int, list[SampleResponse]] = defaultdict(list)
    for response in responses:
        rows[response.entry_id].append(response)
    return [
        Sample(entry_id, sorted(rows[entry_id], key=lambda response: response.id))
        for entry_id in sorted(rows)
    ]


def ordered(samples: Sequence[Sample], sort_by: str) -> list[Sample]:
    """Samples by a mean; those without it last, equal ones in the order given.

    Args:
        samples: In the order of the rows.
        sort_by: The contract's `ResponsesSampleSortBy`: what, and `-asc` or `-desc`.
    """
    name, _, direction = sort_by.rpartition("-")
    measures: dict[str, Callable[[Sample], float | None]] = {
        "rating": Sample.rating,
        "duration": lambda sample: sample.mean("duration_seconds"),
        "input-tokens": lambda sample: sample.mean("input_tokens"),
        "output-tokens": lambda sample: sample.mean("output_tokens"),
    }
    measured = [(measures[name](sample), sample) for sample in samples]
    known = [(number, sample) for number, sample in measured if number is not None]
    sign = -1 if direction == "desc" else 1
    known.sort(key=lambda pair: sign * pair[0])
    return [sample for _, sample in known] + [sample for number, sample in measured if number is None]


def change(
    before: Sample,
    after: Sample,
    criterion_ids: Collection[int] | None = None,
    *,
    share_criteria: bool = True,
) -> Literal["improved", "regressed"] | None:
    """How a row got on from one experiment to another; None when it did not, or nothing can be compared.

    Like is compared with like: a criterion that one side has no verdict on says nothing about the change.

    Args:
        before: The row's responses in experiment A.
        after: The row's responses in experiment B.
        criterion_ids: Only these criteria count; None counts all.
        share_criteria: Whether the experiments have criteria in common. If not, what each of them meets of its own is
            compared.
    """
    ratings = [sample.ratings(criterion_ids) for sample in (before, after)]
    if share_criteria:
        both = ratings[0].keys() & ratings[1].keys()
        ratings = [{criterion_id: of_one[criterion_id] for criterion_id in both} for of_one in ratings]
    if not all(ratings):
        return None
    was, now = (math.fsum(of_one.values()) / len(of_one) for of_one in ratings)
    if was == now:
        return None
    return "improved" if now > was else "regressed"


def share_criteria(one: Iterable[Sample], other: Iterable[Sample]) -> bool:
    """Whether a criterion was judged in samples of both."""
    judged = [
        {criterion_id for sample in samples for criterion_id in sample.ratings()} for samples in (one, other)
    ]
    return not judged[0].isdisjoint(judged[1])
