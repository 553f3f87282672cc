"""The criteria of a suite file: what stands there, as objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from elluminate_api.models import CriterionIn
from elluminate_api.types import UNSET

from elluminate import checks
from elluminate._showing import quoted, shown
from elluminate._tables import shortened
from elluminate.checks._programs import function_named
from elluminate.exceptions import ValidationError
from elluminate.suites.targets import found_target, without_exit

__all__ = ["check_name", "criterion_of", "texts_of"]


def criterion_of(given: str | Mapping[str, Any], folder: Path) -> CriterionIn:
    """A criterion as a suite writes it: a question, a mapping with `text` and `label`, or a check.

    Args:
        given: What stands there.
        folder: From where the function of a `python` check is found.

    Raises:
        ValidationError: It is none.
    """
    if isinstance(given, str):
        if not given.strip():
            raise ValidationError("the criterion is empty; write a yes/no question")
        return CriterionIn(criterion_str=given)
    text, label = given.get("text"), given.get("label")
    if not (isinstance(text, str | None) and isinstance(label, str | None)):
        raise ValidationError("text and label of a criterion are texts")
    if "python" in given:
        return _by_function(given, folder, text, label)
    if given.keys() - {"text", "label"}:
        return checks.from_mapping(given)
    if text is None or not text.strip():
        raise ValidationError(
            "a criterion is a question, a mapping like {text: Is it short?, label: length}, or a check like "
            f"{{max_words: 50}}, not {shortened(repr(dict(given)), 100)}"
        )
    return CriterionIn(criterion_str=text, label=label)


def _by_function(given: Mapping[str, Any], folder: Path, text: str | None, label: str | None) -> CriterionIn:
    beside = given.keys() - {"python", "text", "label"}
    if beside:
        raise ValidationError(
            f"the check python takes text and label beside it, and not {', '.join(map(quoted, sorted(beside)))}"
        )
    named = given["python"]
    if isinstance(named, str) and (function := function_named(named)) is not None and ":" not in named:
        return checks.python(function, named, text=text, label=label)
    if not isinstance(named, str) or not all(named.partition(":")):
        raise ValidationError(
            f"the check python is written module:function, such as my_checks:is_short, not {shown(named)}"
        )
    return checks.python(without_exit(found_target(named, folder)), named, text=text, label=label)


def check_name(given: str | Mapping[str, Any]) -> list[str]:
    """The key that names the check of a criterion, where it is told what is wrong with it."""
    return [] if isinstance(given, str) else [key for key in given if key not in ("text", "label", "negate")]


def texts_of(criterion: CriterionIn) -> Iterator[str]:
    """Everything in a criterion that may hold placeholders."""
    yield criterion.criterion_str
    if criterion.check is not UNSET:
        yield from _texts_in(msgspec.to_builtins(criterion.check))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts_in(one)
