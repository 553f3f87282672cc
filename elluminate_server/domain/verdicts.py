"""Which verdicts an answer should have, which of them are missing, and why: each is accounted for.

- An answer is judged by the criteria that its set had at one moment, those for all rows and those for the answer's:
  when the run of its experiment was asked for, or, where answers come from elsewhere, when it was stored; and when it
  was last judged anew, if it was (`execution.moments`). What is added to the set, edited or taken out of it later
  changes nothing about it: all answers of a run have the same criteria, those that a retry brings included. Verdicts
  on other criteria stay readable, and count nowhere.
- What agents did is judged by the criteria that were frozen for the task, whatever became of them.
- A verdict that is not there is missing because there is no answer (`answer_failed`), or because nobody has judged
  the answer (`not_judged`); or it is pending, when a task may still bring it.
- A verdict on a failed answer is in no mean, so that it is neither expected nor given.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

__all__ = [
    "BY_PROGRAM",
    "COMPLETE",
    "MAX_REASONS",
    "MAX_REASON_LENGTH",
    "NOT_ASKED",
    "NOT_BROUGHT",
    "NOT_UPLOADED",
    "Lack",
    "MissingVerdict",
    "SetCriterion",
    "applicable",
    "count_verdicts",
    "cut_reason",
    "lack_of",
]

MAX_REASONS = 20
"""Most reasons that are told with their counts; the others are counted together."""

MAX_REASON_LENGTH = 500
"""Most characters of a reason; an endpoint may answer with a whole page."""

NOT_ASKED = "No judge was asked."
BY_PROGRAM = (
    "The caller's program gives this verdict (checks.python), and has not yet: run_experiment(), retry_failed() and "
    "rate_responses() call it, where its function is known."
)
NOT_BROUGHT = "The program was not asked; the same call of run_experiment(…, target=…) goes on with it."
NOT_UPLOADED = "No result of the agent was uploaded; upload_agent_results() brings it."

AnyDated = TypeVar("AnyDated", bound="Dated")


class Dated(Protocol):
    """What tells when a criterion was in its set, and for which rows."""

    @property
    def entry_id(self) -> int | None:
        """The only row that it is for; None for all rows."""

    @property
    def created_at(self) -> datetime.datetime:
        """When it was added, or edited into what it is."""
        ...

    @property
    def superseded_at(self) -> datetime.datetime | None:
        """When it was edited into another, or taken out; None while it is in the set."""


class SetCriterion(NamedTuple):
    """A criterion of a set, or what it was before it was edited or taken out; see `Dated`."""

    id: int
    entry_id: int | None
    created_at: datetime.datetime
    superseded_at: datetime.datetime | None = None


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
    criteria: Iterable[AnyDated], entry_id: int, moment: datetime.datetime | None = None
) -> list[AnyDated]:
    """The criteria by which an answer is to be judged, in the order of the set.

    Args:
        criteria: The set's, replaced versions included.
        entry_id: The answer's row.
        moment: When the set had them; None for those that it has now.
    """
    return [
        criterion
        for criterion in criteria
        if criterion.entry_id in (None, entry_id) and _was_in_set(criterion, moment)
    ]


def _was_in_set(criterion: Dated, moment: datetime.datetime | None) -> bool:
    if moment is None:
        return criterion.superseded_at is None
    return criterion.created_at <= moment and (
        criterion.superseded_at is None or moment < criterion.superseded_at
    )


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
        reason = cut_reason(error)
        return Lack([MissingVerdict(criterion_id, "answer_failed", reason) for criterion_id in lacking])
    known = failures or {}
    return Lack(
        [
            MissingVerdict(criterion_id, "not_judged", cut_reason(known.get(criterion_id, unasked)))
            for criterion_id in lacking
        ]
    )


def cut_reason(reason: str) -> str:
    """A reason as it is told, of `MAX_REASON_LENGTH` characters at most."""
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
