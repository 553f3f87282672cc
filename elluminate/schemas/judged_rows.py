"""Responses as rows with their verdicts: the unit that statistics and comparisons count by."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse, Rating

__all__ = ["CriterionKey", "JudgedRow", "judged_rows"]

CriterionKey = tuple[str, int]
"""A criterion by its text, and by its number among those of that text which one answer is judged by."""


@frozen
class JudgedRow:
    """One row with all answers to it, in the order of their epochs.

    Attributes:
        values: Column name to value.
        persona: Who talked with the model; None where nobody did.
        responses: The answers.
        ratings: Of each answer, the verdicts by criterion.
    """

    values: Mapping[str, Any]
    persona: str | None
    responses: Sequence[PromptResponse]
    ratings: Sequence[Mapping[CriterionKey, Rating]] = field(repr=False)

    @property
    def identity(self) -> str:
        """What makes it the same row elsewhere: its values, and who talked with the model.

        Made when it is asked for: of long texts it takes long, and figures of one experiment need none.
        """
        return _canonical([self.values, self.persona])

    def verdicts(self, criterion: CriterionKey) -> list[bool]:
        """The verdicts by one criterion, one for each answer that has it."""
        return [is_yes(given[criterion]) for given in self.ratings if criterion in given]

    def all_verdicts(self) -> list[bool]:
        """The verdicts by every criterion."""
        return [is_yes(rating) for given in self.ratings for rating in given.values()]

    def passed(self) -> list[bool]:
        """Whether each answer that was judged by all its criteria met all of them."""
        return [
            all(map(is_yes, given.values()))
            for response, given in zip(self.responses, self.ratings, strict=True)
            if given and not response.missing_verdicts
        ]


def is_yes(rating: Rating) -> bool:
    """Whether a verdict is YES."""
    return rating.rating.value == "YES"


def judged_rows(
    responses: Iterable[PromptResponse],
    criteria: Iterable[Criterion] = (),
    counting: Container[int] | None = None,
) -> list[JudgedRow]:
    """The rows that were answered, in the order of their first answers.

    Verdicts on an answer that failed do not count, as nowhere in the results.

    Args:
        responses: The answers.
        criteria: What they were to be judged by: without them, nothing is known of one that has no verdict at all.
        counting: Ids of the criteria that count, where that is known: an answer that was judged anew after a criterion
            was replaced keeps its verdict on the old one. None counts all.
    """
    of_row: dict[tuple[int, str | None], list[PromptResponse]] = defaultdict(list)
    texts = {criterion.id: criterion.criterion_str for criterion in criteria}
    for response in responses:
        of_row[response.prompt.template_variables.id, _persona(response)].append(response)
        texts |= {rating.criterion.id: rating.criterion.criterion_str for rating in response.ratings}
    return [_row(sorted(answers, key=lambda one: one.epoch), texts, counting) for answers in of_row.values()]


def _row(
    answers: Sequence[PromptResponse], texts: Mapping[int, str], counting: Container[int] | None
) -> JudgedRow:
    given = [
        [rating for rating in answer.ratings if counting is None or rating.criterion.id in counting]
        for answer in answers
    ]
    values, keys = answers[0].template_variables, _keys_of(answers, given, texts)
    return JudgedRow(
        values=values,
        persona=_persona(answers[0]),
        responses=answers,
        ratings=[
            {keys[rating.criterion.id]: rating for rating in ratings} if answer.error is None else {}
            for answer, ratings in zip(answers, given, strict=True)
        ],
    )


def _persona(response: PromptResponse) -> str | None:
    return None if response.persona is None else response.persona.name


def _keys_of(
    answers: Sequence[PromptResponse], ratings: Sequence[Sequence[Rating]], texts: Mapping[int, str]
) -> dict[int, CriterionKey]:
    """The criteria of a row by their ids, those of equal texts numbered, whether an answer has their verdict or not."""
    given = {rating.criterion.id for of_one in ratings for rating in of_one}
    lacking = {verdict.criterion_id for answer in answers for verdict in answer.missing_verdicts or ()}
    numbers: Counter[str] = Counter()
    keys: dict[int, CriterionKey] = {}
    for criterion_id in sorted(given | (lacking & texts.keys())):
        text = texts[criterion_id]
        keys[criterion_id] = (text, numbers[text])
        numbers[text] += 1
    return keys


def _canonical(value: Any) -> str:
    """Equal for equal values: neither the order of keys nor 1 and 1.0 make a difference, as on the server."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
