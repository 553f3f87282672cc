"""What a comparison of two experiments says: the verdict, how sure it is, and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen
from elluminate_api.models import MissingVerdictReason
from elluminate_api.types import one_line

from elluminate._exports import Exports
from elluminate._markup import interval_text, percent
from elluminate._tables import html_table, printable, shortened, text_table
from elluminate.schemas.experiment_statistics import cause_and_reason, counted_rows, level_text
from elluminate.statistics import Decision, Difference, Interval

__all__ = ["ChangedRow", "CriterionComparison", "ExperimentComparison", "JudgedAnswer"]

_MOST_SHOWN = 50
_MOST_TOLD = 3
_MOST_CHARACTERS = 300


@frozen(kw_only=True, repr=False)
class JudgedAnswer:
    """An answer as it was judged.

    Attributes:
        epoch: Which of the answers to its row.
        answer: Its text.
        verdicts: By the criterion's text, whether it met it.
        reasonings: By the criterion's text, why, in the judge's words; None where it gave none.
    """

    epoch: int
    answer: str
    verdicts: Mapping[str, bool]
    reasonings: Mapping[str, str | None]

    __repr__ = one_line


@frozen(kw_only=True, repr=False)
class ChangedRow:
    """A row on which the two experiments differ.

    Attributes:
        values: Column name to value.
        before: Share of YES in the first, 0 to 1.
        after: Share of YES in the second.
        answers_before: The answers of the first, with the verdicts that count here.
        answers_after: Those of the second.
    """

    values: Mapping[str, Any]
    before: float
    after: float
    answers_before: tuple[JudgedAnswer, ...]
    answers_after: tuple[JudgedAnswer, ...]

    __repr__ = one_line


@frozen(kw_only=True, repr=False)
class CriterionComparison:
    """How the second experiment does by one criterion, or by all together, as compared with the first.

    Attributes:
        criterion: Its text; None for all together.
        verdict: "better", "worse" or "not enough evidence": of the second.
        rate_a: Share of YES in the first over the rows that count here, each row once, with its interval.
        rate_b: The same of the second.
        difference: How far the second is above the first: `estimate`, `low`, `high`, `p`, `method`, and in `n` the
            rows.
        p_holm: p as it counts among all criteria; None for all together, and where there is none.
        detectable: The smallest difference that these rows could have shown in four of five comparisons; None where
            they could show none.
        better: Rows that got better.
        worse: Rows that got worse.
        left_out: Rows that both have and that do not count here, because one of them has no verdict.
        missing_a: Verdicts that the first lacks on rows that both have, and on those that it was to answer and did
            not, as far as the server counts these.
        missing_b: Verdicts that the second lacks.
    """

    criterion: str | None
    verdict: Decision
    rate_a: Interval
    rate_b: Interval
    difference: Difference
    p_holm: float | None
    detectable: float | None
    better: tuple[ChangedRow, ...]
    worse: tuple[ChangedRow, ...]
    left_out: int
    missing_a: int
    missing_b: int

    __repr__ = one_line

    @property
    def name(self) -> str:
        """What to call it."""
        return "All criteria" if self.criterion is None else self.criterion

    def __str__(self) -> str:
        rates = f"{percent(self.rate_a.estimate)} to {percent(self.rate_b.estimate)}"
        rows = counted_rows(self.difference.n)
        return (
            f"{printable(shortened(self.name, 200))}: {rates}, {self.difference}, over {rows}: {self.verdict}"
        )


@frozen(kw_only=True, repr=False)
class ExperimentComparison(Exports):
    """Whether one experiment is better than another one over the same rows.

    `print()` shows it as a table, a notebook does by itself; `to_dicts()`, `to_csv()`, `to_jsonl()` and `to_pandas()`
    give a row for all criteria together and one for each.

    Attributes:
        a: Name of the first experiment, which is compared with.
        b: Name of the second, which the verdicts are about.
        level: How often a difference may be seen where there is none.
        rows: Rows that both have.
        overall: All criteria together, each row once.
        criteria: Each criterion that both have.
        rows_only_in_a: Values of the rows that only the first has answers to, and that are left out.
        rows_only_in_b: The same of the second.
        rows_unanswered_in_a: Values of the rows that the first was to answer and did not, and that are left out.
        rows_unanswered_in_b: The same of the second.
        reasons_a: Why the first lacks verdicts, of all its rows, the most frequent reason first.
        reasons_b: The same of the second.
        ignored_filters: `categorical_filters` that the two were read with, in words: they do not count here.
        criteria_only_in_a: Texts of the criteria that only the first has, and that are left out.
        criteria_only_in_b: The same of the second.
    """

    a: str
    b: str
    level: float
    rows: int
    overall: CriterionComparison
    criteria: tuple[CriterionComparison, ...]
    rows_only_in_a: tuple[Mapping[str, Any], ...]
    rows_only_in_b: tuple[Mapping[str, Any], ...]
    rows_unanswered_in_a: tuple[Mapping[str, Any], ...] = ()
    rows_unanswered_in_b: tuple[Mapping[str, Any], ...] = ()
    reasons_a: tuple[MissingVerdictReason, ...] = ()
    reasons_b: tuple[MissingVerdictReason, ...] = ()
    ignored_filters: tuple[str, ...] = ()
    criteria_only_in_a: tuple[str, ...]
    criteria_only_in_b: tuple[str, ...]

    __repr__ = one_line

    @property
    def verdict(self) -> Decision:
        """Over all criteria: "better", "worse" or "not enough evidence"."""
        return self.overall.verdict

    @property
    def better(self) -> tuple[ChangedRow, ...]:
        """Rows that got better over all."""
        return self.overall.better

    @property
    def worse(self) -> tuple[ChangedRow, ...]:
        """Rows that got worse over all."""
        return self.overall.worse

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat dict for all criteria together, whose `criterion` is None, and one for each criterion.

        Example:
            >>> [row["verdict"] for row in client.compare(before, after).to_dicts()]
            ['not enough evidence', 'not enough evidence', 'not enough evidence']
        """
        return [_as_dict(one) for one in (self.overall, *self.criteria)]

    def __str__(self) -> str:
        head, rows = self._table()
        lines = [self._title(), text_table(head, rows), *self._notes()]
        for what, changed in (("worse", self.worse), ("better", self.better)):
            if changed:
                lines.append(f"Rows that got {what}: {len(changed)}")
                lines += [f"  {_row_in_words(row)}" for row in changed[:_MOST_TOLD]]
                if len(changed) > _MOST_TOLD:
                    lines.append(f"  and {len(changed) - _MOST_TOLD} more")
        return printable("\n".join(lines))

    def _repr_html_(self) -> str:
        head, rows = self._table()
        tables = [html_table(self._title(), head, rows, most=_MOST_SHOWN)]
        for what, changed in (("worse", self.worse), ("better", self.better)):
            if changed:
                cells = [_cells_of_row(row) for row in changed[:_MOST_SHOWN]]
                tables.append(
                    html_table(
                        f"Rows that got {what}: {len(changed)}",
                        [
                            "row",
                            "before",
                            "after",
                            "answer before",
                            "answer after",
                            "reasons before",
                            "reasons after",
                        ],
                        cells,
                        most=_MOST_SHOWN,
                    )
                )
        notes = html_table("", ["notes"], [[note] for note in self._notes()], most=_MOST_SHOWN)
        return "".join([*tables, notes])

    def _title(self) -> str:
        names = f"{shortened(self.b, 200)} (B) as compared with {shortened(self.a, 200)} (A)"
        return f"{names}, over {self._over()}: {self.verdict}"

    def _over(self) -> str:
        """The rows that count over all, and those that both have where these are more."""
        counting = self.overall.difference.n
        return (
            counted_rows(counting)
            if counting == self.rows
            else f"{counting} of {self.rows} rows that both have"
        )

    def _notes(self) -> list[str]:
        overall = self.overall
        notes = [
            "Rates count each row once, however many verdicts it has; statistics() counts each verdict, so that its "
            "rates may differ",
            "These rows could show no difference at this level, whatever it is"
            if overall.detectable is None
            else f"The smallest difference that these rows could have shown over all: {overall.detectable:.1%}",
        ]
        if overall.missing_a or overall.missing_b:
            notes.append(f"Missing verdicts: {overall.missing_a} in A, {overall.missing_b} in B")
            for side, missing, reasons in (
                ("A", overall.missing_a, self.reasons_a),
                ("B", overall.missing_b, self.reasons_b),
            ):
                notes += [f"  in {side}, {cause_and_reason(why)}" for why in reasons[:_MOST_TOLD] if missing]
        if overall.left_out:
            notes.append(f"Left out, for want of a verdict on one side: {counted_rows(overall.left_out)}")
        for side, what, rows in (
            ("A", "only in", self.rows_only_in_a),
            ("B", "only in", self.rows_only_in_b),
            ("A", "unanswered in", self.rows_unanswered_in_a),
            ("B", "unanswered in", self.rows_unanswered_in_b),
        ):
            told = _told([_in_words(row) for row in rows])
            notes += [f"Left out, {what} {side}: {counted_rows(len(rows))}: {told}"] if rows else []
        for side, criteria in (("A", self.criteria_only_in_a), ("B", self.criteria_only_in_b)):
            notes += [f"Left out, only in {side}: criteria {_told(criteria)}"] if criteria else []
        notes += [f"Of all rows: the filters {told} do not count here" for told in self.ignored_filters]
        return notes

    def _table(self) -> tuple[list[str], list[list[str]]]:
        head = ["", "A", "B", "difference", f"{level_text(1 - self.level)} interval", "p", "Holm's p", "rows"]
        head += ["better", "worse", "verdict"]
        return head, [_cells(one) for one in (self.overall, *self.criteria)]


def _cells(one: CriterionComparison) -> list[str]:
    difference = one.difference
    return [
        shortened(one.name, 60),
        percent(one.rate_a.estimate),
        percent(one.rate_b.estimate),
        "-" if difference.estimate is None else f"{difference.estimate:+.1%}",
        interval_text(difference.low, difference.high),
        _p_in_words(difference.p),
        _p_in_words(one.p_holm),
        str(difference.n),
        str(len(one.better)),
        str(len(one.worse)),
        one.verdict,
    ]


def _p_in_words(p: float | None) -> str:
    if p is None:
        return "-"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _cells_of_row(row: ChangedRow) -> list[str]:
    sides = (row.answers_before, row.answers_after)
    answers = [" | ".join(answer.answer for answer in side) for side in sides]
    reasons = [
        " | ".join(reason for answer in side for reason in answer.reasonings.values() if reason)
        for side in sides
    ]
    texts = [_in_words(row.values), percent(row.before), percent(row.after), *answers, *reasons]
    return [shortened(text, _MOST_CHARACTERS) for text in texts]


def _row_in_words(row: ChangedRow) -> str:
    return f"{percent(row.before)} to {percent(row.after)}: {_in_words(row.values)}"


def _in_words(values: Mapping[str, Any]) -> str:
    return shortened(", ".join(f"{name}={str(value)[:100]}" for name, value in values.items()), 100)


def _told(items: Sequence[str]) -> str:
    told = "; ".join(shortened(item, 100) for item in items[:_MOST_TOLD])
    return told if len(items) <= _MOST_TOLD else f"{told} and {len(items) - _MOST_TOLD} more"


def _as_dict(one: CriterionComparison) -> dict[str, Any]:
    return {
        "criterion": one.criterion,
        "verdict": one.verdict,
        "rate_a": one.rate_a.estimate,
        "rate_b": one.rate_b.estimate,
        "difference": one.difference.estimate,
        "low": one.difference.low,
        "high": one.difference.high,
        "p": one.difference.p,
        "p_holm": one.p_holm,
        "method": one.difference.method,
        "rows": one.difference.n,
        "better": len(one.better),
        "worse": len(one.worse),
        "detectable": one.detectable,
        "left_out": one.left_out,
        "missing_a": one.missing_a,
        "missing_b": one.missing_b,
    }
