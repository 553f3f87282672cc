"""How far judges agree with people: by criterion and judge, with what follows for the pass rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from elluminate_api import models as api
from elluminate_api.models import EarlierRating, Label
from elluminate_api.types import UNSET, one_line

from elluminate import statistics
from elluminate._exports import Exports
from elluminate._tables import html_table, printable, shortened, text_table
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse
from elluminate.statistics import Interval, Kappa
from elluminate.statistics.judging import (
    THRESHOLD,
    GivenVerdict,
    JudgeFigures,
    by_judge,
    status_of,
    weigh_judge,
    why_no_interval,
)

__all__ = ["Agreement", "Judge", "JudgeAgreement", "agreement_of", "not_validated"]

_MOST_SHOWN = 50
"""Lines in a notebook's table."""

Pair = tuple[int, int]
"""Ids of a response and of a criterion."""


@frozen(order=True)
class Judge:
    """Who gives verdicts.

    Attributes:
        rating_version: Key of the judge, as the experiment has it; "" for none.
        model: The model's name; "" where it is not known.
    """

    rating_version: str
    model: str

    def __str__(self) -> str:
        named = [part for part in dict.fromkeys((self.rating_version, self.model)) if part]
        return ", ".join(named) or "unknown judge"


@frozen(kw_only=True, repr=False)
class JudgeAgreement:
    """How far one judge agrees with people by one criterion.

    Attributes:
        criterion: Its text.
        criterion_id: Its id.
        rating_version: Key of the judge; None for none.
        model: The judge's model; None where it is not known.
        n: Labels that can be compared: pairs of an answer and this criterion to which people say YES or NO.
        unsure: Pairs to which they say nothing but UNSURE.
        disputed: Pairs to which as many people say YES as NO.
        verdicts: Verdicts of this judge by this criterion.
        yes_labels: Of the labels, those that say YES.
        true_positive_rate: Of what people call YES, the share that the judge calls YES, over all of its verdicts.
        true_negative_rate: Of what people call NO, the share that the judge calls NO, over all of its verdicts.
        kappa: Cohen's kappa on the labelled pairs, with the agreement and the base rate of the labels.
        pass_rate: The judge's share of YES.
        corrected_pass_rate: The share of YES with the judge's errors taken out.
        is_validated: Whether the lower bounds of both rates reach the threshold.
        problem: Why it is not; None where it is.
    """

    criterion: str
    criterion_id: int
    rating_version: str | None
    model: str | None
    n: int
    unsure: int
    disputed: int
    verdicts: int
    yes_labels: int
    true_positive_rate: Interval
    true_negative_rate: Interval
    kappa: Kappa
    pass_rate: Interval
    corrected_pass_rate: Interval
    is_validated: bool
    problem: str | None

    __repr__ = one_line

    @property
    def judge(self) -> str:
        """The judge in words."""
        return str(Judge(self.rating_version or "", self.model or ""))

    @property
    def base_rate(self) -> float | None:
        """Of the labels that can be compared, the share that says YES; None without any."""
        return self.kappa.base_rate

    @property
    def why_no_interval(self) -> str | None:
        """Why the corrected pass rate has no interval, and what gives it one; None where it has one, or is unknown."""
        return why_no_interval(self.pass_rate, self.corrected_pass_rate)

    @property
    def status(self) -> str:
        """ "validated", or "judge not validated" with the reason."""
        return status_of(self.problem)


@frozen(kw_only=True, repr=False)
class Agreement(Exports):
    """How far an experiment's judges agree with people, by criterion and judge.

    `print()` shows it as a table, a notebook does by itself; `to_dicts()`, `to_csv()`, `to_jsonl()` and `to_pandas()`
    give a row for each criterion and judge.

    Attributes:
        experiment: Name of the experiment.
        confidence: How often intervals made like these hold the true rate.
        threshold: What the lower bounds of both rates of a validated judge reach.
        judges: The judges by criterion; of those that have labels, or judge now.
        between_people: Krippendorff's alpha between keys, by the criterion's id; None where no two labelled the same.
    """

    experiment: str
    confidence: float
    threshold: float
    judges: tuple[JudgeAgreement, ...]
    between_people: Mapping[int, float | None] = field(factory=dict)

    __repr__ = one_line

    @property
    def is_validated(self) -> bool:
        """Whether there is a judge, and each by each criterion is validated."""
        return bool(self.judges) and all(one.is_validated for one in self.judges)

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat dict for each criterion and judge.

        Example:
            >>> [row["labels"] for row in experiment.agreement().to_dicts()]
            [0, 0]
        """
        return [self._as_dict(one) for one in self.judges]

    def __str__(self) -> str:
        lines = [f"Experiment: {self.experiment}"]
        for one in self.judges:
            lines += ["", shortened(one.criterion, 100), text_table(*_table([one])), f"  {one.status}"]
            if one.why_no_interval is not None:
                lines.append(f"  {one.why_no_interval}")
            alpha = self.between_people.get(one.criterion_id)
            if alpha is not None:
                lines.append(f"  between people: Krippendorff's alpha {alpha:.2f}")
        if not self.judges:
            lines.append("No verdicts to compare with.")
        return printable("\n".join(lines))

    def _repr_html_(self) -> str:
        head, rows = _table(self.judges)
        rows = [
            [shortened(one.criterion, 60), *row, "; ".join(filter(None, [one.status, one.why_no_interval]))]
            for one, row in zip(self.judges, rows, strict=True)
        ]
        caption = f"Experiment: {shortened(self.experiment, 200)}"
        return html_table(caption, ["criterion", *head, "status"], rows, most=_MOST_SHOWN)

    def _as_dict(self, one: JudgeAgreement) -> dict[str, Any]:
        return {
            "criterion": one.criterion,
            "criterion_id": one.criterion_id,
            "rating_version": one.rating_version,
            "model": one.model,
            "labels": one.n,
            "yes_labels": one.yes_labels,
            "unsure": one.unsure,
            "disputed": one.disputed,
            "verdicts": one.verdicts,
            **_ends("true_positive_rate", one.true_positive_rate),
            **_ends("true_negative_rate", one.true_negative_rate),
            "agreement": one.kappa.observed,
            "kappa": one.kappa.estimate,
            "base_rate": one.base_rate,
            "alpha_between_people": self.between_people.get(one.criterion_id),
            **_ends("pass_rate", one.pass_rate),
            **_ends("corrected_pass_rate", one.corrected_pass_rate),
            "validated": one.is_validated,
            "problem": one.problem,
        }


def _ends(name: str, rate: Interval) -> dict[str, float | None]:
    return {name: rate.estimate, f"{name}_low": rate.low, f"{name}_high": rate.high}


def _table(judges: Sequence[JudgeAgreement]) -> tuple[list[str], list[list[str]]]:
    head = ["judge", "labels", "says YES to what is YES", "says NO to what is NO", "kappa", "base rate"]
    head += ["pass rate", "corrected"]
    rows = [
        [
            shortened(one.judge, 40),
            str(one.n),
            _cell(one.true_positive_rate),
            _cell(one.true_negative_rate),
            "-" if one.kappa.estimate is None else f"{one.kappa.estimate:.2f}",
            "-" if one.base_rate is None else f"{one.base_rate:.0%}",
            _cell(one.pass_rate),
            _cell(one.corrected_pass_rate),
        ]
        for one in judges
    ]
    return head, rows


def _cell(rate: Interval) -> str:
    if rate.estimate is None:
        return "-"
    if rate.low is None or rate.high is None:
        return f"{rate.estimate:.1%}, no interval"
    return f"{rate:.1%} [{rate.low:.1%}, {rate.high:.1%}]"


def agreement_of(
    name: str,
    rating_version: str | None,
    responses: Sequence[PromptResponse],
    labels: Iterable[Label],
    earlier: Iterable[EarlierRating] = (),
    *,
    confidence: float = 0.95,
    threshold: float = THRESHOLD,
) -> Agreement:
    """How far judges agree with people.

    Args:
        name: Name of the experiment.
        rating_version: Its judge.
        responses: All of its responses, with the verdicts of now.
        labels: What people say, those that count.
        earlier: Verdicts that later ones have replaced.
        confidence: Of the intervals, above 0 and below 1.
        threshold: What the lower bounds of both rates of a validated judge reach.
    """
    rows = {one.id: one.prompt.template_variables.id for one in responses if one.error is None}
    criteria: dict[int, Criterion] = {}
    replaced = [
        GivenVerdict(
            one.response_id,
            one.criterion_id,
            rows[one.response_id],
            one.rating.value == "YES",
            _judge(one.rating_version, one.generation_metadata),
        )
        for one in earlier
        if one.response_id in rows
    ]
    now = []
    for response in responses:
        for rating in response.ratings if response.error is None else ():
            if rating.criterion.check is not UNSET:
                continue  # a rule decides it, and no judge
            criteria[rating.criterion.id] = rating.criterion
            now.append(
                GivenVerdict(
                    response.id,
                    rating.criterion.id,
                    rows[response.id],
                    rating.rating.value == "YES",
                    _judge(rating_version, rating.generation_metadata),
                )
            )
    said = _said(labels)
    by_criterion: dict[int, list[Sequence[str]]] = defaultdict(list)
    for (_, number), values in said.items():
        by_criterion[number].append(values)
    judges = [
        _agreement(criteria[number], Judge(*judge), weigh_judge(verdicts, said, confidence, threshold))
        for (number, judge), verdicts in by_judge(replaced, now, said).items()
    ]
    return Agreement(
        experiment=name,
        confidence=confidence,
        threshold=threshold,
        judges=tuple(judges),
        between_people={
            number: statistics.krippendorff_alpha([_sides(values) for values in by_criterion[number]])
            for number in sorted(by_criterion)
        },
    )


def not_validated(
    rating_version: str | None, responses: Sequence[PromptResponse], confidence: float = 0.95
) -> list[str]:
    """Lines on judges that are not validated by the labels that responses tell of; none where nobody has labelled."""
    labels = [label for one in responses for rating in one.ratings for label in rating.labels or ()]
    if not labels:
        return []
    found = agreement_of("", rating_version, responses, labels, confidence=confidence)
    return [
        f"{shortened(one.criterion, 60)}: {one.status}"
        for one in found.judges
        if not one.is_validated and (one.n or one.unsure or one.disputed)
    ]


def _judge(rating_version: str | None, metadata: api.GenerationMetadata | None) -> tuple[str, str]:
    config = None if metadata is None else metadata.llm_model_config
    return rating_version or "", (config.llm_model_name if config else None) or ""


def _said(labels: Iterable[Label]) -> dict[Pair, list[str]]:
    said: dict[Pair, list[str]] = defaultdict(list)
    for label in labels:
        if label.superseded_at is None:
            said[label.response_id, label.criterion_id].append(label.value.value)
    return said


def _sides(values: Sequence[str]) -> list[str]:
    return [value for value in values if value != "UNSURE"]


def _agreement(criterion: Criterion, judge: Judge, found: JudgeFigures) -> JudgeAgreement:
    return JudgeAgreement(
        criterion=criterion.criterion_str,
        criterion_id=criterion.id,
        rating_version=judge.rating_version or None,
        model=judge.model or None,
        is_validated=found.problem is None,
        **found._asdict(),
    )
