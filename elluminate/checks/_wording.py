"""What checks are given, looked at, and the sentences that say what they check."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any, TypeAlias

from elluminate_api.models import Check, CriterionIn

from elluminate._showing import shown
from elluminate.exceptions import ValidationError

Value: TypeAlias = str | int | float
"""A text, or a number, which is compared as it is written."""

_MOST_TOLD = 300
_PLACEHOLDER = re.compile(r"\{\{\s*\w+\s*\}\}")


def text_of(value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValidationError(f"{name} takes a text, not {shown(value)}; write it in quotation marks")
    return value if isinstance(value, str) else str(value)


def figure_of(value: Any, name: str, *, least: float | None = 0.0) -> str:
    """A number as it is sent: in digits, or with a placeholder."""
    if isinstance(value, str) and _PLACEHOLDER.search(value):
        return value
    read = _read(value)
    if read is None or not math.isfinite(read) or (least is not None and read < least):
        bound = "" if least is None else f" from {least:g}"
        raise ValidationError(
            f"{name} takes a number{bound}, or a text like '{{{{most}}}}', not {shown(value)}; for example 50"
        )
    return value.strip() if isinstance(value, str) else repr(value)


def _read(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        if isinstance(value, str):
            return float(value.strip().rstrip("% ").replace(",", "").replace("\u2212", "-"))
        return float(value)
    except (ValueError, OverflowError):
        return None


def criterion_of(sentence: str, check: Check, text: str | None, label: str | None) -> CriterionIn:
    if not isinstance(text, str | None) or (text is not None and not text.strip()):
        raise ValidationError(f"text must be a sentence that is not empty, not {shown(text)}")
    if not isinstance(label, str | None):
        raise ValidationError(f"label must be a text, not {shown(label)}")
    for name in ("negate", "ignore_case", "strip", "any_of", "full_match"):
        if not isinstance(getattr(check, name), bool):
            raise ValidationError(f"{name} must be True or False, not {shown(getattr(check, name))}")
    return CriterionIn(criterion_str=sentence if text is None else text, label=label, check=check)


def told(*texts: str) -> str:
    """Texts as a sentence has them: a placeholder by itself as it is, all else in quotation marks."""
    said = [text if _PLACEHOLDER.fullmatch(text) else _in_quotes(text) for text in texts]
    return cut(", ".join(said))


def _in_quotes(text: str) -> str:
    return f'"{text}"' if text.isprintable() and '"' not in text else json.dumps(text, ensure_ascii=False)


def cut(text: str) -> str:
    """A text of any length, so that two different ones stay different."""
    if len(text) <= _MOST_TOLD:
        return text
    return f"{text[:_MOST_TOLD]}… ({hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]})"
