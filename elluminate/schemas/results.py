"""Aggregated results of an experiment."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import define
from elluminate_api import models as api
from elluminate_api.models import MeanRating, MissingVerdictCause

from elluminate._calls import Explained
from elluminate._checks import checked_id
from elluminate._notebooks import MOST_SHOWN, ShownInNotebooks
from elluminate._showing import shown
from elluminate._tables import html_facts, html_table, printable
from elluminate.exceptions import ValidationError
from elluminate.statistics import Interval


@define(kw_only=True, repr=False)
class VerdictCounts(api.VerdictCounts):
    """What became of the verdicts that were to be given, one for each answer and each criterion that applies to it.

    `expected` = `given` + `pending` + `missing_answer_failed` + `missing_not_judged`. `reasons` tells why verdicts are
    missing, the most frequent first.
    """

    @property
    def missing(self) -> int:
        """Verdicts that are not there and will not come by themselves.

        `experiment.retry_failed()` brings them, but for answers that come from a column or from agents, and for what a
        check cannot tell of a row.
        """
        return self.missing_answer_failed + self.missing_not_judged

    @property
    def is_complete(self) -> bool:
        """Whether every verdict that was to be given is there, and there is any."""
        return self.given == self.expected > 0


@define(kw_only=True, repr=False)
class ModelCosts(api.ModelCosts):
    """Tokens and price of answers or verdicts, as far as they are known.

    `str()` of it is the price in words: "0.0123 USD", "at least 0.0100 USD (1 of 3 not priced)" or "unknown".
    """

    @property
    def is_known(self) -> bool:
        """Whether the price of all is known."""
        return self.priced_count == self.count

    def __str__(self) -> str:
        if self.is_known:
            return f"{self.cost_usd or 0.0:.4f} USD"
        if self.cost_usd is None:
            return "unknown"
        return (
            f"at least {self.cost_usd:.4f} USD ({self.count - self.priced_count} of {self.count} not priced)"
        )


@define(kw_only=True, repr=False)
class ExperimentResults(ShownInNotebooks, Explained, api.ExperimentResults):
    """What an experiment came to: shares of YES, tokens, durations, costs, and what became of every verdict.

    `pass_rate` is YES ratings / all ratings, 0 to 1. `verdicts` tells how many there are, and what is missing; it is
    None where the server does not tell and the responses were not fetched. `answer_costs` and `judge_costs` tell what
    was paid, and of how many answers and verdicts that is known; None where the server does not tell.
    """

    mean_rating_by_criterion_id: dict[int, MeanRating]  # type: ignore[assignment]
    answer_costs: ModelCosts | None = None
    judge_costs: ModelCosts | None = None
    verdicts: VerdictCounts | None = None
    verdicts_by_criterion_id: dict[int, VerdictCounts] | None = None  # type: ignore[assignment]

    @property
    def pass_rate(self) -> float | None:
        """Share of YES among the verdicts, 0 to 1; None where there is no verdict, so that nothing was measured.

        Example:
            >>> rate = experiment.results.pass_rate
            >>> print("not measured" if rate is None else f"Pass rate {rate:.0%}")
            Pass rate ...%
        """
        given = self.num_rated_responses if self.verdicts is None else self.verdicts.given
        return self.mean_all_ratings.yes if given else None

    @property
    def flaws(self) -> str:
        """How many of the answers were cut off at the limit of tokens, refused, or say nothing; "" when none.

        They are answers, and judged like the others. As far as the server tells.

        Example:
            >>> if experiment.results.flaws:
            ...     print("look at the answers:", experiment.results.flaws)
        """
        told = {
            "cut off at the limit of tokens": self.num_truncated_responses,
            "refused": self.num_refused_responses,
            "empty": self.num_empty_responses,
        }
        return ", ".join(f"{what}: {count}" for what, count in told.items() if count)

    def get_criterion_summary(self, criterion_id: int) -> str:
        """One criterion's shares as a line of text.

        Args:
            criterion_id: Id of a criterion.

        Returns:
            The line, with what is missing; "no ratings" for an id that nothing is known of.

        Raises:
            ValidationError: `criterion_id` is no id.

        Example:
            >>> results.get_criterion_summary(criterion.id)
            '...% yes, ...% no'
        """
        checked_id(criterion_id, "criterion_id")
        mean = self.mean_rating_by_criterion_id.get(criterion_id)
        counts = (self.verdicts_by_criterion_id or {}).get(criterion_id)
        shares = "no ratings" if mean is None else f"{mean.yes:.1%} yes, {mean.no:.1%} no"
        if counts is None:
            return shares
        if counts.is_complete:
            return f"{shares} ({_verdicts(counts.given)})" if self._is_for_some(counts) else shares
        if mean is None:
            shares = "not measured"
        return f"{shares} ({_told(counts)})"

    def _is_for_some(self, counts: VerdictCounts) -> bool:
        """Whether a criterion is not one of those that all answers are judged by."""
        return counts.expected < max(
            others.expected for others in (self.verdicts_by_criterion_id or {}).values()
        )

    def summary(
        self,
        criterion_names: Mapping[int, str] | None = None,
        *,
        intervals: Mapping[int | None, Interval] | None = None,
    ) -> str:
        """The results as text: the pass rate, one line per criterion, and what is missing, for which reasons.

        Args:
            criterion_names: What to call the criteria; otherwise their texts, or their ids where the server does not
                tell those.
            intervals: What to tell beside the rates, by the criterion's id; None stands for all of them together.

        Returns:
            Several lines, without a line break at the end.

        Raises:
            ValidationError: `criterion_names` is no mapping.

        Example:
            >>> print(results.summary({criterion.id: criterion.criterion_str for criterion in criterion_set.criteria}))
            Pass rate: ...
        """
        if criterion_names is not None and not isinstance(criterion_names, Mapping):
            raise ValidationError(
                f"criterion_names must map ids of criteria to names, not {shown(criterion_names)}; "
                "for example {criterion.id: criterion.criterion_str for criterion in criterion_set.criteria}"
            )
        answers = f"Rated responses: {self.num_rated_responses}, failed: {self.num_failed_responses}"
        if self.flaws:
            answers += f", {self.flaws}"
        if self.num_cached_responses:
            answers += f", from the cache: {self.num_cached_responses}"
        beside = {number: _beside(interval) for number, interval in (intervals or {}).items()}
        lines = [f"Pass rate: {self._rate()}{beside.get(None, '')}", answers]
        counted = self.verdicts_by_criterion_id or {}
        names = {
            **{number: counts.criterion_str for number, counts in counted.items() if counts.criterion_str},
            **(criterion_names or {}),
        }
        known = {**counted, **self.mean_rating_by_criterion_id}
        lines += [
            f"  {names.get(criterion, f'criterion {criterion}')}: {self.get_criterion_summary(criterion)}"
            f"{beside.get(criterion, '')}"
            for criterion in known
        ]
        if self.verdicts is not None and self.verdicts.missing:
            lines.append(f"Missing verdicts: {self.verdicts.missing} of {self.verdicts.expected}")
            lines += [
                f"  {reason.count} {CAUSES.get(reason.cause, reason.cause)}: {' '.join(reason.reason.split())}"
                for reason in self.verdicts.reasons
            ]
            if self.verdicts.missing_for_other_reasons:
                lines.append(f"  {self.verdicts.missing_for_other_reasons} for other reasons")
        if self.mean_duration_seconds is not None:
            lines.append(f"Mean duration: {self.mean_duration_seconds:.2f} s")
        if self.mean_input_tokens is not None and self.mean_output_tokens is not None:
            lines.append(f"Mean tokens: {self.mean_input_tokens:.0f} in, {self.mean_output_tokens:.0f} out")
        if self.answer_costs is not None:
            judging = (
                "" if not self.judge_costs or not self.judge_costs.count else f", judging {self.judge_costs}"
            )
            lines.append(f"Estimated cost: answers {self.answer_costs}{judging}")
        elif self.estimated_total_cost_usd:
            lines.append(f"Estimated cost: {self.estimated_total_cost_usd:.4f} USD")
        return "\n".join(lines)

    @property
    def cost_usd(self) -> float | None:
        """What answers and verdicts came to together, in US dollars; None where that is not known of all of them.

        Example:
            >>> cost = experiment.results.cost_usd
            >>> print("unknown" if cost is None else f"{cost:.2f} USD")
            0.00 USD
        """
        told = (self.answer_costs, self.judge_costs)
        if any(costs is None or not costs.is_known for costs in told):
            return None
        return sum(costs.cost_usd or 0.0 for costs in told if costs is not None)

    def _rate(self) -> str:
        if self.pass_rate is None:
            if self.verdicts is None:
                return "not measured"
            return f"not measured ({_told(self.verdicts) if self.verdicts.expected else 'no criteria'})"
        rate = f"{self.pass_rate:.1%}"
        if self.verdicts is None or self.verdicts.is_complete:
            return rate
        return f"{rate} ({_told(self.verdicts)})"

    def _tables(self) -> Iterator[str]:
        yield html_facts("Results", self._facts({}))
        yield from self._tables_of_verdicts({}, {})

    def _facts(self, intervals: Mapping[int | None, Interval]) -> list[tuple[str, str]]:
        """What a notebook shows of all criteria together: names and values."""
        sure = intervals.get(None)
        answers = f"{self.num_rated_responses} rated, {self.num_failed_responses} failed"
        if self.flaws:
            answers += f", {self.flaws}"
        rate = self._rate()
        if self.verdicts is not None and self.verdicts.is_complete:
            rate += f" ({_verdicts(self.verdicts.given)})"
        costs = [
            f"{what} {costs}"
            for what, costs in (("answers", self.answer_costs), ("judging", self.judge_costs))
            if costs is not None and costs.count
        ]
        return [
            ("pass rate", rate if sure is None else f"{rate}{_beside(sure)}"),
            ("answers", answers),
            ("estimated cost", ", ".join(costs)),
        ]

    def _tables_of_verdicts(
        self, criterion_names: Mapping[int, str], intervals: Mapping[int | None, Interval]
    ) -> Iterator[str]:
        """What a notebook shows of each criterion, and why verdicts are missing."""
        counted = self.verdicts_by_criterion_id or {}
        known = list({**counted, **self.mean_rating_by_criterion_id})
        head = ["criterion", "pass rate", "verdicts", "missing", "still to come"]
        rows = [self._cells(number, criterion_names) for number in known[:MOST_SHOWN]]
        if intervals:
            head += ["95 % interval", "rows"]
            rows = [
                [*row, *_beside_in_cells(intervals.get(number))]
                for number, row in zip(known, rows, strict=False)
            ]
        if rows:
            yield html_table("Criteria", head, rows, most=MOST_SHOWN, total=len(known))
        if self.verdicts is not None and self.verdicts.missing:
            reasons = [
                [str(one.count), CAUSES.get(one.cause, one.cause), one.reason]
                for one in self.verdicts.reasons
            ]
            if self.verdicts.missing_for_other_reasons:
                reasons.append([str(self.verdicts.missing_for_other_reasons), "", "for other reasons"])
            title = f"Missing verdicts: {self.verdicts.missing} of {self.verdicts.expected}"
            yield html_table(title, ["verdicts", "cause", "reason"], reasons, most=MOST_SHOWN + 1)

    def _cells(self, number: int, criterion_names: Mapping[int, str]) -> list[str]:
        mean = self.mean_rating_by_criterion_id.get(number)
        counts = (self.verdicts_by_criterion_id or {}).get(number)
        told = counts.criterion_str if counts else None
        return [
            criterion_names.get(number) or told or f"criterion {number}",
            "not measured" if mean is None else f"{mean.yes:.1%}",
            "not told" if counts is None else f"{counts.given} of {counts.expected}",
            "" if counts is None else str(counts.missing),
            "" if counts is None else str(counts.pending),
        ]

    def print_summary(self, criterion_names: Mapping[int, str] | None = None) -> None:
        """Print :meth:`summary`.

        Args:
            criterion_names: What to call the criteria; their ids otherwise.

        Raises:
            ValidationError: `criterion_names` is no mapping.

        Example:
            >>> results.print_summary()
            Pass rate: ...
        """
        print(printable(self.summary(criterion_names)))  # noqa: T201  # printing is what it is for


def _beside(interval: Interval) -> str:
    """An interval as it stands beside its rate; nothing where it is undefined."""
    told = _range(interval)
    return told and f", 95 % interval {told} by {interval.n} rows"


def _beside_in_cells(interval: Interval | None) -> list[str]:
    return ["", ""] if interval is None else [_range(interval), str(interval.n)]


def _range(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return ""
    return f"{interval.low:.1%} to {interval.high:.1%}"


CAUSES: Mapping[str, str] = {
    MissingVerdictCause.ANSWER_FAILED: "without an answer",
    MissingVerdictCause.NOT_JUDGED: "not judged",
}


def _verdicts(count: int) -> str:
    return "1 verdict" if count == 1 else f"{count} verdicts"


def _told(counts: VerdictCounts) -> str:
    """How many verdicts there are, and where the others are."""
    others = [f"{counts.missing} missing"] if counts.missing else []
    others += [f"{counts.pending} still to come"] if counts.pending else []
    return ", ".join([f"{counts.given} of {counts.expected} verdicts", *others])
