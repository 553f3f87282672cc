"""Asking for one JSON object, and finding it in the answer of a model that adds to it what it likes.

Answers are read for what they say: prose around the object, a code fence, a comma too many, thinking in front. Nothing
is guessed: two objects where one was asked for, a key that says two things, an answer that breaks off are errors.
"""

import json
import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from elluminate_server.llm.json_bodies import storable_pairs
from elluminate_server.llm.types import ObjectShape

__all__ = ["Reading", "UnreadableAnswerError", "ask_again", "objects_in", "only_object", "read_answer"]

LONGEST_ANSWER = 100_000
"""Characters of an answer that are read: many times what was asked for, and still quick to search."""

MOST_COMMAS = 100
"""Commas too many that are overlooked in one answer."""

_TAGS = "think|thinking|thought|thoughts|reasoning|reasoning_content|reflection|analysis|seed:think"
_THINKING_BEGINS = re.compile(
    rf"\s*(?:<(?:{_TAGS})>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<\|channel\|>\s*analysis)", re.IGNORECASE
)
_THINKING_ENDS = re.compile(
    rf"</(?:{_TAGS})>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<\|channel\|>\s*final\s*<\|message\|>",
    re.IGNORECASE,
)
_OBJECT_BEGINS = re.compile(r"\{(?=\s*[\"}])")
_COMMA_TOO_MANY = re.compile(r",\s*[}\]]")
_CLOSING = re.compile(r"[\s`]*")


class UnreadableAnswerError(ValueError):
    """A judge's or proposer's answer is not what was asked for; the message says why."""


def ask_again(
    messages: Sequence[Mapping[str, Any]], answer: str, reason: str, shape: ObjectShape
) -> list[dict[str, Any]]:
    """The same question once more, after an answer that could not be read: with the reason and the schema."""
    schema = json.dumps(shape.schema(), ensure_ascii=False)
    correction = (
        f"Your answer could not be used: {reason}. Answer again with exactly one JSON object that follows "
        f"this JSON schema, without any text before or after it:\n{schema}"
    )
    return [
        *(dict(message) for message in messages),
        {"role": "assistant", "content": answer or "(empty)"},
        {"role": "user", "content": correction},
    ]


@attrs.frozen
class Reading:
    """What an answer says after its thinking.

    Attributes:
        objects: The outermost JSON objects.
        prose: What stands before, between and after them.
    """

    objects: Sequence[dict[str, Any]]
    prose: Sequence[str]


def objects_in(answer: str, *, is_cut_off: bool = False) -> Sequence[dict[str, Any]]:
    """The outermost JSON objects in an answer; see `read_answer`.

    >>> objects_in('Is it? </think> Here: {"rating": "YES",}')
    [{'rating': 'YES'}]
    """
    return read_answer(answer, is_cut_off=is_cut_off).objects


def read_answer(answer: str, *, is_cut_off: bool = False) -> Reading:
    """The outermost JSON objects in an answer, after the thinking that some models write in front, and its prose.

    Args:
        answer: What the model said.
        is_cut_off: Whether it ends at a token limit. What was said until then counts only when it ends with
            an object: what follows it, or what it is part of, is not known.

    Raises:
        UnreadableAnswerError: It is empty, too long, ends within its thinking, was cut off, or says one key twice
            with different values.

    >>> read_answer('Is it? </think> Here: {"rating": "YES"} So it is.').prose
    [' Here: ', ' So it is.']
    """
    if not answer.strip():
        raise UnreadableAnswerError("it is empty")
    if len(answer) > LONGEST_ANSWER:
        raise UnreadableAnswerError(f"it is longer than {LONGEST_ANSWER} characters")
    found = list(_found_in(answer))
    # A tag inside an object is part of what the object says.
    starts = [each.start for each in found]
    ends = [
        tag.end()
        for tag in _THINKING_ENDS.finditer(answer)
        if not (before := bisect(starts, tag.start())) or found[before - 1].end <= tag.start()
    ]
    if not ends and _THINKING_BEGINS.match(answer):
        raise UnreadableAnswerError("it ends within its thinking, before an answer")
    thought_until = max(ends, default=0)
    said = [each for each in found if each.start >= thought_until]
    rest = answer[said[-1].end :] if said else answer
    if is_cut_off and not _CLOSING.fullmatch(rest):
        raise UnreadableAnswerError("it was cut off before it was complete")
    if any(each.contradicts_itself for each in said):
        raise UnreadableAnswerError("it holds a JSON object that says the same key twice")
    borders = [thought_until, *(place for each in said for place in (each.start, each.end)), len(answer)]
    prose = [answer[start:end] for start, end in zip(borders[::2], borders[1::2], strict=True)]
    return Reading([each.value for each in said], prose)


def only_object(answer: str, *keys: str, is_cut_off: bool = False) -> dict[str, Any]:
    """The only JSON object in an answer that has all the keys.

    Raises:
        UnreadableAnswerError: There is none, or more than one, or see `objects_in`.
    """
    found = [
        value for value in objects_in(answer, is_cut_off=is_cut_off) if all(key in value for key in keys)
    ]
    if len(found) != 1:
        raise UnreadableAnswerError(
            f"it holds {len(found)} JSON objects with {', '.join(keys)}; one was asked for"
        )
    return found[0]


@attrs.frozen
class _Found:
    start: int
    end: int
    value: dict[str, Any]
    contradicts_itself: bool


def _found_in(text: str) -> Iterator[_Found]:
    repeats: list[str] = []
    # Halves of characters and NUL, which no database takes, can only stand here as escapes.
    has_escapes = "\\u" in text

    def one_value_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key, said in storable_pairs(pairs) if has_escapes else pairs:
            if key in value and value[key] != said:
                repeats.append(key)
            value[key] = said
        return value

    decoder = json.JSONDecoder(strict=False, object_pairs_hook=one_value_each)
    commas_left = MOST_COMMAS
    begun = _OBJECT_BEGINS.search(text)
    while begun is not None:
        position = begun.start()
        repeats.clear()
        try:
            value, end = decoder.raw_decode(text, position)
        except ValueError as error:  # also a number of more digits than Python reads
            comma = _comma_too_many(text, error.pos) if isinstance(error, json.JSONDecodeError) else None
            if comma is not None and comma > position and commas_left:
                commas_left -= 1
                text = f"{text[:comma]} {text[comma + 1 :]}"
                continue
            end = position + 1
        except RecursionError:
            raise UnreadableAnswerError(
                "it holds no JSON object that ends: it is nested too deeply"
            ) from None
        else:
            yield _Found(position, end, value, bool(repeats))
        begun = _OBJECT_BEGINS.search(text, end)


def _comma_too_many(text: str, position: int) -> int | None:
    """Where a comma stands before a closing bracket, when that is what a decoder stumbled over there."""
    if text[position : position + 1] in ("}", "]"):
        comma = position - 1
        while comma >= 0 and text[comma].isspace():
            comma -= 1
        return comma if comma >= 0 and text[comma] == "," else None
    return position if _COMMA_TOO_MANY.match(text, position) else None
