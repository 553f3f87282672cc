"""Responses as a server gives them, made of verdicts: for tests of what is computed from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from elluminate.schemas import Criterion, PromptResponse
from elluminate.schemas.comparing import Side
from tests.unit.sdk import answers

__all__ = ["criteria_of", "responses_of", "side"]

Verdicts = Mapping[str, str]
"""By the criterion's text, one letter for each epoch: Y, N, "-" (not judged) or "x" (the answer failed)."""


def criteria_of(texts: Sequence[str], first_id: int = 40) -> list[Criterion]:
    """Criteria with ids of their own."""
    return [
        msgspec.convert(answers.criterion(first_id + number, text), Criterion)
        for number, text in enumerate(texts)
    ]


def responses_of(
    rows: Sequence[tuple[Any, Verdicts]], first_id: int = 40, metadata: dict[str, Any] | None = None
) -> list[PromptResponse]:
    """Responses to rows, each given as what is in it, and its verdicts."""
    texts = list(dict.fromkeys(text for _, verdicts in rows for text in verdicts))
    made = []
    for number, (value, verdicts) in enumerate(rows):
        for epoch in range(max(map(len, verdicts.values()))):
            letters = {text: given[epoch] for text, given in verdicts.items()}
            made.append(
                _response(1_000 * first_id + number, value, epoch + 1, letters, texts, first_id, metadata)
            )
    return made


def _response(
    row_id: int,
    value: Any,
    epoch: int,
    letters: Mapping[str, str],
    texts: Sequence[str],
    first_id: int,
    metadata: dict[str, Any] | None,
) -> PromptResponse:
    def criterion(text: str) -> dict[str, Any]:
        return answers.criterion(first_id + texts.index(text), text)

    failed = "x" in letters.values()
    body = answers.response(
        row_id * 10 + epoch,
        f"Answer {epoch} to {value}",
        epoch=epoch,
        error="It broke." if failed else None,
        generation_metadata=metadata,
        ratings=[
            answers.rating(
                value="YES" if letter == "Y" else "NO",
                criterion=criterion(text),
                reasoning=f"Because of {value}.",
                generation_metadata=metadata,
            )
            for text, letter in letters.items()
            if letter in "YN"
        ],
        missing_verdicts=[
            {
                "criterion_id": criterion(text)["id"],
                "cause": "answer_failed" if failed else "not_judged",
                "reason": "It broke." if failed else "Nothing usable.",
            }
            for text, letter in letters.items()
            if letter in "-x"
        ],
    )
    values = value if isinstance(value, dict) else {"concept": value}
    body["prompt"]["template_variables"] = answers.row(row_id) | {"input_values": values}
    return msgspec.convert(body, PromptResponse, strict=False)


def side(name: str, rows: Sequence[tuple[Any, Verdicts]], first_id: int = 40) -> Side:
    """An experiment's side of a comparison."""
    texts = list(dict.fromkeys(text for _, verdicts in rows for text in verdicts))
    return Side(name, responses_of(rows, first_id), criteria_of(texts, first_id))
