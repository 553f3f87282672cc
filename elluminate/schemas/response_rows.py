"""Responses as flat rows, for tables: inputs, answer, measures, and a verdict per criterion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elluminate.schemas.prompt_template import Criterion
    from elluminate.schemas.response import PromptResponse


def response_rows(responses: Sequence[PromptResponse]) -> list[dict[str, Any]]:
    """One flat dict per response, all with the same keys.

    `input.<column>` for each column, `rating.<criterion>` and `reasoning.<criterion>` for each criterion, which goes by
    its label, else by its question; where two share that, by its id as well.
    """
    columns = list(dict.fromkeys(name for response in responses for name in response.template_variables))
    names = _names({r.criterion.id: r.criterion for response in responses for r in response.ratings})
    rows = []
    for response in responses:
        metadata = response.generation_metadata
        model = metadata.llm_model_config if metadata else None
        verdicts = {rating.criterion.id: rating for rating in response.ratings}
        row: dict[str, Any] = {
            "response_id": response.id,
            "row_id": response.prompt.template_variables.id,
            "epoch": response.epoch,
            **{f"input.{name}": response.template_variables.get(name) for name in columns},
            "response": response.response_text,
            "error": response.error,
            "annotation": response.annotation,
            "model": model.llm_model_name if model else None,
            "input_tokens": metadata.input_tokens if metadata else None,
            "output_tokens": metadata.output_tokens if metadata else None,
            "duration_seconds": metadata.duration_seconds if metadata else None,
        }
        for criterion, name in names.items():
            rating = verdicts.get(criterion)
            row[f"rating.{name}"] = rating.rating.value if rating else None
            row[f"reasoning.{name}"] = rating.reasoning if rating else None
        rows.append(row)
    return rows


def _names(criteria: dict[int, Criterion]) -> dict[int, str]:
    names = {key: criterion.label or criterion.criterion_str for key, criterion in criteria.items()}
    often = Counter(names.values())
    return {key: name if often[name] == 1 else f"{name} ({key})" for key, name in names.items()}
