"""What an experiment came to and how sure that is: rates with intervals, repetitions, costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen
from elluminate_api.models import MissingVerdictReason, RatingOrigin
from elluminate_api.types import one_line

from elluminate import statistics
from elluminate._exports import Exports
from elluminate._markup import dollars, interval_text, percent, with_label
from elluminate._tables import html_table, printable, shortened, text_table
from elluminate.schemas.agreement import not_validated
from elluminate.schemas.judged_rows import CriterionKey, JudgedRow, judged_rows
from elluminate.schemas.llm_config import GenerationMetadata
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse
from elluminate.schemas.response_rows import cost_of, own_label
from elluminate.schemas.results import CAUSES, VerdictCounts
from elluminate.schemas.verdicts import tally
from elluminate.statistics import Interval

__all__ = ["CriterionStatistics", "ExperimentStatistics", "FlakyRow", "Spending", "statistics_of"]

_MOST_SHOWN = 50
"""Criteria in a notebook's table."""


@frozen(kw_only=True, repr=False)
class Spending:
    """What calls to models took, as far as it is known.

    Attributes:
        count: Answers, or verdicts.
        cost_usd: What they came to together, in US dollars; None where that is not known of all of them.
        input_tokens: Tokens of their prompts together; None where that is not known of all of them.
        output_tokens: Tokens that were answered; None where that is not known of all of them.
        mean_seconds: How long one took on average, in seconds, by those of which it is known; None where of none.
    """

    count: int
    cost_usd: float | None
    input_tokens: int | None
    output_tokens: int | None
    mean_seconds: float | None

    __repr__ = one_line

    def __str__(self) -> str:
        cost = dollars(self.cost_usd, "cost unknown")
        tokens = "tokens unknown"
        if self.input_tokens is not None and self.output_tokens is not None:
            tokens = f"{self.input_tokens} tokens in, {self.output_tokens} out"
        seconds = "time unknown" if self.mean_seconds is None else f"{self.mean_seconds:.2f} s each"
        return f"{self.count}, {cost}, {tokens}, {seconds}"


@frozen(kw_only=True, repr=False)
class FlakyRow:
    """A row some of whose answers met all criteria, and some did not.

    Attributes:
        values: Column name to value.
        passed: Answers that met all criteria.
        answers: Answers that were judged by all criteria.
    """

    values: Mapping[str, Any]
    passed: int
    answers: int

    __repr__ = one_line


@frozen(kw_only=True, repr=False)
class CriterionStatistics:
    """How often a criterion was met, or all criteria together.

    Attributes:
        criterion: Its text; None for all together.
        criterion_id: Its id; None for all together.
        rate: Share of YES among the verdicts with its interval: `estimate`, `low`, `high`, `method`, and in `n` the
            rows.
        verdicts: What became of the verdicts that were to be given: how many there are, what is missing and why.
        epochs: The most answers that a row has.
        pass_at_k: How often at least one of as many answers as there are epochs meets it (of all criteria: meets all).
            None without repetitions.
        pass_hat_k: How often all of them do. None without repetitions.
        flaky_rows: Rows whose answers differ in whether they meet it. None without repetitions.
        label: Its label; None for all together, and where nobody gave it one.
    """

    criterion: str | None
    criterion_id: int | None
    rate: Interval
    verdicts: VerdictCounts
    epochs: int
    pass_at_k: float | None
    pass_hat_k: float | None
    flaky_rows: int | None
    label: str | None = None

    __repr__ = one_line

    @property
    def name(self) -> str:
        """What to call it: its text, after its label where it has one."""
        return "All criteria" if self.criterion is None else with_label(self.criterion, self.label)


@frozen(kw_only=True, repr=False)
class ExperimentStatistics(Exports):
    """What an experiment came to, and how sure that is.

    `print()` shows it as a table, a notebook does by itself; `to_dicts()`, `to_csv()`, `to_jsonl()` and `to_pandas()`
    give a row for all criteria together and one for each.

    Attributes:
        experiment: Name of the experiment.
        confidence: How often intervals made like these hold the true rate.
        overall: All criteria together. An answer passes when it meets all of them.
        criteria: Each criterion, in the order of the set.
        answers: What the answers took.
        judging: What the verdicts took.
        flaky: Rows some of whose answers passed, and some did not; empty without repetitions.
        passing: Share of the answers that meet all criteria, with its interval: what pass@k, pass^k and flaky rows over
            all criteria count by. `overall.rate` is the share of the verdicts.
        ignored_filters: `categorical_filters` that it was read with, in words: they do not count here.
        not_validated: By which criteria the judge is not validated, and why, where people have labelled; see
            `Experiment.agreement`.
    """

    experiment: str
    confidence: float
    overall: CriterionStatistics
    criteria: tuple[CriterionStatistics, ...]
    answers: Spending
    judging: Spending
    flaky: tuple[FlakyRow, ...]
    passing: Interval
    ignored_filters: str | None = None
    not_validated: tuple[str, ...] = ()

    __repr__ = one_line

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat dict for all criteria together, whose `criterion` is None, and one for each criterion.

        Example:
            >>> [row["rows"] for row in experiment.statistics().to_dicts()]
            [2, 2, 2]
        """
        return [_as_dict(one) for one in (self.overall, *self.criteria)]

    def __str__(self) -> str:
        head, rows = self._table()
        return printable(
            "\n".join([f"Experiment: {self.experiment}", text_table(head, rows), *self._notes()])
        )

    def _repr_html_(self) -> str:
        head, rows = self._table()
        table = html_table(f"Experiment: {shortened(self.experiment, 200)}", head, rows, most=_MOST_SHOWN)
        return table + html_table("", ["notes"], [[note] for note in self._notes()], most=_MOST_SHOWN)

    def _notes(self) -> list[str]:
        notes = [f"Answers: {self.answers}"]
        if self.judging.count:
            notes.append(f"Judging: {self.judging}")
        if self.ignored_filters:
            notes.append(f"Of all rows: the filters {self.ignored_filters} do not count here")
        notes += self.not_validated
        missing = self.overall.verdicts
        if missing.missing:
            notes.append(f"Missing verdicts: {missing.missing} of {missing.expected}")
            notes += [f"  {why.count} {cause_and_reason(why)}" for why in missing.reasons]
        return notes

    def _table(self) -> tuple[list[str], list[list[str]]]:
        repeated = self.overall.epochs > 1
        k = self.overall.epochs
        head = [
            "",
            "rate",
            f"{level_text(self.confidence)} interval",
            "rows",
            "verdicts",
            "missing",
            "method",
        ]
        head += [f"pass^{k}", f"pass@{k}", "flaky rows"] if repeated else []
        rows = [_cells(one, repeated and one.criterion is not None) for one in (self.overall, *self.criteria)]
        if repeated:
            # Over all criteria these count answers, and the rate above counts verdicts: each has a line of its own.
            whole = [*_of_rate("Answers that meet all criteria", self.passing), "-", "-"]
            rows.insert(1, [*whole, _method(self.passing), *_of_repetitions(self.overall)])
            rows[0] += ["", "", ""]
        return head, rows


def _cells(one: CriterionStatistics, repeated: bool) -> list[str]:
    counts = [str(one.verdicts.given), str(one.verdicts.missing), _method(one.rate)]
    return [*_of_rate(one.name, one.rate), *counts, *(_of_repetitions(one) if repeated else [])]


def _of_rate(name: str, rate: Interval) -> list[str]:
    return [shortened(name, 60), percent(rate.estimate), interval_text(rate.low, rate.high), str(rate.n)]


def _of_repetitions(one: CriterionStatistics) -> list[str]:
    flaky = "-" if one.flaky_rows is None else str(one.flaky_rows)
    return [percent(one.pass_hat_k), percent(one.pass_at_k), flaky]


def _method(rate: Interval) -> str:
    """How an interval was made, "-" where there is none."""
    return rate.method if rate.is_known else "-"


def level_text(confidence: float) -> str:
    """How sure an interval is, in words.

    >>> level_text(0.95), level_text(1 - 0.001)
    ('95%', '99.9%')
    """
    return f"{100 * confidence:.6g}%"


def counted_rows(count: int) -> str:
    """How many rows, in words."""
    return "1 row" if count == 1 else f"{count} rows"


def cause_and_reason(why: MissingVerdictReason) -> str:
    """Why verdicts are missing: what befell the answer, or its judging, and the reason that was given."""
    return f"{CAUSES.get(why.cause, why.cause)}: {shortened(why.reason, 200)}"


def _as_dict(one: CriterionStatistics) -> dict[str, Any]:
    return {
        "criterion": one.criterion,
        "rate": one.rate.estimate,
        "low": one.rate.low,
        "high": one.rate.high,
        "method": one.rate.method if one.rate.is_known else None,
        "rows": one.rate.n,
        "verdicts": one.verdicts.given,
        "expected": one.verdicts.expected,
        "missing": one.verdicts.missing,
        "missing_answer_failed": one.verdicts.missing_answer_failed,
        "missing_not_judged": one.verdicts.missing_not_judged,
        "pending": one.verdicts.pending,
        "epochs": one.epochs,
        "pass_hat_k": one.pass_hat_k,
        "pass_at_k": one.pass_at_k,
        "flaky_rows": one.flaky_rows,
    }


def statistics_of(
    name: str,
    responses: Sequence[PromptResponse],
    criteria: Sequence[Criterion],
    confidence: float,
    counted: tuple[VerdictCounts, Mapping[int, VerdictCounts]] | None = None,
    ignored_filters: str | None = None,
    rating_version: str | None = None,
) -> ExperimentStatistics:
    """What responses came to.

    Args:
        name: Name of their experiment.
        responses: All of its responses, which tell what they lack.
        criteria: What they were, or were to be, judged by.
        confidence: Of the intervals, above 0 and below 1.
        counted: What became of the verdicts, over all and by criterion, where the server has told; None counts what
            the responses have and lack.
        ignored_filters: What they were read with and what does not count here, in words.
        rating_version: The experiment's judge.
    """
    rows = judged_rows(responses, criteria, (counted and counted[1]) or None)
    lacking = [verdict for response in responses for verdict in response.missing_verdicts or []]
    whole, by_id = counted or tally(responses, lacking, criteria)
    texts = {number: one.criterion_str for number, one in by_id.items() if one.criterion_str}
    texts |= {criterion.id: criterion.criterion_str for criterion in criteria}
    labels = {criterion.id: own_label(criterion) for criterion in criteria}
    epochs = max((len(row.responses) for row in rows), default=0)
    ratings = [rating for response in responses if response.error is None for rating in response.ratings]
    return ExperimentStatistics(
        experiment=name,
        confidence=confidence,
        overall=_of(
            None,
            None,
            whole,
            [row.all_verdicts() for row in rows],
            [row.passed() for row in rows],
            epochs,
            confidence,
        ),
        criteria=tuple(
            evolve(
                _of_criterion(
                    number, counts, texts.get(number, f"criterion {number}"), rows, epochs, confidence
                ),
                label=labels.get(number),
            )
            for number, counts in by_id.items()
        ),
        answers=_spent([response.generation_metadata for response in responses if response.error is None]),
        judging=_spent(
            [rating.generation_metadata for rating in ratings if rating.origin not in _WITHOUT_CALL]
        ),
        flaky=tuple(
            FlakyRow(values=row.values, passed=sum(passed), answers=len(passed))
            for row in rows
            if 0 < sum(passed := row.passed()) < len(passed)
        ),
        passing=statistics.rate([row.passed() for row in rows], confidence),
        ignored_filters=ignored_filters,
        not_validated=tuple(not_validated(rating_version, responses)),
    )


def _of_criterion(
    number: int, counts: VerdictCounts, text: str, rows: Sequence[JudgedRow], epochs: int, confidence: float
) -> CriterionStatistics:
    keys = [_key_of(row, number) for row in rows]
    verdicts = [[] if key is None else row.verdicts(key) for row, key in zip(rows, keys, strict=True)]
    return _of(text, number, counts, verdicts, verdicts, epochs, confidence)


def _key_of(row: JudgedRow, criterion_id: int) -> CriterionKey | None:
    return next(
        (
            key
            for given in row.ratings
            for key, rating in given.items()
            if rating.criterion.id == criterion_id
        ),
        None,
    )


def _of(
    text: str | None,
    number: int | None,
    counts: VerdictCounts,
    verdicts: Sequence[Sequence[bool]],
    passed: Sequence[Sequence[bool]],
    epochs: int,
    confidence: float,
) -> CriterionStatistics:
    repeated = epochs > 1
    return CriterionStatistics(
        criterion=text,
        criterion_id=number,
        rate=statistics.rate(verdicts, confidence),
        verdicts=counts,
        epochs=epochs,
        pass_at_k=statistics.pass_at_k(passed, epochs) if repeated else None,
        pass_hat_k=statistics.pass_hat_k(passed, epochs) if repeated else None,
        flaky_rows=sum(0 < sum(row) < len(row) for row in passed) if repeated else None,
    )


_WITHOUT_CALL = (RatingOrigin.CHECK, RatingOrigin.PROGRAM)
"""Who gives verdicts without a model."""


def _spent(calls: Sequence[GenerationMetadata | None]) -> Spending:
    seconds = [one.duration_seconds for one in calls if one is not None and one.duration_seconds is not None]
    return Spending(
        count=len(calls),
        cost_usd=_sum_of_all(cost_of(one) for one in calls),
        input_tokens=_sum_of_all(None if one is None else one.input_tokens for one in calls),
        output_tokens=_sum_of_all(None if one is None else one.output_tokens for one in calls),
        mean_seconds=sum(seconds) / len(seconds) if seconds else None,
    )


def _sum_of_all(values: Iterable[Any]) -> Any:
    """The sum; None where one is not known, or there is none."""
    found = list(values)
    return None if not found or any(one is None for one in found) else sum(found)
