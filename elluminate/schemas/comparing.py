"""Comparing two experiments: pairing their rows and criteria, and weighing what is paired."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen
from elluminate_api.models import MissingVerdictReason

from elluminate import statistics
from elluminate._showing import quoted
from elluminate.exceptions import NotComparableError
from elluminate.schemas.comparison import ChangedRow, CriterionComparison, ExperimentComparison, JudgedAnswer
from elluminate.schemas.judged_rows import CriterionKey, JudgedRow, is_yes, judged_rows
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse
from elluminate.schemas.results import VerdictCounts
from elluminate.schemas.verdicts import tally
from elluminate.statistics.weighing import weigh

__all__ = ["Side", "compare"]

Pair = tuple[JudgedRow, JudgedRow]


@frozen
class Side:
    """One of the two experiments.

    Attributes:
        name: Its name.
        responses: All of its responses, which tell what they lack.
        criteria: Those of its set, and those that they were judged by.
        counted: What became of the verdicts, over all and by criterion, where the server has told; it counts those of
            rows that have no response, too.
        collection_id: Where its rows are from; None where that is unknown.
        filters: What it was read with and what does not count here, in words; None without.
    """

    name: str
    responses: Sequence[PromptResponse]
    criteria: Sequence[Criterion]
    counted: tuple[VerdictCounts, Mapping[int, VerdictCounts]] | None = None
    collection_id: int | None = None
    filters: str | None = None

    def keys(self) -> list[CriterionKey]:
        """The criteria of its run in the order of their set, those of equal texts numbered.

        What its set got since is none of them: no answer was, or was to be, judged by it.
        """
        known = {criterion.id: criterion for criterion in self.criteria}
        found: dict[CriterionKey, None] = {}
        for number, one in self._verdicts()[1].items():
            criterion = known.get(number)
            key = ((one.criterion_str or "") if criterion is None else criterion.criterion_str, 0)
            while key in found and criterion is not None and criterion.template_variables is None:
                key = (key[0], key[1] + 1)
            found[key] = None
        return list(found)

    def _verdicts(self) -> tuple[VerdictCounts, Mapping[int, VerdictCounts]]:
        """What became of the verdicts, over all and by criterion."""
        lacking = [one for response in self.responses for one in response.missing_verdicts or ()]
        return self.counted or tally(self.responses, lacking, self.criteria)

    def lacking(self, row: JudgedRow) -> dict[str, int]:
        """How many verdicts a row's answers lack, by the criterion's text."""
        texts = {criterion.id: criterion.criterion_str for criterion in self.criteria}
        counts: dict[str, int] = defaultdict(int)
        for response in row.responses:
            for verdict in response.missing_verdicts or ():
                counts[texts.get(verdict.criterion_id, "")] += 1
        return counts

    def unanswered(self) -> dict[str, int]:
        """How many verdicts are missing because a row, or an epoch of it, has no response, by the criterion's text."""
        texts = {criterion.id: criterion.criterion_str for criterion in self.criteria}
        told = Counter(
            one.criterion_id for response in self.responses for one in response.missing_verdicts or ()
        )
        counts: dict[str, int] = defaultdict(int)
        for number, one in (self.counted[1] if self.counted else {}).items():
            counts[texts.get(number, one.criterion_str or "")] += max(0, one.missing - told[number])
        return counts

    def reasons(self) -> tuple[MissingVerdictReason, ...]:
        """Why its verdicts are missing, the most frequent reason first."""
        return tuple(self._verdicts()[0].reasons)


def compare(a: Side, b: Side, level: float) -> ExperimentComparison:
    """Weigh b against a.

    Args:
        a: What is compared with.
        b: What the verdicts are about.
        level: How often a difference may be seen where there is none, above 0 and below 1.

    Raises:
        NotComparableError: They have no row, or no criterion, in common.
    """
    pairs, only_a, only_b = _paired(
        *(
            judged_rows(side.responses, side.criteria, (side.counted and side.counted[1]) or None)
            for side in (a, b)
        )
    )
    if not pairs:
        raise NotComparableError(
            f"experiments {a.name!r} and {b.name!r} have no row in common: rows are the same where their values are. "
            f"The first has {_beginning(row.values for row in only_a)}, "
            f"the second {_beginning(row.values for row in only_b)}"
        )
    keys_a, keys_b = a.keys(), b.keys()
    shared = [key for key in keys_a if key in set(keys_b)]
    if not shared:
        raise NotComparableError(
            f"experiments {a.name!r} and {b.name!r} have no criterion in common: criteria are the same where their "
            f"texts are. The first has {_beginning(key[0] for key in keys_a)}, "
            f"the second {_beginning(key[0] for key in keys_b)}"
        )
    found = [_weighed((a, b), pairs, [key], _named(key), level) for key in shared]
    only_a, unanswered_b = _without_unanswered(only_a, a, b)
    only_b, unanswered_a = _without_unanswered(only_b, b, a)
    return ExperimentComparison(
        a=a.name,
        b=b.name,
        level=level,
        rows=len(pairs),
        overall=_weighed((a, b), pairs, shared, None, level),
        criteria=tuple(_among_all(found, level)),
        rows_only_in_a=tuple(row.values for row in only_a),
        rows_only_in_b=tuple(row.values for row in only_b),
        rows_unanswered_in_a=tuple(row.values for row in unanswered_a),
        rows_unanswered_in_b=tuple(row.values for row in unanswered_b),
        reasons_a=a.reasons(),
        reasons_b=b.reasons(),
        ignored_filters=tuple(
            f"{filters} of {letter}" for letter, filters in (("A", a.filters), ("B", b.filters)) if filters
        ),
        criteria_only_in_a=tuple(key[0] for key in keys_a if key not in shared),
        criteria_only_in_b=tuple(key[0] for key in keys_b if key not in shared),
    )


def _paired(
    a: Sequence[JudgedRow], b: Sequence[JudgedRow]
) -> tuple[list[Pair], list[JudgedRow], list[JudgedRow]]:
    """Rows of equal values, in the order in which either has them, and those of each that have no partner."""
    of_b: dict[str, list[JudgedRow]] = defaultdict(list)
    for row in reversed(b):
        of_b[row.identity].append(row)
    pairs, only_a = [], []
    for row in a:
        if partners := of_b[row.identity]:
            pairs.append((row, partners.pop()))
        else:
            only_a.append(row)
    taken = {id(row) for _, row in pairs}
    return pairs, only_a, [row for row in b if id(row) not in taken]


def _without_unanswered(
    rows: list[JudgedRow], having: Side, lacking: Side
) -> tuple[list[JudgedRow], list[JudgedRow]]:
    """Rows that only one side has a response to: those that the other never had, and those that it left unanswered.

    The latter where both ran over one collection, and the other side lacks verdicts on rows without a response.
    """
    same = having.collection_id is not None and having.collection_id == lacking.collection_id
    return ([], rows) if same and any(lacking.unanswered().values()) else (rows, [])


def _weighed(
    sides: tuple[Side, Side],
    pairs: Sequence[Pair],
    keys: Sequence[CriterionKey],
    text: str | None,
    level: float,
) -> CriterionComparison:
    """The rows by some criteria: each row is the mean over those by which both were judged, each of these over its
    answers."""
    counting: list[tuple[Pair, list[CriterionKey]]] = []
    texts, left_out = {key[0] for key in keys}, 0
    missing = [sum(count for text, count in side.unanswered().items() if text in texts) for side in sides]
    for pair in pairs:
        lacking = [side.lacking(row) for side, row in zip(sides, pair, strict=True)]
        for number, counts in enumerate(lacking):
            missing[number] += sum(count for name, count in counts.items() if name in texts)
        judged = [{key for key in keys if row.verdicts(key)} for row in pair]
        both = judged[0] & judged[1]
        if both:
            counting.append((pair, [key for key in keys if key in both]))
        elif judged[0] or judged[1] or any(texts & counts.keys() for counts in lacking):
            left_out += 1
    a, b = ([_verdicts(pair[side], used) for pair, used in counting] for side in (0, 1))
    weighed = weigh(a, b, level)
    changed = [
        ChangedRow(
            values=pair[1].values,
            before=before,
            after=after,
            answers_before=_answers(pair[0], used),
            answers_after=_answers(pair[1], used),
        )
        for (pair, used), before, after in zip(counting, weighed.means_a, weighed.means_b, strict=True)
        if abs(after - before) > 1e-12
    ]
    return CriterionComparison(
        criterion=text,
        verdict=weighed.verdict,
        rate_a=weighed.rate_a,
        rate_b=weighed.rate_b,
        difference=weighed.difference,
        p_holm=None,
        detectable=weighed.detectable,
        better=tuple(sorted((row for row in changed if row.after > row.before), key=_by_change)),
        worse=tuple(sorted((row for row in changed if row.after < row.before), key=_by_change)),
        left_out=left_out,
        missing_a=missing[0],
        missing_b=missing[1],
    )


def _among_all(found: Sequence[CriterionComparison], level: float) -> list[CriterionComparison]:
    """The same with p as it counts among all criteria, and the verdicts by that."""
    adjusted = iter(statistics.holm([one.difference.p for one in found if one.difference.p is not None]))
    among: list[CriterionComparison] = []
    for one in found:
        if one.difference.p is not None:
            p = next(adjusted)
            one = evolve(one, p_holm=p, verdict=statistics.decide(one.difference, level, p))
        among.append(one)
    return among


def _verdicts(row: JudgedRow, keys: Sequence[CriterionKey]) -> list[list[bool]]:
    return [row.verdicts(key) for key in keys]


def _by_change(row: ChangedRow) -> float:
    return -abs(row.after - row.before)


def _answers(row: JudgedRow, keys: Sequence[CriterionKey]) -> tuple[JudgedAnswer, ...]:
    return tuple(
        JudgedAnswer(
            epoch=response.epoch,
            answer=response.response_text,
            verdicts={_named(key): is_yes(given[key]) for key in keys if key in given},
            reasonings={_named(key): given[key].reasoning for key in keys if key in given},
        )
        for response, given in zip(row.responses, row.ratings, strict=True)
    )


def _named(key: CriterionKey) -> str:
    text, number = key
    return text if number == 0 else f"{text} ({number + 1})"


def _beginning(things: Iterable[object]) -> str:
    """The first few of some things."""
    told = [quoted(thing, 100) for thing in things]
    if not told:
        return "none"
    return "; ".join(told[:2]) + (f" and {len(told) - 2} more" if len(told) > 2 else "")
