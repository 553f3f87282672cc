"""What a rule is told of an answer, what it says about it, and how both are worded."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from elluminate_server.domain.errors import DomainError
from elluminate_server.domain.messages import text_of

__all__ = ["AnswerFacts", "Judgement", "NotJudgedError", "RuleError", "answer_text", "told"]

_MOST_SHOWN = 200


class RuleError(DomainError):
    """A rule cannot be used as it is.

    Attributes:
        field: Which of its fields is wrong.
        problem: What is wrong with it.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}")


class NotJudgedError(DomainError):
    """A rule cannot tell: what it looks at is not known. That is neither YES nor NO."""


@attrs.frozen(kw_only=True)
class AnswerFacts:
    """An answer, as far as rules look at it.

    Attributes:
        text: The text of its last assistant message; None where there is none.
        seconds: How long it took; None where that is not known.
        cost_usd: What it cost; None where that is not known.
    """

    text: str | None
    seconds: float | None = None
    cost_usd: float | None = None


@attrs.frozen
class Judgement:
    """What a rule says of an answer.

    Attributes:
        is_met: Whether the criterion is met; None where the rule cannot tell.
        reason: Why, or why it cannot tell.
    """

    is_met: bool | None
    reason: str


def answer_text(messages: Sequence[Mapping[str, Any]]) -> str | None:
    """The text of the last assistant message, or the words in which the model refuses; None where there is neither.

    >>> answer_text([{"role": "assistant", "content": "Paris"}, {"role": "user", "content": "Sure?"}])
    'Paris'
    """
    nothing: Mapping[str, Any] = {}
    said = next((message for message in reversed(messages) if message.get("role") == "assistant"), nothing)
    text = text_of(said)
    if text:
        return text
    refusal = said.get("refusal")
    if isinstance(refusal, str) and refusal:
        return refusal
    return None if said.get("content") is None or said.get("tool_calls") else ""


def told(text: str) -> str:
    """A text in quotation marks, cut where it is long.

    >>> told('He said "no".')
    '"He said \\\\"no\\\\"."'
    """
    cut = text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
    return f'"{cut}"' if cut.isprintable() and '"' not in cut else json.dumps(cut, ensure_ascii=False)
