"""Responses as flat rows, for tables: inputs, answer, measures, and a verdict per criterion, or why there is none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elluminate.schemas.llm_config import GenerationMetadata
    from elluminate.schemas.prompt_template import Criterion
    from elluminate.schemas.response import PromptResponse


_LABEL_OF_THE_SERVER = re.compile(r"Criterion \d+")
"""What a criterion is labelled without a label of somebody's own, which says nothing to who reads a table."""


def response_rows(
    responses: Sequence[PromptResponse], criteria: Sequence[Criterion], *, of_conversations: bool = False
) -> list[dict[str, Any]]:
    """One flat dict per response, all with the same keys.

    `flaw` is "refused" where the model or the provider's filter refused, "truncated" where the answer was cut off at a
    limit of tokens, else None. `cost_usd` and `judge_cost_usd` are what answer and verdicts came to, None where that
    is not known. `input.<column>` for each column; `rating.<criterion>`, `reasoning.<criterion>`,
    `origin.<criterion>` ("judge", "check" or "program"; None also where the server does not tell) and
    `missing.<criterion>` (why there is no verdict) for each criterion, those without any verdict included. A criterion
    goes by its label, else by its question; where two share that, by its id as well.

    Args:
        responses: The responses.
        criteria: Those of their experiment's set, in order.
        of_conversations: Whether personas talked with the model; then `persona` and `termination_reason` are keys, too.
    """
    columns = list(dict.fromkeys(name for response in responses for name in response.template_variables))
    names = _names(responses, criteria)
    rows = []
    for response in responses:
        metadata = response.generation_metadata
        model = metadata.llm_model_config if metadata else None
        verdicts = {rating.criterion.id: rating for rating in response.ratings}
        missing = {verdict.criterion_id: verdict.reason for verdict in response.missing_verdicts or []}
        row: dict[str, Any] = {
            "response_id": response.id,
            "row_id": response.prompt.template_variables.id,
            "epoch": response.epoch,
            **(_conversation(response) if of_conversations else {}),
            **{f"input.{name}": response.template_variables.get(name) for name in columns},
            "response": response.response_text,
            "error": response.error,
            "annotation": response.annotation,
            "model": model.llm_model_name if model else None,
            "input_tokens": metadata.input_tokens if metadata else None,
            "output_tokens": metadata.output_tokens if metadata else None,
            "duration_seconds": metadata.duration_seconds if metadata else None,
            "cost_usd": cost_of(metadata),
            "judge_cost_usd": judging_cost(response),
            "finish_reason": metadata.finish_reason if metadata else None,
            "flaw": _flaw(response),
        }
        for criterion, name in names.items():
            rating = verdicts.get(criterion)
            row[f"rating.{name}"] = rating.rating.value if rating else None
            row[f"reasoning.{name}"] = rating.reasoning if rating else None
            row[f"origin.{name}"] = rating.origin.value if rating and rating.origin else None
            row[f"missing.{name}"] = missing.get(criterion)
        rows.append(row)
    return rows


def cost_of(metadata: GenerationMetadata | None) -> float | None:
    """What one call to a model came to, in US dollars; None where that is not known."""
    if metadata is None:
        return None
    if metadata.cached:
        return 0.0  # what it tells is the price of then
    asking, answering = metadata.estimated_input_cost_usd, metadata.estimated_output_cost_usd
    return None if asking is None or answering is None else asking + answering


def judging_cost(response: PromptResponse) -> float | None:
    """What all verdicts on it came to, in US dollars; None where that is not known of each, or none came of asking."""
    if not response.ratings and response.missing_verdicts and not response.error:
        return None
    costs = [cost_of(rating.generation_metadata) for rating in response.ratings]
    known = [cost for cost in costs if cost is not None]
    return sum(known, 0.0) if len(known) == len(costs) else None


def _flaw(response: PromptResponse) -> str | None:
    """Why what stands there as an answer is none, or not a whole one."""
    if response.is_refused:
        return "refused"
    return "truncated" if response.is_truncated else None


def _conversation(response: PromptResponse) -> dict[str, Any]:
    """Who talked with the model, and why that ended."""
    persona = response.persona
    return {
        "persona": None if persona is None else persona.name,
        "termination_reason": response.termination_reason,
    }


def judged_by(responses: Sequence[PromptResponse]) -> dict[int, Criterion]:
    """Criteria by id, as responses were judged by them; their set may have others by now."""
    return {rating.criterion.id: rating.criterion for response in responses for rating in response.ratings}


def _names(responses: Sequence[PromptResponse], criteria: Sequence[Criterion]) -> dict[int, str]:
    """Criteria by id: the set's, but for those that were added later and not judged; then others that were judged."""
    newest = max((response.created_at for response in responses), default=None)
    lacking = {verdict.criterion_id for response in responses for verdict in response.missing_verdicts or []}
    judged = judged_by(responses)
    in_use = {
        criterion.id: criterion
        for criterion in criteria
        if criterion.id in lacking
        or criterion.id in judged
        or (newest is not None and criterion.created_at <= newest)
    } | judged
    names = {number: _name(criterion) for number, criterion in in_use.items()}
    names |= {number: f"criterion {number}" for number in sorted(lacking - names.keys())}
    often = Counter(names.values())
    return {number: name if often[name] == 1 else f"{name} ({number})" for number, name in names.items()}


def own_label(criterion: Criterion) -> str | None:
    """The label that somebody gave a criterion; None where it has none, or the server's own."""
    label = criterion.label
    return label if label and not _LABEL_OF_THE_SERVER.fullmatch(label) else None


def _name(criterion: Criterion) -> str:
    return own_label(criterion) or criterion.criterion_str
