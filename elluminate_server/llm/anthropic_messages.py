"""Anthropic's Messages API: the contract's messages as its blocks, and its blocks as the contract's messages.

Pure functions, no I/O. The shapes are those of the API reference, "Create a Message", version 2023-06-01.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from elluminate_server.domain.messages import InvalidMessageError, check_messages, text_of
from elluminate_server.llm.answers import (
    ASSISTANT_KEYS,
    check_finish,
    kept_word,
    mapping,
    token_count,
    unreadable,
)
from elluminate_server.llm.json_bodies import read_json
from elluminate_server.llm.types import Answer, ModelError

__all__ = ["as_blocks", "as_tool", "as_tool_choice", "read_message"]

_DATA_URL = re.compile(r"data:([^;,]+);base64,(.*)", re.DOTALL)

_THINKING = ("thinking", "redacted_thinking")

_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Anthropic's words for why a model stopped, in those of the contract; further ones stay as they are."""


def as_blocks(messages: Sequence[Mapping[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The system prompt, and the turns of user and assistant.

    All system and developer messages make up the system prompt, wherever they stand: the API knows one. Results of
    tools that follow each other become one turn, as the API wants them. Text that is empty is left out, which the API
    refuses. A conversation of system messages alone is sent as a user's turn.

    Raises:
        ModelError: A part cannot be sent to this API.
    """
    system = "\n\n".join(filter(None, map(text_of, filter(_is_system, messages))))
    turns: list[dict[str, Any]] = []
    for message in messages:
        if _is_system(message):
            continue
        role = "assistant" if message.get("role") == "assistant" else "user"
        blocks = list(_blocks_of(message))
        if not blocks:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    if not turns:
        return "", [{"role": "user", "content": [{"type": "text", "text": system}]}]
    return system, turns


def _is_system(message: Mapping[str, Any]) -> bool:
    return message.get("role") in ("system", "developer")


def _blocks_of(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if message.get("role") in ("tool", "function"):
        result: dict[str, Any] = {"type": "tool_result", "tool_use_id": message.get("tool_call_id") or ""}
        yield result | ({"content": text_of(message)} if text_of(message) else {})
        return
    if message.get("role") == "assistant":
        yield from _thinking_of(message)
    content = message.get("content")
    if isinstance(content, list):
        for part in content:
            yield from _block_of(part)
    elif text_of(message).strip():
        yield {"type": "text", "text": text_of(message)}
    for call in message.get("tool_calls") or ():
        yield {
            "type": "tool_use",
            "id": call["id"],
            "name": call["function"]["name"],
            "input": _arguments(call["function"].get("arguments")),
        }


def _thinking_of(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Thinking that the model signed: it has to come back unchanged where its tools were called."""
    for part in message.get("content_parts") or ():
        if isinstance(part, Mapping) and part.get("type") in _THINKING:
            yield dict(part)


def _block_of(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    match part.get("type"):
        case "text" | "refusal":
            text = part.get("text") or part.get("refusal") or ""
            if text.strip():
                yield {"type": "text", "text": text}
        case "image_url":
            yield {"type": "image", "source": _source(part["image_url"]["url"])}
        case "file" if data := mapping(part.get("file")).get("file_data"):
            yield {"type": "document", "source": _source(data)}
        case kind:
            raise ModelError(
                f"A part of the type {kind!r} cannot be sent to Anthropic's API, which takes texts, images and files "
                "whose data stand in the message."
            )


def _source(url: str) -> dict[str, Any]:
    found = _DATA_URL.fullmatch(url)
    if found is None:
        return {"type": "url", "url": url}
    return {"type": "base64", "media_type": found[1], "data": found[2]}


def _arguments(text: Any) -> dict[str, Any]:
    try:
        arguments = json.loads(text) if isinstance(text, str) and text.strip() else {}
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise ModelError(
            f"The arguments of a tool call cannot be sent to Anthropic's API: {str(text)[:80]!r} is no JSON object."
        )
    return arguments


def as_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A tool of the contract in the API's shape.

    >>> as_tool({"type": "function", "function": {"name": "now", "description": None}})
    {'name': 'now', 'input_schema': {'type': 'object', 'properties': {}}}
    """
    function = mapping(tool.get("function"))
    made = {"name": function.get("name")}
    if function.get("description"):
        made["description"] = function["description"]
    if function.get("strict"):
        made["strict"] = True
    return {**made, "input_schema": function.get("parameters") or {"type": "object", "properties": {}}}


def as_tool_choice(choice: str | Mapping[str, Any]) -> dict[str, Any]:
    """A tool choice of the contract in the API's shape.

    >>> as_tool_choice("required")
    {'type': 'any'}
    """
    if isinstance(choice, str):
        return {"type": {"required": "any"}.get(choice, choice)}
    return {"type": "tool", "name": mapping(choice.get("function")).get("name")}


class _Message(msgspec.Struct):
    content: list[dict[str, Any]]
    model: Any = None
    stop_reason: Any = None
    usage: Any = None


def read_message(
    body: bytes,
    *,
    model: str,
    form_tool: str | None = None,
    duration_seconds: float,
    waited_seconds: float = 0.0,
) -> Answer:
    """The answer in a message's body.

    Texts become the content, one after the other, and uses of tools tool calls. Thinking is kept as
    `reasoning_content`, and with its signature as `content_parts`.

    Args:
        body: The HTTP body.
        model: Name of the model that was asked; for messages.
        form_tool: A tool that was only there to give the answer its form: what it was called with is the content.
        duration_seconds: How long it took.
        waited_seconds: How long it took to be asked.

    Raises:
        ModelError: The body is not a message, or a filter or the token limit left it without an answer.
    """
    try:
        said = msgspec.convert(read_json(body), _Message)
        message = _message_of(said.content, form_tool)
        check_messages([message], where="$.content", kind="response")
    except (ValueError, RecursionError, InvalidMessageError) as error:
        raise unreadable(
            model,
            f"not a message of Anthropic's API: {error}",
            body,
            "Check that the base URL ends where `/v1/messages` follows.",
        ) from None
    usage = mapping(said.usage)
    cached = token_count(usage.get("cache_read_input_tokens"))
    counts = [
        token_count(usage.get("input_tokens")),
        cached,
        token_count(usage.get("cache_creation_input_tokens")),
    ]
    answer = Answer(
        messages=[message],
        duration_seconds=duration_seconds,
        waited_seconds=waited_seconds,
        # Anthropic counts what it read from its cache and wrote to it apart.
        input_tokens=None if counts[0] is None else sum(filter(None, counts)),
        output_tokens=token_count(usage.get("output_tokens")),
        cached_tokens=cached,
        finish_reason=_finish_reason(said.stop_reason, gives_form=form_tool is not None),
        answered_by_model=kept_word(said.model),
    )
    check_finish(answer, message, model)
    return answer


def _message_of(blocks: Sequence[Mapping[str, Any]], form_tool: str | None) -> dict[str, Any]:
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[dict[str, Any]] = []
    for block in blocks:
        match block.get("type"):
            case "text":
                texts.append(_text_in(block, "text"))
            case "thinking":
                thoughts.append(_text_in(block, "thinking"))
            case "tool_use" if form_tool is not None and block.get("name") == form_tool:
                texts = [json.dumps(block.get("input"), ensure_ascii=False)]
            case "tool_use":
                arguments = json.dumps(block.get("input") or {}, ensure_ascii=False)
                function = {"name": block.get("name"), "arguments": arguments}
                calls.append({"id": block.get("id"), "type": "function", "function": function})
    message: dict[str, Any] = {"role": "assistant", **dict.fromkeys(ASSISTANT_KEYS)}
    message["content"] = "".join(texts) or None
    if calls:
        message["tool_calls"] = calls
    if any(thoughts):
        message["reasoning_content"] = "\n\n".join(filter(None, thoughts))
    if any(block.get("type") in _THINKING for block in blocks):
        message["content_parts"] = list(blocks)
    return message


def _text_in(block: Mapping[str, Any], key: str) -> str:
    if not isinstance(block.get(key), str):
        raise ValueError(f"a block of the type {key!r} has no text")  # noqa: TRY004 - as of any unreadable body
    return str(block[key])


def _finish_reason(said: Any, *, gives_form: bool) -> str | None:
    reason = kept_word(said)
    if reason is None or (gives_form and reason == "tool_use"):
        return None if reason is None else "stop"
    return _FINISH_REASONS.get(reason, reason)
