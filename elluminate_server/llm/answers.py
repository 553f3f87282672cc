"""What the answers of all providers have in common, however each of them writes it."""

from collections.abc import Mapping
from typing import Any

from elluminate_server.domain.flaws import CUT_OFF, WITHHELD
from elluminate_server.llm.json_bodies import storable_text
from elluminate_server.llm.types import Answer, ModelError

__all__ = ["ASSISTANT_KEYS", "check_finish", "kept_word", "mapping", "token_count", "unreadable"]

LONGEST_NAME = 200
"""Characters of a finish reason or a model's name that are kept."""

ASSISTANT_KEYS = ("content", "refusal", "annotations", "audio", "function_call", "tool_calls")
"""Keys of the contract's assistant messages, beside their role; null when unset."""


def mapping(value: Any) -> Mapping[str, Any]:
    """The value when it is an object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def token_count(value: Any) -> int | None:
    """A number of tokens, also one given as `12.0` or `"12"`; None for what is no such number."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    whole = isinstance(value, int) or value.is_integer()
    return int(value) if whole and 0 <= value < 2**53 else None


def kept_word(value: Any) -> str | None:
    """A word of the endpoint as far as it is kept; None for what is no word."""
    return value[:LONGEST_NAME] if isinstance(value, str) and value else None


def check_finish(answer: Answer, message: Mapping[str, Any], model: str) -> None:
    """Refuse an answer that a filter or the token limit left empty.

    Raises:
        ModelError: It did.
    """
    if message["content"] or message["tool_calls"] or message["refusal"]:
        return
    if answer.finish_reason == WITHHELD:
        raise ModelError(f"The provider's content filter withheld the answer of {model!r}.", usage=answer)
    if answer.finish_reason == CUT_OFF:
        raise ModelError(
            f"The model {model!r} used up its tokens before it answered: raise the LLM config's max_tokens "
            "(ELLUMINATE_JUDGE_MAX_TOKENS of the server's judge), or lower its reasoning effort.",
            usage=answer,
        )


def unreadable(model: str, what: str, body: bytes, advice: str) -> ModelError:
    """What to raise for a body that is no answer of a model.

    Args:
        model: Name of the model.
        what: What the body is not, and why.
        body: Its bytes.
        advice: What to do about it, as a sentence.
    """
    start = storable_text(body[:80].decode("utf-8", errors="replace"))
    return ModelError(
        f"The endpoint of {model!r} answered with something that is {what}. It starts with {start!r}. {advice}"
    )
