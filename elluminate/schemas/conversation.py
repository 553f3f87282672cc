"""Conversations: what a cell of a conversation column holds, and how it is made from OpenAI's arguments."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from attrs import define
from elluminate_api import models as api

from elluminate._checks import checked_texts, known
from elluminate._messages import Message, prompt_messages, response_format_schema
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError


@define(kw_only=True, init=False, repr=False)
class ResponseFormat(api.UCEResponseFormat):
    """What a conversation's next answer must look like: a JSON Schema, or a loose hint.

    Args:
        response_schema: JSON Schema of the answer itself; it travels as `json_schema`.
        hint: "json_object" or "text", where there is no schema.
    """

    def __init__(self, *, response_schema: dict[str, Any] | None = None, hint: str | None = None) -> None:
        self.json_schema = response_schema
        self.hint = None if hint is None else known(api.UCEResponseFormatHintType0, hint, "hint")

    @property
    def response_schema(self) -> dict[str, Any] | None:
        """JSON Schema of the answer itself."""
        return self.json_schema

    @response_schema.setter
    def response_schema(self, schema: dict[str, Any] | None) -> None:
        self.json_schema = schema

    @classmethod
    def from_openai(cls, response_format: ResponseFormat | Mapping[str, Any] | type[Any]) -> ResponseFormat:
        """From the `response_format` argument of OpenAI's chat API, or from a pydantic class.

        Returns:
            The format, as a conversation holds it.

        Raises:
            ValidationError: It is neither text, nor json_object, nor a json_schema with a schema.

        Example:
            >>> ResponseFormat.from_openai({"type": "json_object"}).hint
            'json_object'
        """
        if isinstance(response_format, ResponseFormat):
            return response_format
        given = response_format_schema(response_format) or {}
        kind = given.get("type")
        if kind in ("text", "json_object"):
            return cls(hint=kind)
        wrapper = given.get("json_schema")
        schema = wrapper.get("schema") if isinstance(wrapper, Mapping) else None
        if kind != "json_schema" or not isinstance(schema, Mapping):
            raise ValidationError(
                "response_format must be {'type': 'text'}, {'type': 'json_object'} or "
                "{'type': 'json_schema', 'json_schema': {'name': …, 'schema': {…}}}, "
                f"got {quoted(response_format, 120)}"
            )
        return cls(response_schema=dict(schema))


@define(kw_only=True, repr=False)
class UCEInput(api.UCEInput):
    """A conversation so far; the model writes the next message."""

    response_format: ResponseFormat | None = None


@define(kw_only=True, repr=False)
class UCEPayloadV1(api.UCEPayloadV1):
    """A cell of a conversation column.

    Example:
        >>> payload = UCEPayloadV1.from_openai([{"role": "user", "content": "Hello"}])
        >>> payload.to_uce_dict()
        {'input': {'messages': [{'role': 'user', 'content': 'Hello'}]}, 'schema_version': 'elluminate.uce/1'}
    """

    input: UCEInput

    @classmethod
    def from_openai(
        cls,
        messages: Sequence[Message],
        *,
        tools: Sequence[Any] | None = None,
        tool_choice: Any = None,
        response_format: ResponseFormat | Mapping[str, Any] | type[Any] | None = None,
        attachments: list[dict[str, Any]] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> UCEPayloadV1:
        """From the arguments of OpenAI's chat API.

        Args:
            messages: Chat messages so far.
            tools: Tools offered to the model (recorded, never run).
            tool_choice: "none", "auto", "required", or a named function.
            response_format: What the answer must look like; see `ResponseFormat.from_openai`.
            attachments: Files that belong to the conversation.
            metadata: Further settings.

        Returns:
            The payload; `to_uce_dict()` makes a cell of it.

        Raises:
            ValidationError: One of them cannot be used.

        Example:
            >>> payload = UCEPayloadV1.from_openai(
            ...     [{"role": "user", "content": "Rain or tides?"}], response_format={"type": "json_object"}
            ... )
        """
        return cls(
            input=UCEInput(
                messages=prompt_messages(checked_texts(messages, "messages")),
                tools=None if tools is None else [_plain(tool) for tool in checked_texts(tools, "tools")],
                tool_choice=tool_choice
                if tool_choice is None or isinstance(tool_choice, str)
                else _plain(tool_choice),
                response_format=None
                if response_format is None
                else ResponseFormat.from_openai(response_format),
                attachments=attachments,
                metadata=metadata,
            )
        )

    def to_uce_dict(self) -> dict[str, Any]:
        """The payload as the plain value of a cell, without what is not set.

        Returns:
            What a row's mapping holds for a conversation column.

        Example:
            >>> cell = UCEPayloadV1.from_openai([{"role": "user", "content": "Hello"}]).to_uce_dict()
            >>> collection = client.create_collection(
            ...     "Recorded",
            ...     columns=[CollectionColumn(name="talk", column_type="conversation")],
            ...     variables=[{"talk": cell}],
            ... )
        """
        payload: dict[str, Any] = msgspec.to_builtins(self)
        given = payload["input"] = _without_unset(payload["input"])
        if "response_format" in given:
            given["response_format"] = _without_unset(given["response_format"])
        return payload


def _without_unset(value: dict[str, Any]) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if inner is not None}


def _plain(given: Any) -> dict[str, Any]:
    dump = getattr(given, "model_dump", None)
    plain = dump(mode="json", exclude_unset=True) if callable(dump) else given
    if not isinstance(plain, Mapping):
        raise ValidationError(
            f"a tool or tool choice must be a mapping as OpenAI writes it, got {quoted(given)}"
        )
    return dict(plain)
