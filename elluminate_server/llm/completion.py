"""Reading a chat completion: from the bytes of an endpoint to the contract's messages and numbers.

The shape is the chat completion object of OpenAI's API reference. Compatible endpoints stray from it: they send
numbers as text or with a fraction, contents in parts, halves of characters, numbers that JSON does not have. What they
say is read where there is one way to read it; what is wrong is named by its JSON path.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from elluminate_server.domain.messages import InvalidMessageError, check_messages
from elluminate_server.llm.answers import (
    ASSISTANT_KEYS,
    check_finish,
    kept_word,
    mapping,
    token_count,
    unreadable,
)
from elluminate_server.llm.json_bodies import NULL, read_json
from elluminate_server.llm.types import Answer, ModelError

__all__ = ["read_completion"]


class _Choice(msgspec.Struct):
    message: dict[str, Any]
    finish_reason: Any = None
    logprobs: Any = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    model: Any = None
    usage: Any = None


_decode = msgspec.json.Decoder(_Completion).decode


def read_completion(
    body: bytes, *, model: str, duration_seconds: float, waited_seconds: float = 0.0
) -> Answer:
    """The answer in a chat completion's body.

    The first choice counts. Log probabilities, when there are any, are kept as the message's `logprobs` key, a content
    that came in parts as its `content_parts`. What cannot be stored as text is read as U+FFFD (`read_json`).

    Args:
        body: The HTTP body.
        model: Name of the model that was asked; for messages.
        duration_seconds: How long it took.
        waited_seconds: How long it took to be asked.

    Raises:
        ModelError: The body is not a chat completion, or a filter or the token limit left it without an
            answer.
    """
    try:
        completion = _completion_in(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable(model, str(error), body) from None
    if not completion.choices:
        raise _unreadable(model, "it has no choices", body)
    choice = completion.choices[0]
    # All of the contract's keys, null when unset; the endpoint's own (such as reasoning_content) stay.
    message = {"role": "assistant", **dict.fromkeys(ASSISTANT_KEYS), **choice.message}
    if isinstance(message["content"], list):
        message["content_parts"] = message["content"]
        message["content"] = _said_in(message["content"])
    try:
        check_messages([message], where="$.choices[*].message", kind="response")
    except InvalidMessageError as error:
        raise _unreadable(model, str(error), body) from None
    if message["role"] != "assistant":
        raise _unreadable(model, f"the message's role is {message['role']!r}", body)
    if isinstance(choice.logprobs, dict):
        message["logprobs"] = choice.logprobs
    usage = mapping(completion.usage)
    answer = Answer(
        messages=[message],
        duration_seconds=duration_seconds,
        waited_seconds=waited_seconds,
        input_tokens=token_count(usage.get("prompt_tokens")),
        output_tokens=token_count(usage.get("completion_tokens")),
        reasoning_tokens=token_count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")),
        cached_tokens=token_count(mapping(usage.get("prompt_tokens_details")).get("cached_tokens")),
        finish_reason=kept_word(choice.finish_reason),
        answered_by_model=kept_word(completion.model),
    )
    check_finish(answer, message, model)
    return answer


def _completion_in(body: bytes) -> _Completion:
    if NULL not in body:
        try:
            return _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    return msgspec.convert(read_json(body), _Completion)


def _said_in(parts: Sequence[Any]) -> str | None:
    """What a content in parts says: its text parts, one after the other; None when it says nothing."""
    texts = [
        part if isinstance(part, str) else part["text"]
        for part in parts
        if isinstance(part, str) or (isinstance(part, Mapping) and isinstance(part.get("text"), str))
    ]
    return "".join(texts) if texts else None


def _unreadable(model: str, reason: str, body: bytes) -> ModelError:
    return unreadable(
        model,
        f"not a chat completion: {reason}",
        body,
        "Check that the base URL ends where `/chat/completions` follows.",
    )
