"""Payloads of conversation columns, response formats and template strings, made from what callers write."""

import msgspec
import pytest
from pydantic import BaseModel

from elluminate._checks import checked_rows
from elluminate.exceptions import ValidationError
from elluminate.schemas import ResponseFormat, TemplateString, UCEPayloadV1
from elluminate_server.domain.rendering import render_text


class Verdict(BaseModel):
    correct: bool


HELLO = [{"role": "user", "content": "Hello"}]


def test_a_payload_leaves_out_what_is_not_set() -> None:
    assert UCEPayloadV1.from_openai(HELLO).to_uce_dict() == {
        "schema_version": "elluminate.uce/1",
        "input": {"messages": HELLO},
    }


def test_a_payload_is_a_value_of_a_row() -> None:
    payload = UCEPayloadV1.from_openai(HELLO)
    row = {"chat": payload, "topic": "tides"}
    assert checked_rows([row]) == [{"chat": payload.to_uce_dict(), "topic": "tides"}]
    assert row["chat"] is payload


def test_a_payload_carries_everything_of_a_chat_call() -> None:
    tool = {"type": "function", "function": {"name": "look_up", "strict": None}}
    payload = UCEPayloadV1.from_openai(
        HELLO,
        tools=[tool],
        tool_choice={"type": "function", "function": {"name": "look_up"}},
        response_format=Verdict,
        attachments=[{"name": "a.txt"}],
        metadata={"join": None},
    ).to_uce_dict()
    given = payload["input"]
    assert given["tools"] == [tool]
    assert given["tool_choice"]["function"] == {"name": "look_up"}
    assert list(given["response_format"]) == ["json_schema"]
    assert given["response_format"]["json_schema"]["required"] == ["correct"]
    assert given["attachments"] == [{"name": "a.txt"}]
    assert given["metadata"] == {"join": None}


def test_the_schema_travels_as_json_schema_and_is_read_back() -> None:
    wire = msgspec.json.encode(ResponseFormat(response_schema={"type": "object"}))
    assert msgspec.json.decode(wire) == {"json_schema": {"type": "object"}, "hint": None}
    assert msgspec.json.decode(wire, type=ResponseFormat).response_schema == {"type": "object"}


@pytest.mark.parametrize("hint", ["text", "json_object"])
def test_a_loose_format_is_a_hint(hint: str) -> None:
    assert ResponseFormat.from_openai({"type": hint}) == ResponseFormat(hint=hint)


@pytest.mark.parametrize("given", [{"type": "xml"}, {"type": "json_schema"}, {}, "text"])
def test_an_unknown_format_is_refused_by_its_value(given: object) -> None:
    with pytest.raises(ValidationError, match="response_format"):
        ResponseFormat.from_openai(given)  # type: ignore[arg-type]  # bad on purpose


def test_an_unknown_hint_is_refused() -> None:
    with pytest.raises(ValidationError, match="hint"):
        ResponseFormat(hint="xml")


def test_a_template_string_renders_as_the_backend_does() -> None:
    template = TemplateString("Explain {{ topic }} to {{reader}}, {{topic}}.")
    values = {"topic": "{{reader}}", "reader": "a child"}
    assert template.is_template
    assert template.placeholders == {"topic", "reader"}
    assert template.render(**values) == render_text(template.template_str, values)
    assert not TemplateString("Plain {text}.").is_template
    with pytest.raises(ValidationError, match="reader"):
        template.render(topic="tides")
