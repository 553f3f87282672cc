"""Checks of how much there is of an answer, what it took, and which number it names."""

from __future__ import annotations

import math
from typing import Literal

from elluminate_api.models import Check, CheckType, CriterionIn, NumberPlace
from elluminate_api.types import UNSET

from elluminate._showing import quoted, shown
from elluminate.checks._wording import Value, criterion_of, figure_of
from elluminate.exceptions import ValidationError


def max_words(
    value: Value, *, negate: bool = False, text: str | None = None, label: str | None = None
) -> CriterionIn:
    """The answer has at most so many words; words stand between blanks.

    Args:
        value: How many, from 0; a number, or a text with a placeholder.
        negate: Whether it must have more.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: It is no such number.

    Example:
        >>> checks.max_words(50).criterion_str
        'The answer has at most 50 words.'
    """
    return _bounded(CheckType.MAX_WORDS, value, "has at most {} words", "more than", negate, text, label)


def min_words(
    value: Value, *, negate: bool = False, text: str | None = None, label: str | None = None
) -> CriterionIn:
    """The answer has at least so many words; words stand between blanks.

    Args:
        value: How many, from 0; a number, or a text with a placeholder.
        negate: Whether it must have fewer.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: It is no such number.

    Example:
        >>> checks.min_words("{{least}}").criterion_str
        'The answer has at least {{least}} words.'
    """
    return _bounded(CheckType.MIN_WORDS, value, "has at least {} words", "fewer than", negate, text, label)


def max_characters(
    value: Value, *, negate: bool = False, text: str | None = None, label: str | None = None
) -> CriterionIn:
    """The answer has at most so many characters (code points of Unicode).

    Args:
        value: How many, from 0; a number, or a text with a placeholder.
        negate: Whether it must have more.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: It is no such number.

    Example:
        >>> checks.max_characters(160).criterion_str
        'The answer has at most 160 characters.'
    """
    wording = "has at most {} characters"
    return _bounded(CheckType.MAX_CHARACTERS, value, wording, "more than", negate, text, label)


def max_seconds(
    value: Value, *, negate: bool = False, text: str | None = None, label: str | None = None
) -> CriterionIn:
    """The answer took at most so many seconds: `generation_metadata.duration_seconds`, the last attempt alone.

    Of your own program (`target=…`) it is the time of its call. Where it is not known there is no verdict.

    Args:
        value: Seconds, from 0; a number, or a text with a placeholder.
        negate: Whether it must have taken more.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: It is no such number.

    Example:
        >>> checks.max_seconds(2.5).criterion_str
        'The answer took at most 2.5 seconds.'
    """
    return _bounded(CheckType.MAX_SECONDS, value, "took at most {} seconds", "more than", negate, text, label)


def max_cost(
    value: Value, *, negate: bool = False, text: str | None = None, label: str | None = None
) -> CriterionIn:
    """The answer cost at most so many US dollars when it was made. Where that is not known there is no verdict.

    Args:
        value: US dollars, from 0; a number, or a text with a placeholder.
        negate: Whether it must have cost more.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: It is no such number.

    Example:
        >>> checks.max_cost(0.002).criterion_str
        'The answer cost at most 0.002 US dollars.'
    """
    return _bounded(CheckType.MAX_COST, value, "cost at most {} US dollars", "more than", negate, text, label)


def number(
    value: Value,
    *,
    tolerance: float = 0.0,
    relative_tolerance: float = 0.0,
    which: Literal["last", "first", "only"] = "last",
    negate: bool = False,
    text: str | None = None,
    label: str | None = None,
) -> CriterionIn:
    """A number of the answer is this one, give or take a tolerance.

    Numbers are read strictly: `1234.5`, `1,234.5`, `-3`, `.5` and `1.2e3` are numbers, a percent sign is left aside
    (`12 %` is 12). Where one is written so that it may be read in two ways, like `1.234,5`, there is no verdict. An
    answer without any number is a NO.

    Args:
        value: The number, or a text with a placeholder.
        tolerance: The largest difference, from 0.
        relative_tolerance: The largest difference as a share of the value, from 0; the larger of both counts.
        which: The last number of the answer, the first, or `only`: the answer is the number, and nothing else.
        negate: Whether it must be another.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: A number is none.

    Example:
        >>> checks.number("{{total}}", tolerance=0.01).criterion_str
        "The answer's last number is {{total}}, give or take 0.01."
    """
    wanted = figure_of(value, "number", least=None)
    bounds = {"tolerance": tolerance, "relative_tolerance": relative_tolerance}
    for name, bound in bounds.items():
        if isinstance(bound, bool) or not isinstance(bound, int | float) or not 0 <= bound < math.inf:
            raise ValidationError(f"{name} must be a number from 0, not {shown(bound)}; for example 0.01")
    if which not in ("last", "first", "only"):
        raise ValidationError(f"which must be 'last', 'first' or 'only', not {quoted(which)}")
    give = [f"{tolerance:g}"] if tolerance else []
    give += [f"{relative_tolerance:.12g} of it"] if relative_tolerance else []
    within = f", give or take {' or '.join(give)}" if give else ""
    what = "The answer, which is a number," if which == "only" else f"The answer's {which} number"
    return criterion_of(
        f"{what} is {'not ' if negate else ''}{wanted}{within}.",
        Check(
            type=CheckType.NUMBER,
            value=wanted,
            which=UNSET if which == "last" else NumberPlace(which),
            tolerance=float(tolerance) if tolerance else UNSET,
            relative_tolerance=float(relative_tolerance) if relative_tolerance else UNSET,
            negate=negate,
        ),
        text,
        label,
    )


def _bounded(
    kind: CheckType,
    value: Value,
    wording: str,
    otherwise: str,
    negate: bool,
    text: str | None,
    label: str | None,
) -> CriterionIn:
    figure = figure_of(value, kind.value)
    said = wording.replace("at most", otherwise).replace("at least", otherwise) if negate else wording
    check = Check(type=kind, value=figure, negate=negate)
    return criterion_of(f"The answer {said.format(figure)}.", check, text, label)
