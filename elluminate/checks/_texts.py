"""Checks of what an answer says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from elluminate_api.models import Check, CheckType, CriterionIn

from elluminate._showing import shown
from elluminate.checks._wording import Value, criterion_of, cut, text_of, told
from elluminate.exceptions import ValidationError


def equals(
    value: Value,
    *,
    ignore_case: bool = False,
    strip: bool = True,
    negate: bool = False,
    text: str | None = None,
    label: str | None = None,
) -> CriterionIn:
    """The answer is this text.

    Args:
        value: The text.
        ignore_case: Whether letters count as equal in either case.
        strip: Whether blanks and line ends around both are left aside.
        negate: Whether the answer must not be this text.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: `value` is no text.

    Example:
        >>> checks.equals("Paris", ignore_case=True).criterion_str
        'The answer equals "Paris", in either case.'
    """
    wanted = text_of(value, "equals")
    case = ", in either case" if ignore_case else ""
    blanks = "" if strip else ", blanks around it included"
    verb = "does not equal" if negate else "equals"
    return criterion_of(
        f"The answer {verb} {told(wanted)}{case}{blanks}.",
        Check(type=CheckType.EQUALS, value=wanted, ignore_case=ignore_case, strip=strip, negate=negate),
        text,
        label,
    )


def not_equals(
    value: Value,
    *,
    ignore_case: bool = False,
    strip: bool = True,
    text: str | None = None,
    label: str | None = None,
) -> CriterionIn:
    """The answer is not this text: `equals(…, negate=True)`.

    Args:
        value: The text.
        ignore_case: Whether letters count as equal in either case.
        strip: Whether blanks and line ends around both are left aside.
        text: Another sentence that says what is checked.
        label: A short name.

    Example:
        >>> checks.not_equals("I do not know.").criterion_str
        'The answer does not equal "I do not know.".'
    """
    return equals(value, ignore_case=ignore_case, strip=strip, negate=True, text=text, label=label)


def contains(
    *values: Value | Sequence[Value],
    any_of: bool = False,
    ignore_case: bool = False,
    negate: bool = False,
    text: str | None = None,
    label: str | None = None,
) -> CriterionIn:
    """The answer contains these texts: all of them, or with `any_of` at least one.

    Args:
        values: The texts, one by one or as a list; 1 to 1000.
        any_of: Whether one of them is enough.
        ignore_case: Whether letters count as equal in either case.
        negate: Whether that must not be so; see `not_contains`.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: No text is given, or an empty one.

    Example:
        >>> checks.contains("red", "green", any_of=True).criterion_str
        'The answer contains one of "red", "green".'
    """
    given: list[Value] = []
    for value in values:
        given += [value] if isinstance(value, str) or not isinstance(value, Sequence) else value
    wanted = [text_of(value, "contains") for value in given]
    if not wanted or "" in wanted or len(wanted) > 1000:
        raise ValidationError(
            f"contains takes 1 to 1000 texts that are not empty, got {shown(list(wanted))}; for example "
            'checks.contains("red", "green")'
        )
    one = "any of " if negate else "one of "
    some = "" if len(wanted) == 1 else one if any_of else "all of "
    verb = "does not contain" if negate else "contains"
    case = ", in either case" if ignore_case else ""
    return criterion_of(
        f"The answer {verb} {some}{told(*wanted)}{case}.",
        Check(
            type=CheckType.CONTAINS,
            values=wanted,
            any_of=any_of and len(wanted) > 1,
            ignore_case=ignore_case,
            negate=negate,
        ),
        text,
        label,
    )


def not_contains(
    *values: Value | Sequence[Value],
    ignore_case: bool = False,
    text: str | None = None,
    label: str | None = None,
) -> CriterionIn:
    """The answer contains none of these texts.

    Args:
        values: The texts, one by one or as a list; 1 to 1000.
        ignore_case: Whether letters count as equal in either case.
        text: Another sentence that says what is checked.
        label: A short name.

    Example:
        >>> checks.not_contains("As an AI", ignore_case=True).criterion_str
        'The answer does not contain "As an AI", in either case.'
    """
    return contains(*values, any_of=True, ignore_case=ignore_case, negate=True, text=text, label=label)


def starts_with(
    value: Value,
    *,
    ignore_case: bool = False,
    negate: bool = False,
    text: str | None = None,
    label: str | None = None,
) -> CriterionIn:
    """The answer begins with this text.

    Args:
        value: The text, not empty.
        ignore_case: Whether letters count as equal in either case.
        negate: Whether it must not begin so.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: `value` is empty, or no text.

    Example:
        >>> checks.starts_with("Dear {{name}}").criterion_str
        'The answer begins with "Dear {{name}}".'
    """
    wanted = text_of(value, "starts_with")
    if not wanted:
        raise ValidationError("starts_with takes a text that is not empty; every answer begins with nothing")
    verb = "does not begin" if negate else "begins"
    case = ", in either case" if ignore_case else ""
    return criterion_of(
        f"The answer {verb} with {told(wanted)}{case}.",
        Check(type=CheckType.STARTS_WITH, value=wanted, ignore_case=ignore_case, negate=negate),
        text,
        label,
    )


def regex(
    pattern: str,
    *,
    full_match: bool = False,
    ignore_case: bool = False,
    negate: bool = False,
    text: str | None = None,
    label: str | None = None,
) -> CriterionIn:
    """A regular expression finds something in the answer.

    Patterns are those of RE2, which takes time in proportion to the text whatever the pattern is: there are no
    look-arounds and no back-references. What a placeholder fills in is taken literally. `(?s)` has the dot match line
    ends, too, `(?m)` has `^` and `$` match at each line.

    Args:
        pattern: The pattern. The server refuses one that it cannot use when the criterion is made, and says where.
        full_match: Whether it has to match the whole answer.
        ignore_case: Whether letters count as equal in either case.
        negate: Whether it must find nothing.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: `pattern` is no text.

    Example:
        >>> checks.regex(r"\\d{4}-\\d{2}-\\d{2}", full_match=True).criterion_str
        'The whole answer matches the pattern "\\\\d{4}-\\\\d{2}-\\\\d{2}".'
    """
    if not isinstance(pattern, str):
        raise ValidationError(f"regex takes a pattern as a text, not {shown(pattern)}; for example r'\\d+'")
    if full_match:
        what = f"The whole answer {'does not match' if negate else 'matches'} the pattern {told(pattern)}"
    else:
        what = f"The pattern {told(pattern)} {'finds nothing' if negate else 'is found'} in the answer"
    case = ", in either case" if ignore_case else ""
    return criterion_of(
        f"{what}{case}.",
        Check(
            type=CheckType.REGEX, value=pattern, full_match=full_match, ignore_case=ignore_case, negate=negate
        ),
        text,
        label,
    )


def not_regex(
    pattern: str,
    *,
    full_match: bool = False,
    ignore_case: bool = False,
    text: str | None = None,
    label: str | None = None,
) -> CriterionIn:
    """A regular expression finds nothing in the answer: `regex(…, negate=True)`.

    Args:
        pattern: The pattern; see `regex`.
        full_match: Whether it is the whole answer that must not match.
        ignore_case: Whether letters count as equal in either case.
        text: Another sentence that says what is checked.
        label: A short name.

    Example:
        >>> checks.not_regex("(?i)as an ai").criterion_str
        'The pattern "(?i)as an ai" finds nothing in the answer.'
    """
    return regex(pattern, full_match=full_match, ignore_case=ignore_case, negate=True, text=text, label=label)


def is_json(*, negate: bool = False, text: str | None = None, label: str | None = None) -> CriterionIn:
    """The answer is one JSON value, and nothing else.

    Args:
        negate: Whether it must be none.
        text: Another sentence that says what is checked.
        label: A short name.

    Example:
        >>> checks.is_json().criterion_str
        'The answer is JSON.'
    """
    check = Check(type=CheckType.IS_JSON, negate=negate)
    return criterion_of(f"The answer is {'not ' if negate else ''}JSON.", check, text, label)


def json_schema(
    schema: Mapping[str, Any] | str,
    *,
    negate: bool = False,
    text: str | None = None,
    label: str | None = None,
) -> CriterionIn:
    """The answer is JSON that fits a schema.

    Schemas are those of the draft 2020-12, or of that which `$schema` names (2019-09, 7, 6, 4). References stay within
    the schema: nothing is fetched. Patterns are RE2's. `format` is not checked, and keywords whose work cannot be
    bounded (`unevaluatedProperties`, `unevaluatedItems`, `$dynamicRef`) are refused.

    Args:
        schema: The schema; or a text with a placeholder, whose column holds schemas as JSON.
        negate: Whether the answer must not fit.
        text: Another sentence that says what is checked.
        label: A short name.

    Raises:
        ValidationError: It is no schema that can be sent as JSON.

    Example:
        >>> checks.json_schema({"type": "object", "required": ["name"]}).criterion_str
        'The answer is JSON that fits the schema {"type": "object", "required": ["name"]}.'
    """
    verb = "does not fit" if negate else "is JSON that fits"
    if isinstance(schema, str):
        check = Check(type=CheckType.JSON_SCHEMA, value=schema, negate=negate)
        return criterion_of(f"The answer {verb} the schema {told(schema)}.", check, text, label)
    if not isinstance(schema, Mapping):
        raise ValidationError(
            f"json_schema takes a schema as a dict, or a text like '{{{{schema}}}}', not {shown(schema)}"
        )
    try:
        written = json.dumps(dict(schema), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValidationError(f"the schema cannot be sent as JSON: {error}") from None
    check = Check(type=CheckType.JSON_SCHEMA, json_schema=dict(schema), negate=negate)
    return criterion_of(f"The answer {verb} the schema {cut(written)}.", check, text, label)
