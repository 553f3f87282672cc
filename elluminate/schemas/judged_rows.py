"""Responses as rows with their verdicts: the unit that statistics and comparisons count by."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from elluminate.schemas.response import PromptResponse, Rating

__all__ = ["CriterionKey", "JudgedRow", "judged_rows"]

CriterionKey = tuple[str, int]
"""A criterion by its text, and by its number among those of that text which one answer is judged by."""


@frozen
class JudgedRow:
    """One row with all answers to it, in the order of their epochs.

    Attributes:
        identity: What makes it the same row elsewhere: its values, and who talked with the model.
        values: Column name to value.
        responses: The answers.
        ratings: Of each answer, the verdicts by criterion.
    """

    identity: str
    values: Mapping[str, Any]
    responses: Sequence[PromptResponse]
    ratings: Sequence[Mapping[CriterionKey, Rating]] = field(repr=False)

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


def judged_rows(responses: Iterable[PromptResponse]) -> list[JudgedRow]:
    """The rows that were answered, in the order of their first answers.

    Verdicts on an answer that failed do not count, as nowhere in the results.
    """
    of_row: dict[tuple[int, str | None], list[PromptResponse]] = defaultdict(list)
    for response in responses:
        of_row[response.prompt.template_variables.id, _persona(response)].append(response)
    return [_row(sorted(answers, key=lambda one: one.epoch)) for answers in of_row.values()]


def _row(answers: Sequence[PromptResponse]) -> JudgedRow:
    values = answers[0].template_variables
    return JudgedRow(
        identity=_canonical([values, _persona(answers[0])]),
        values=values,
        responses=answers,
        ratings=[_by_criterion(answer.ratings if answer.error is None else ()) for answer in answers],
    )


def _persona(response: PromptResponse) -> str | None:
    return None if response.persona is None else response.persona.name


def _by_criterion(ratings: Iterable[Rating]) -> dict[CriterionKey, Rating]:
    found: dict[CriterionKey, Rating] = {}
    for rating in sorted(ratings, key=lambda one: one.criterion.id):
        text, number = rating.criterion.criterion_str, 0
        while (text, number) in found:
            number += 1
        found[text, number] = rating
    return found


def _canonical(value: Any) -> str:
    """Equal for equal values: neither the order of keys nor 1 and 1.0 make a difference, as on the server."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
