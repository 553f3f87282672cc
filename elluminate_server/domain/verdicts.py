"""Which verdicts an answer should have, which of them are missing, and why: each is accounted for.

- A criterion applies to an answer when it is for all rows or for the answer's, and was in the set when the answer was
  made, or taken up by a task later. What is added to a set changes nothing about older answers, unless they are
  judged again; one that was edited or taken out of the set is not asked any more, so that only its verdicts count.
- What agents did is judged by the criteria that were frozen for the task, whatever became of them.
- A verdict that is not there is missing because there is no answer (`answer_failed`), or because nobody has judged
  the answer (`not_judged`); or it is pending, when a task may still bring it.
- A verdict on a failed answer is in no mean, so that it is neither expected nor given.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

__all__ = [
    "COMPLETE",
    "MAX_REASONS",
    "MAX_REASON_LENGTH",
    "NOT_ASKED",
    "Lack",
    "MissingVerdict",
    "SetCriterion",
    "applicable",
    "count_verdicts",
    "lack_of",
]

MAX_REASONS = 20
"""Most reasons that are told with their counts; the others are counted together."""

MAX_REASON_LENGTH = 500
"""Most characters of a reason; an endpoint may answer with a whole page."""

NOT_ASKED = "No judge was asked."


class SetCriterion(NamedTuple):
    """A criterion as it stands in its set.

    Attributes:
        id: The criterion.
        entry_id: The only row that it is for; None for all rows.
        created_at: When it was added, or edited into what it is.
    """

    id: int
    entry_id: int | None
    created_at: datetime.datetime


class MissingVerdict(NamedTuple):
    """The contract's `MissingVerdict`."""

    criterion_id: int
    cause: Literal["answer_failed", "not_judged"]
    reason: str


class Lack(NamedTuple):
    """The verdicts that one answer should have and does not have.

    Attributes:
        missing: Those that nobody is about to give.
        pending: Criteria of those that a task may still bring.
    """

    missing: Sequence[MissingVerdict] = ()
    pending: Sequence[int] = ()


COMPLETE = Lack()
"""Nothing is missing, as it is with almost every answer."""


def applicable(
    criteria: Iterable[SetCriterion], entry_id: int, taken_up_at: datetime.datetime | None = None
) -> list[int]:
    """Ids of the criteria by which an answer is to be judged, in the order of the set.

    Args:
        criteria: The set's, without replaced versions.
        entry_id: The answer's row.
        taken_up_at: When the answer was made, or the last task that judges it; None when that was after all of the
            criteria were added.
    """
    return [
        criterion.id
        for criterion in criteria
        if criterion.entry_id in (None, entry_id)
        and (taken_up_at is None or criterion.created_at <= taken_up_at)
    ]


def lack_of(
    wanted: Iterable[int],
    given: Collection[int],
    *,
    error: str | None = None,
    failures: Mapping[int, str] | None = None,
    is_pending: bool = False,
    unasked: str = NOT_ASKED,
) -> Lack:
    """What an answer lacks.

    Args:
        wanted: Criteria by which it is to be judged.
        given: Criteria by which it was judged.
        error: Why there is no answer; None when there is one.
        failures: Why the judge gave no verdict, by criterion.
        is_pending: Whether a task is about to judge it.
        unasked: Why nobody has asked the judge, where no failure tells.
    """
    lacking = [criterion_id for criterion_id in wanted if criterion_id not in given]
    if not lacking:
        return COMPLETE
    if is_pending:
        return Lack(pending=lacking)
    if error is not None:
        reason = _cut(error)
        return Lack([MissingVerdict(criterion_id, "answer_failed", reason) for criterion_id in lacking])
    known = failures or {}
    return Lack(
        [
            MissingVerdict(criterion_id, "not_judged", _cut(known.get(criterion_id, unasked)))
            for criterion_id in lacking
        ]
    )


def _cut(reason: str) -> str:
    return reason if len(reason) <= MAX_REASON_LENGTH else reason[: MAX_REASON_LENGTH - 1] + "…"


def count_verdicts(
    given: Mapping[int, int], lacks: Iterable[Lack], order: Iterable[int] = ()
) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    """The contract's `VerdictCounts`: over all criteria, and by criterion.

    Args:
        given: Number of verdicts by criterion.
        lacks: What each answer lacks, those that are not there yet included.
        order: Criteria in the order of their set; others come last, by id.
    """
    pending: Counter[int] = Counter()
    missing: defaultdict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    for lack in lacks:
        pending.update(lack.pending)
        for verdict in lack.missing:
            missing[verdict.criterion_id][verdict.cause, verdict.reason] += 1
    places = {criterion_id: place for place, criterion_id in enumerate(order)}
    there = sorted(
        given.keys() | pending.keys() | missing.keys(),
        key=lambda criterion_id: (places.get(criterion_id, len(places)), criterion_id),
    )
    return (
        _counts(sum(given.values()), pending.total(), sum(missing.values(), Counter())),
        {
            criterion_id: _counts(given.get(criterion_id, 0), pending[criterion_id], missing[criterion_id])
            for criterion_id in there
        },
    )


def _counts(given: int, pending: int, missing: Counter[tuple[str, str]]) -> dict[str, Any]:
    by_cause: Counter[str] = Counter()
    for (cause, _), count in missing.items():
        by_cause[cause] += count
    told = sorted(missing.items(), key=lambda item: (-item[1], item[0]))[:MAX_REASONS]
    return {
        "expected": given + pending + missing.total(),
        "given": given,
        "pending": pending,
        "missing_answer_failed": by_cause["answer_failed"],
        "missing_not_judged": by_cause["not_judged"],
        "reasons": [{"cause": cause, "reason": reason, "count": count} for (cause, reason), count in told],
        "missing_for_other_reasons": missing.total() - sum(count for _, count in told),
    }
