"""Reading a chat completion: from the bytes of an endpoint to the contract's messages and numbers.

The shape is the chat completion object of OpenAI's API reference. Compatible endpoints stray from it, so
every part that is used is checked, and what is wrong is named by its JSON path.
"""

from typing import Any

import msgspec

from elluminate_server.domain.messages import InvalidMessageError, check_messages
from elluminate_server.llm.types import Answer, ModelError

__all__ = ["read_completion"]


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Choice(msgspec.Struct):
    message: dict[str, Any]
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


_DECODER = msgspec.json.Decoder(_Completion)

_KEYS = ("content", "refusal", "annotations", "audio", "function_call", "tool_calls")


def read_completion(body: bytes, *, model: str, duration_seconds: float) -> Answer:
    """The answer in a chat completion's body.

    The first choice counts. Log probabilities, when there are any, are kept as the message's `logprobs` key.

    Args:
        body: The HTTP body.
        model: Name of the model that was asked; for messages.
        duration_seconds: How long it took.

    Raises:
        ModelError: The body is not a chat completion, or a filter or the token limit left it without an
            answer.
    """
    try:
        completion = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(model, str(error), body) from None
    if not completion.choices:
        raise _unreadable(model, "it has no choices", body)
    choice = completion.choices[0]
    # All of the contract's keys, null when unset; the endpoint's own (such as reasoning_content) stay.
    message = {"role": "assistant", **dict.fromkeys(_KEYS), **choice.message}
    try:
        check_messages([message], where="$.choices[*].message", kind="response")
    except InvalidMessageError as error:
        raise _unreadable(model, str(error), body) from None
    if message["role"] != "assistant":
        raise _unreadable(model, f"the message's role is {message['role']!r}", body)
    if choice.logprobs is not None:
        message["logprobs"] = choice.logprobs
    _check_finish(choice.finish_reason, message, model)
    usage = completion.usage or _Usage()
    return Answer(
        messages=[message],
        duration_seconds=duration_seconds,
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        reasoning_tokens=(usage.completion_tokens_details or _OutputDetails()).reasoning_tokens,
        cached_tokens=(usage.prompt_tokens_details or _InputDetails()).cached_tokens,
    )


def _check_finish(reason: str | None, message: dict[str, Any], model: str) -> None:
    if message["content"] or message["tool_calls"] or message["refusal"]:
        return
    if reason == "content_filter":
        raise ModelError(f"The provider's content filter withheld the answer of {model!r}.")
    if reason == "length":
        raise ModelError(
            f"The model {model!r} used up its tokens before it answered: raise the LLM config's max_tokens, "
            "or lower its reasoning effort."
        )


def _unreadable(model: str, reason: str, body: bytes) -> ModelError:
    start = body[:80].decode("utf-8", errors="replace")
    return ModelError(
        f"The endpoint of {model!r} answered with something that is not a chat completion: {reason}. It "
        f"starts with {start!r}. Check that the base URL ends where `/chat/completions` follows."
    )
