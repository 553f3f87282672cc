"""What is wrong with an answer that is there, and judged: it stops in its middle, refuses, or says nothing.

A verdict on such an answer is a verdict; a reader of the results has to know all the same that these are among them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from elluminate_server.domain.messages import text_of

__all__ = ["CUT_OFF", "WITHHELD", "Flaw", "flaw_of"]

CUT_OFF: Final = "length"
"""The finish reason of an answer that reached a token limit, in OpenAI's API reference and all that follow it."""

WITHHELD: Final = "content_filter"
"""The finish reason of an answer that the provider's filter cut or withheld, in the same words."""

Flaw = Literal["truncated", "refused", "empty"]


def flaw_of(messages: Sequence[Mapping[str, Any]], finish_reason: object) -> Flaw | None:
    """What is wrong with an answer; None when nothing is.

    Args:
        messages: The answer: the last message of the assistant counts.
        finish_reason: Why the model stopped, in the endpoint's word.

    >>> flaw_of([{"role": "assistant", "content": "The moon pulls"}], "length")
    'truncated'
    >>> flaw_of([{"role": "assistant", "content": None, "refusal": "I can't help with that."}], "stop")
    'refused'
    >>> flaw_of([{"role": "assistant", "content": " "}], "stop")
    'empty'
    """
    said = next((message for message in reversed(messages) if message.get("role") == "assistant"), None)
    if finish_reason == WITHHELD or (said is not None and said.get("refusal") and not said.get("content")):
        return "refused"
    if finish_reason == CUT_OFF:
        return "truncated"
    if said is None or said.get("tool_calls") or said.get("function_call") or said.get("audio"):
        return None
    return None if text_of(said).strip() else "empty"
