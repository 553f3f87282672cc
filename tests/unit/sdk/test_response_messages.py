"""Messages of responses read as dicts and as objects, so that programs written for either run."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import attrs
import msgspec
import pytest

from elluminate._messages import response_messages
from elluminate.schemas import PromptResponse
from tests.unit.sdk import answers

CALL = {"id": "call-1", "type": "function", "function": {"name": "look_up", "arguments": '{"word": "tide"}'}}
MESSAGES: list[dict[str, Any]] = [
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "content": "The sea rises.", "tool_call_id": "call-1"},
    {"role": "assistant", "content": "It rises."},
]


@pytest.fixture
def response() -> PromptResponse:
    body = json.dumps(answers.response(messages=MESSAGES)).encode()
    return msgspec.json.decode(body, type=PromptResponse)


def messages_of(response: PromptResponse) -> list[Any]:
    return list(response.messages)


def test_keys_are_attributes_too(response: PromptResponse) -> None:
    calling, told, said = messages_of(response)
    assert (said.role, said.content, said["content"]) == ("assistant", "It rises.", "It rises.")
    assert calling.content is None
    assert calling.tool_calls[0].function.name == calling["tool_calls"][0]["function"]["name"] == "look_up"
    assert (told.tool_call_id, told.get("tool_call_id")) == ("call-1", "call-1")


def test_what_a_model_did_not_say_is_none(response: PromptResponse) -> None:
    _, told, said = messages_of(response)
    assert [said.tool_calls, said.refusal, said.audio, said.annotations, said.function_call] == [None] * 5
    for message, name in ((said, "contents"), (told, "tool_calls"), (said, "model_dump")):
        with pytest.raises(AttributeError, match=f"no '{name}'; it has role, content"):
            getattr(message, name)


def test_they_stay_dicts(response: PromptResponse) -> None:
    assert response.messages == MESSAGES
    assert json.loads(json.dumps(response.messages)) == MESSAGES
    assert msgspec.json.decode(msgspec.json.encode(response.messages)) == MESSAGES
    assert attrs.asdict(response)["messages"] == MESSAGES
    assert response_messages(response.messages[2:])[0]["content"] == "It rises."


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_read_the_same(response: PromptResponse, copied: Any) -> None:
    assert messages_of(copied(response))[2].content == "It rises."
