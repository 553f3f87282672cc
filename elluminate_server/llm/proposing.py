"""What a proposer of criteria and rows is asked, and how its proposals are read and checked: pure functions, no I/O."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from elluminate_server.domain.rendering import PLACEHOLDER, find_placeholders, message_placeholders
from elluminate_server.llm.fences import Fences
from elluminate_server.llm.json_answers import UnreadableAnswerError, only_object
from elluminate_server.llm.types import ObjectShape

__all__ = [
    "CRITERIA",
    "criteria_messages",
    "parse_criteria",
    "parse_row",
    "row_messages",
    "row_shape",
    "usable_criteria",
]

FEWEST_CRITERIA = 3
ASKED_CRITERIA = 5
"""The prompt asks for 3 to 5 criteria; a few more are kept."""
MOST_CRITERIA = 8

SHOWN_ROWS = 20
"""How many existing rows a proposer is shown, the last ones: enough to see the style, and bounded."""

_QUESTION = r'^[^?"\\\n\[\]<> ,.…0-9][^?"\\\n\[\]<>]{9,200}[?？؟]$'
"""A question to a grammar: a word or a placeholder first, no number; not long; a question mark at its end.

No shorthands such as `\\s`, and few repetitions: llama.cpp ends its process over a grammar that it cannot read.
"""

CRITERIA = ObjectShape(
    "criteria",
    {"criteria": {"type": "array", "items": {"type": "string"}}},
    limits={
        "criteria": {
            "minItems": FEWEST_CRITERIA,
            "maxItems": ASKED_CRITERIA,
            "items": {"type": "string", "pattern": _QUESTION},
        }
    },
)


def row_shape(placeholders: Sequence[str]) -> ObjectShape:
    """A proposed row: one string for every placeholder."""
    return ObjectShape(
        "row",
        {name: {"type": "string"} for name in placeholders},
        limits={name: {"minLength": 1} for name in placeholders},
    )


def criteria_messages(
    template_messages: Sequence[Mapping[str, Any]], *, nonce: str | None = None
) -> list[dict[str, Any]]:
    """The messages that ask for criteria for a template."""
    fences = Fences() if nonce is None else Fences(nonce)
    names = message_placeholders(template_messages)
    known = ", ".join("{{" + name + "}}" for name in names) or "none"
    system = (
        "You write evaluation criteria for the responses of a language model to a prompt template.\n\n"
        f"{fences.rule()}\n\n"
        f"Write {FEWEST_CRITERIA} to {ASKED_CRITERIA} criteria. Each is one question about the response, with a "
        "question mark at its end, that can be answered with yes or no from the response and the prompt alone, where "
        "yes is the good outcome. Each is about one quality; together they cover what the template asks for. Use the "
        "language of the template. A criterion may use the template's placeholders, which are filled in for every "
        f"test case, in two curly braces as they stand here: {known}. Use no others, and no other brackets.\n\n"
        'Answer with one JSON object and nothing else: {"criteria": ["...", "..."]}.'
    )
    user = fences.around_turns("prompt template", template_messages)
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def row_messages(
    template_messages: Sequence[Mapping[str, Any]],
    placeholders: Sequence[str],
    existing_rows: Sequence[Mapping[str, Any]],
    *,
    nonce: str | None = None,
) -> list[dict[str, Any]]:
    """The messages that ask for one new test case for a template."""
    fences = Fences() if nonce is None else Fences(nonce)
    shape = json.dumps(dict.fromkeys(placeholders, "..."), ensure_ascii=False)
    system = (
        "You invent test cases for a prompt template: one value for each of its placeholders.\n\n"
        f"{fences.rule()}\n\n"
        "Invent one realistic test case that differs from every existing one and tests something they do "
        "not. Write the values themselves, whole, without placeholders. Use the language of the template.\n\n"
        f"Answer with one JSON object and nothing else: {shape}."
    )
    rows = "\n".join(
        json.dumps(dict(row), ensure_ascii=False, default=str) for row in existing_rows[-SHOWN_ROWS:]
    )
    user = "\n\n".join(
        [
            fences.around_turns("prompt template", template_messages),
            fences.around("existing test cases", rows or "(none)"),
        ]
    )
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def parse_criteria(
    answer: str, template_messages: Sequence[Mapping[str, Any]], *, is_cut_off: bool = False
) -> list[str]:
    """Criteria from a proposer's answer: trimmed, each once, three to eight of them, all of them questions.

    Raises:
        UnreadableAnswerError: No list of criteria, too few, one that is no question or was left to be filled in,
            a placeholder that the template lacks, or one that is not written as a placeholder.
    """
    criteria = _criteria_in(answer, is_cut_off=is_cut_off)
    names = message_placeholders(template_messages)
    for text in criteria:
        problem = _problem_of(text, names)
        if problem is not None:
            raise UnreadableAnswerError(problem)
    if len(criteria) < FEWEST_CRITERIA:
        raise UnreadableAnswerError(
            f"it holds {len(criteria)} criteria; {FEWEST_CRITERIA} to {ASKED_CRITERIA} were asked for"
        )
    return criteria[:MOST_CRITERIA]


def usable_criteria(
    answers: Iterable[tuple[str, bool]], template_messages: Sequence[Mapping[str, Any]]
) -> list[str]:
    """The criteria that can be used of a proposer's answers, none of which is usable as a whole.

    Args:
        answers: The answers, the one that counts most first, and whether each is cut off.
        template_messages: The template.

    Raises:
        UnreadableAnswerError: They are fewer than were asked for.
    """
    names = message_placeholders(template_messages)
    usable: list[str] = []
    for answer, is_cut_off in answers:
        try:
            criteria = _criteria_in(answer, is_cut_off=is_cut_off)
        except UnreadableAnswerError:
            continue
        usable += [text for text in criteria if text not in usable and _problem_of(text, names) is None]
    if len(usable) < FEWEST_CRITERIA:
        raise UnreadableAnswerError(
            f"{len(usable)} of all its criteria can be used; {FEWEST_CRITERIA} to {ASKED_CRITERIA} were asked for"
        )
    return usable[:MOST_CRITERIA]


def _criteria_in(answer: str, *, is_cut_off: bool) -> list[str]:
    found = only_object(answer, "criteria", is_cut_off=is_cut_off)["criteria"]
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise UnreadableAnswerError("its criteria are not a list of strings")
    criteria = list(dict.fromkeys(text.strip() for text in found if text.strip()))
    if not criteria:
        raise UnreadableAnswerError("its list of criteria is empty")
    return criteria


def parse_row(
    answer: str,
    placeholders: Sequence[str],
    existing_rows: Sequence[Mapping[str, Any]],
    *,
    is_cut_off: bool = False,
) -> dict[str, str]:
    """A row from a proposer's answer: the placeholders' values, in their order, and nothing else.

    Raises:
        UnreadableAnswerError: A value is missing, not text, empty or left to be filled in, or the row is one that
            exists.
    """
    found = only_object(answer, *placeholders, is_cut_off=is_cut_off)
    row: dict[str, str] = {}
    for name in placeholders:
        value = found[name]
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise UnreadableAnswerError(f"its value of {name!r} is not a string")
        row[name] = str(value)
        if not row[name].strip():
            raise UnreadableAnswerError(f"its value of {name!r} is empty")
        if _DOTS_ALONE.fullmatch(row[name]) or _in_brackets(placeholders).fullmatch(row[name].strip()):
            raise UnreadableAnswerError(f"its value of {name!r} is {value!r}, which was to be filled in")
    if any(all(existing.get(name) == value for name, value in row.items()) for existing in existing_rows):
        raise UnreadableAnswerError("that test case exists already")
    return row


_DOTS_ALONE = re.compile(r"[\s.…]*")
_LEFT_OUT = re.compile(r"\A(?:\.{2,}|…)|(?:\.{2,}|…)[\s?？؟]*\Z")
"""Dots at the beginning, or at the end before the question mark: a question that somebody else is to write."""

_QUESTION_MARKS = "?？؟⸮︖﹖፧⁇⁈⁉‽꛷՞\u037e"
"""Question marks of Latin, fullwidth, Arabic, Ethiopic, Bamum, Armenian and Greek script, and their combinations."""
_CLOSING_MARKS = " \t\n\"'”’»›)]）」』*_`."


def _problem_of(text: str, names: Sequence[str]) -> str | None:
    """Why a proposed criterion cannot be used; None where it can."""
    unknown = [name for name in find_placeholders(text) if name not in names]
    if unknown:
        return f"the criterion {text[:80]!r} uses placeholders that the template does not have: {unknown}"
    if _DOTS_ALONE.fullmatch(text) or _LEFT_OUT.search(text):
        return f"the criterion {text[:80]!r} was to be filled in"
    if not _is_question(text):
        return f"the criterion {text[:80]!r} is no question: it does not end with a question mark"
    bare = _in_brackets(names).search(PLACEHOLDER.sub(" ", text))
    if bare is not None:
        return (
            f"the criterion {text[:80]!r} has {bare.group(0)!r}, which nothing is filled into: placeholders are "
            "written in two curly braces"
        )
    return None


def _is_question(text: str) -> bool:
    end = text.rstrip(_CLOSING_MARKS)[-1:]
    is_greek = any("\u0370" <= letter <= "\u03ff" for letter in text)
    # The Armenian mark stands in the word that is asked about; Greek is often typed with a semicolon.
    return "՞" in text or end in tuple(_QUESTION_MARKS) or (is_greek and end == ";")


def _in_brackets(names: Iterable[str]) -> re.Pattern[str]:
    """A placeholder's name in brackets of any kind, one or more of them."""
    spelled = "|".join(re.escape(name).replace("_", "[ _-]") for name in names)
    # Without a name nothing matches.
    return re.compile(rf"[\[{{<]+\s*(?:{spelled})\s*[\]}}>]+" if spelled else r"(?!)", re.IGNORECASE)
