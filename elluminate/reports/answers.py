"""The answers of an experiment as reports show them: those that failed first, with their verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import frozen

from elluminate._markup import with_label
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse
from elluminate.schemas.response_rows import own_label

__all__ = ["ShownAnswer", "ShownVerdict", "State", "shown_answers", "value_in_words"]

State: TypeAlias = Literal["failed", "missing", "passed"]

_ORDER: dict[State, int] = {"missing": 0, "failed": 1, "passed": 2}


@frozen
class ShownVerdict:
    """A verdict, or why there is none.

    Attributes:
        criterion: The criterion's text.
        label: Its label; None where nobody gave it one.
        verdict: "YES", "NO" or "missing".
        reason: The judge's words, or why it is missing.
    """

    criterion: str
    verdict: Literal["YES", "NO", "missing"]
    reason: str
    label: str | None = None

    @property
    def name(self) -> str:
        """What to call it where there is room: its text, after its label where it has one."""
        return with_label(self.criterion, self.label)


@frozen
class ShownAnswer:
    """An answer with all that is to be known of it.

    Attributes:
        state: "missing" where it failed or lacks a verdict, "failed" where a criterion is not met, else "passed".
        values: Column name to value.
        epoch: Which answer to the row it is, from 1.
        prompt: What was asked, its last message.
        answer: The answer, or why there is none.
        is_error: Whether `answer` says why there is none.
        verdicts: In the order in which they were given, what is missing last.
        notes: What else to know of it: truncated, refused, from a cache.
    """

    state: State
    values: Mapping[str, Any]
    epoch: int
    prompt: str
    answer: str
    is_error: bool
    verdicts: tuple[ShownVerdict, ...]
    notes: tuple[str, ...]


def shown_answers(experiment: Experiment) -> list[ShownAnswer]:
    """The answers: first those that are missing something, then those that failed, then the others; in their order."""
    criteria = {one.id: one for one in experiment.criterion_set.criteria or []}
    answers = [_shown(response, criteria) for response in experiment.responses()]
    return sorted(answers, key=lambda answer: _ORDER[answer.state])


def _shown(response: PromptResponse, criteria: Mapping[int, Criterion]) -> ShownAnswer:
    given = [
        ShownVerdict(
            rating.criterion.criterion_str,
            rating.rating.value,
            rating.reasoning or "",
            own_label(rating.criterion),
        )
        for rating in (response.ratings if response.error is None else [])
    ]
    missing = []
    for lack in response.missing_verdicts or ():
        meant = criteria.get(lack.criterion_id)
        text = f"criterion {lack.criterion_id}" if meant is None else meant.criterion_str
        missing.append(
            ShownVerdict(text, "missing", lack.reason, None if meant is None else own_label(meant))
        )
    state: State = "passed"
    if missing or response.error is not None or not given:
        state = "missing"
    elif any(verdict.verdict == "NO" for verdict in given):
        state = "failed"
    notes = {
        "cut off": response.is_truncated,
        "refused": response.is_refused,
        "from the cache": response.cached,
    }
    messages = response.prompt.messages or [{}]
    return ShownAnswer(
        state=state,
        values=response.template_variables,
        epoch=response.epoch,
        prompt=value_in_words(messages[-1].get("content") or ""),
        answer=response.response_text if response.error is None else response.error,
        is_error=response.error is not None,
        verdicts=(*given, *missing),
        notes=tuple(note for note, is_so in notes.items() if is_so),
    )


def value_in_words(value: Any) -> str:
    """A row's value as text: as it is, or as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
