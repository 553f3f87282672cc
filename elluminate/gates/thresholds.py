"""What an experiment has to come to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from elluminate_api.types import one_line

from elluminate._showing import quoted, shown
from elluminate.exceptions import ValidationError

__all__ = ["RateThreshold", "RegressionThreshold", "Thresholds"]


@frozen(kw_only=True, repr=False)
class RateThreshold:
    """What a rate has to be.

    Attributes:
        at_least: The rate itself, 0 to 1; None asks for nothing.
        lower_bound: The lower end of its interval, 0 to 1: what the rate is at least, by all that these rows can say.
            With too few rows for that the outcome is "not measured", and "failed" once the whole interval is below.
            None asks for nothing.

    Example:
        >>> from elluminate.gates import RateThreshold
        >>> RateThreshold(at_least=0.9, lower_bound=0.8)
        RateThreshold(at_least=0.9, lower_bound=0.8)
    """

    at_least: float | None = field(default=None)
    lower_bound: float | None = field(default=None)

    __repr__ = one_line

    def __attrs_post_init__(self) -> None:
        for name, value in (("at_least", self.at_least), ("lower_bound", self.lower_bound)):
            if value is not None:
                _checked(value, name, most=1.0, example="0.9 for 90 %")
        if self.at_least is None and self.lower_bound is None:
            raise ValidationError("a threshold of a rate needs at_least=…, lower_bound=…, or both")


@frozen(kw_only=True, repr=False)
class RegressionThreshold:
    """That an experiment is not worse than another one over the same rows.

    Attributes:
        margin: By how much the rate may be lower, 0 to 1. Then the whole interval of the difference has to be above
            -margin ("not inferior"); with too few rows for that the outcome is "not measured". None fails what the
            comparison calls "worse", and passes what it has not enough evidence for.
        level: How often a difference may be seen where there is none, above 0 and below 1.

    Example:
        >>> from elluminate.gates import RegressionThreshold
        >>> RegressionThreshold(margin=0.02)
        RegressionThreshold(margin=0.02)
    """

    margin: float | None = None
    level: float = 0.05

    __repr__ = one_line

    def __attrs_post_init__(self) -> None:
        if self.margin is not None:
            _checked(self.margin, "margin", most=1.0, example="0.02 for two points")
        _checked(self.level, "level", most=1.0, example="0.05", between=True)


@frozen(kw_only=True, repr=False)
class Thresholds:
    """What an experiment has to come to. What is None asks for nothing.

    That nothing is missing is always asked for.

    Attributes:
        pass_rate: Of all verdicts together.
        passing: Of the answers: the share that meets all criteria.
        criteria: Of single criteria, by their texts.
        no_regression: That it is not worse than another experiment.
        max_cost_usd: Most US dollars that answers and verdicts may have taken together.
        confidence: Of the intervals, above 0 and below 1.

    Example:
        >>> from elluminate.gates import RateThreshold, Thresholds
        >>> wanted = Thresholds(pass_rate=RateThreshold(at_least=0.9), max_cost_usd=0.5)
    """

    pass_rate: RateThreshold | None = None
    passing: RateThreshold | None = None
    criteria: Mapping[str, RateThreshold] = field(factory=dict)
    no_regression: RegressionThreshold | None = None
    max_cost_usd: float | None = None
    confidence: float = 0.95

    __repr__ = one_line

    def __attrs_post_init__(self) -> None:
        _checked(self.confidence, "confidence", most=1.0, example="0.95", between=True)
        if self.max_cost_usd is not None:
            _checked(self.max_cost_usd, "max_cost_usd", most=math.inf, example="0.50")
        kinds: dict[str, type[object]] = {
            "pass_rate": RateThreshold,
            "passing": RateThreshold,
            "no_regression": RegressionThreshold,
        }
        for name, kind in kinds.items():
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise ValidationError(f"{name} must be a {kind.__name__} or None, not {shown(value)}")
        for criterion, value in self.criteria.items():
            if not isinstance(value, RateThreshold):
                raise ValidationError(
                    f"criteria[{quoted(criterion)}] must be a RateThreshold, not {shown(value)}"
                )


def _checked(value: Any, name: str, *, most: float, example: str, between: bool = False) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and (0 < value < most if between else 0 <= value <= most) and math.isfinite(value):
        return
    bounds = (
        f"above 0 and below {most:g}" if between else f"0 to {most:g}" if most < math.inf else "0 or more"
    )
    hint = f"; {value:g} % is {value / 100:g}" if is_number and most == 1.0 and 1 < value <= 100 else ""
    raise ValidationError(
        f"{name} must be a number, {bounds}, not {shown(value)}{hint}; for example {example}"
    )
