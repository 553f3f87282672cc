"""The verdict of a rule on an answer: YES or NO with its reason, or why there is none."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from elluminate_server.domain.checks.facts import AnswerFacts, Judgement, NotJudgedError, told
from elluminate_server.domain.checks.json_schemas import SchemaProblemError, problem_with, schema_of
from elluminate_server.domain.checks.json_values import JsonError, parsed
from elluminate_server.domain.checks.numbers import number_in, read_number
from elluminate_server.domain.checks.patterns import PatternError, compiled, is_found, quoted_for_pattern
from elluminate_server.domain.checks.rules import LIMITS
from elluminate_server.domain.errors import DomainError
from elluminate_server.domain.rendering import PLACEHOLDER, find_placeholders, render_text

__all__ = ["judged_by_rule"]


def judged_by_rule(rule: Mapping[str, Any], answer: AnswerFacts, values: Mapping[str, Any]) -> Judgement:
    """What a rule says of an answer.

    Args:
        rule: Of `rules.checked_rule`, of any type but `python`.
        answer: The answer.
        values: The row's values.

    >>> judged_by_rule({"type": "equals", "value": "{{capital}}"}, AnswerFacts(text=" Rome"), {"capital": "Rome"})
    Judgement(is_met=True, reason='The answer is "Rome".')
    """
    try:
        is_met, reason = _RULES[rule["type"]](rule, answer, values)
    except DomainError as error:  # a rule that cannot tell, or values that do not fill it
        return Judgement(None, str(error))
    return Judgement(is_met is not rule.get("negate", False), reason)


def _text(answer: AnswerFacts) -> str:
    if answer.text is None:
        raise NotJudgedError("The answer has no text.")
    return answer.text


def _filled(text: str, values: Mapping[str, Any], *, may_be_empty: bool = False) -> str:
    """A text of a rule with the row's values in it.

    Raises:
        NotJudgedError: Nothing is left of it, so that every answer would meet the rule.
    """
    filled = render_text(text, values)
    if not filled and not may_be_empty:
        names = ", ".join("{{" + name + "}}" for name in find_placeholders(text))
        raise NotJudgedError(f"The row has no text for {names}, so that there is nothing to look for.")
    return filled


def _limit(text: str, values: Mapping[str, Any]) -> Decimal:
    filled = render_text(text, values)
    number = read_number(filled)
    if number is None:
        raise NotJudgedError(f"{told(filled)} is no number, which the check compares with.")
    return number


def _equals(rule: Mapping[str, Any], answer: AnswerFacts, values: Mapping[str, Any]) -> tuple[bool, str]:
    text, wanted = _text(answer), _filled(rule["value"], values, may_be_empty=True)
    if rule.get("strip", True):
        text, wanted = text.strip(), wanted.strip()
    if _folded(rule, text) == _folded(rule, wanted):
        return True, f"The answer is {told(text)}."
    return False, f"The answer is {told(text)}, and not {told(wanted)}."


def _folded(rule: Mapping[str, Any], text: str) -> str:
    return text.casefold() if rule.get("ignore_case") else text


def _contains(rule: Mapping[str, Any], answer: AnswerFacts, values: Mapping[str, Any]) -> tuple[bool, str]:
    text = _folded(rule, _text(answer))
    wanted = [_filled(each, values) for each in rule["values"]]
    there = [each for each in wanted if _folded(rule, each) in text]
    lacking = [each for each in wanted if each not in there]
    if rule.get("any_of"):
        if there:
            return True, f"The answer contains {told(there[0])}."
        return False, f"The answer contains none of {_listed(wanted)}."
    if not lacking:
        return True, f"The answer contains {_listed(there)}."
    return False, f"The answer does not contain {_listed(lacking)}."


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return ", ".join(map(told, texts[:3])) + more


def _starts_with(rule: Mapping[str, Any], answer: AnswerFacts, values: Mapping[str, Any]) -> tuple[bool, str]:
    text, wanted = _text(answer), _filled(rule["value"], values)
    if _folded(rule, text).startswith(_folded(rule, wanted)):
        return True, f"The answer begins with {told(wanted)}."
    return False, f"The answer begins with {told(text[: len(wanted) + 20])}, and not with {told(wanted)}."


def _regex(rule: Mapping[str, Any], answer: AnswerFacts, values: Mapping[str, Any]) -> tuple[bool, str]:
    pattern = rule["value"]
    if find_placeholders(pattern):
        quoted = {
            name: quoted_for_pattern(_filled("{{" + name + "}}", values))
            for name in find_placeholders(pattern)
        }
        pattern = PLACEHOLDER.sub(lambda match: quoted[match.group(1)], pattern)
    is_full = bool(rule.get("full_match"))
    try:
        search = compiled(pattern, ignore_case=bool(rule.get("ignore_case")))
    except PatternError as error:
        raise NotJudgedError(f"The pattern {told(pattern)} cannot be used: {error}.") from None
    found = is_found(search, _text(answer), full_match=is_full)
    if found:
        return (
            True,
            f"The pattern {told(pattern)} {'is all of the answer' if is_full else f'finds {told(found.group())}'}.",
        )
    return (
        False,
        f"The pattern {told(pattern)} {'does not match the whole answer' if is_full else 'finds nothing'}.",
    )


def _is_json(_rule: Mapping[str, Any], answer: AnswerFacts, _values: Mapping[str, Any]) -> tuple[bool, str]:
    try:
        parsed(_text(answer))
    except JsonError as error:
        return False, f"The answer is no JSON: {error}."
    return True, "The answer is JSON."


def _json_schema(rule: Mapping[str, Any], answer: AnswerFacts, values: Mapping[str, Any]) -> tuple[bool, str]:
    text = render_text(rule["value"], values) if "value" in rule else json.dumps(rule["json_schema"])
    try:
        problem = problem_with(schema_of(text), _text(answer))
    except SchemaProblemError as error:
        raise NotJudgedError(f"The schema cannot be used: {error}.") from None
    if problem is None:
        return True, "The answer is JSON that fits the schema."
    return False, f"The answer does not fit the schema: {problem}."


_MEASURES = {
    "max_words": "words",
    "min_words": "words",
    "max_characters": "characters",
    "max_seconds": "seconds",
    "max_cost": "US dollars",
}


def _within(rule: Mapping[str, Any], answer: AnswerFacts, values: Mapping[str, Any]) -> tuple[bool, str]:
    kind = rule["type"]
    limit, unit = _limit(rule["value"], values), _MEASURES[kind]
    measured = _measured(kind, answer)
    is_met = measured >= limit if kind == "min_words" else measured <= limit
    bound = "least" if kind == "min_words" else "most"
    verb = "took" if kind == "max_seconds" else "cost" if kind == "max_cost" else "has"
    return is_met, f"The answer {verb} {_plain(measured)} {unit}, and {_plain(limit)} are the {bound}."


def _measured(kind: str, answer: AnswerFacts) -> Decimal:
    if kind == "max_seconds":
        if answer.seconds is None:
            raise NotJudgedError("It is not known how long the answer took.")
        return Decimal(repr(answer.seconds))
    if kind == "max_cost":
        if answer.cost_usd is None:
            raise NotJudgedError("It is not known what the answer cost: the price of its model is unknown.")
        return Decimal(repr(answer.cost_usd))
    text = _text(answer)
    return Decimal(len(text) if kind == "max_characters" else len(text.split()))


def _number(rule: Mapping[str, Any], answer: AnswerFacts, values: Mapping[str, Any]) -> tuple[bool, str]:
    wanted, which = _limit(rule["value"], values), rule.get("which", "last")
    number = number_in(_text(answer), which)
    if number is None:
        what = "The answer is no number" if which == "only" else "The answer has no number"
        return False, f"{what}, and {_plain(wanted)} is wanted."
    absolute = Decimal(repr(float(rule.get("tolerance", 0))))
    relative = Decimal(repr(float(rule.get("relative_tolerance", 0)))) * abs(wanted)
    allowed = max(absolute, relative)
    is_met = abs(number - wanted) <= allowed
    give = f", give or take {_plain(allowed)}" if allowed else ""
    place = "number" if which == "only" else f"{which} number"
    return is_met, f"The answer's {place} is {_plain(number)}, and {_plain(wanted)}{give} is wanted."


def _plain(number: Decimal) -> str:
    short = f"{number:f}" if -20 < number.adjusted() < 20 else f"{number}"
    return short.rstrip("0").rstrip(".") if "." in short and "E" not in short else short


_RULES = {
    "equals": _equals,
    "contains": _contains,
    "starts_with": _starts_with,
    "regex": _regex,
    "is_json": _is_json,
    "json_schema": _json_schema,
    **dict.fromkeys(LIMITS, _within),
    "number": _number,
}
