"""Messages are checked against the contract's shapes, and read for their text."""

from typing import Any

import pytest

from elluminate_server.domain.messages import InvalidMessageError, check_messages, response_text, text_of

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
AUDIO = {"id": "a", "data": "", "expires_at": 1, "transcript": ""}

GOOD: list[dict[str, Any]] = [
    {"role": "system", "content": "a"},
    {
        "role": "user",
        "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "u"}}],
    },
    {"role": "user", "content": "a", "name": "n", "of_our_own": 1},
    {"role": "assistant"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {
        "role": "assistant",
        "content": "a",
        "tool_calls": None,
        "refusal": None,
        "annotations": [],
        "audio": AUDIO,
    },
    {
        "role": "assistant",
        "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}],
    },
    {
        "role": "assistant",
        "annotations": [
            {
                "type": "url_citation",
                "url_citation": {"start_index": 0, "end_index": 1, "title": "t", "url": "u"},
            }
        ],
    },
    {"role": "tool", "content": "a", "tool_call_id": "c"},
]


@pytest.mark.parametrize("message", GOOD)
def test_good_messages_pass_in_both_kinds(message: dict[str, Any]) -> None:
    check_messages([message])
    check_messages([message], kind="response")


CHAT_ONLY: list[tuple[dict[str, Any], str]] = [
    ({"role": "developer", "content": "a"}, "$.m[0].role"),
    ({"role": "function", "name": "f", "content": None}, "$.m[0].role"),
    ({"role": "assistant", "content": [{"type": "text", "text": "a"}]}, "$.m[0].content"),
    ({"role": "assistant", "audio": {"id": "a"}}, "$.m[0].audio"),
]


@pytest.mark.parametrize(("message", "path"), CHAT_ONLY)
def test_some_messages_are_good_in_a_chat_but_not_in_a_response(message: dict[str, Any], path: str) -> None:
    check_messages([message])
    with pytest.raises(InvalidMessageError) as caught:
        check_messages([message], where="$.m", kind="response")
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("message", "path", "reason"),
    [
        ("text", "$.m[1]", "has to be an object, not 'text'"),
        (None, "$.m[1]", "has to be an object, not null"),
        ({}, "$.m[1]", "the field 'role' is missing"),
        ({"role": "narrator", "content": "a"}, "$.m[1].role", "'tool' or 'function', not 'narrator'"),
        ({"role": 1, "content": "a"}, "$.m[1].role", "has to be a text, not 1"),
        ({"role": "user"}, "$.m[1]", "the field 'content' is missing"),
        ({"role": "user", "content": None}, "$.m[1].content", "not null"),
        ({"role": "user", "content": 1}, "$.m[1].content", "not 1"),
        ({"role": "user", "content": [{"text": "a"}]}, "$.m[1].content[0]", "'type' is missing"),
        ({"role": "user", "content": [{"type": "text", "text": 1}]}, "$.m[1].content[0].text", "not 1"),
        ({"role": "user", "content": "a", "name": None}, "$.m[1].name", "not null"),
        ({"role": "tool", "content": "a"}, "$.m[1]", "'tool_call_id' is missing"),
        (
            {"role": "assistant", "tool_calls": [{**CALL, "type": "magic"}]},
            "$.m[1].tool_calls[0].type",
            "'magic'",
        ),
        (
            {"role": "assistant", "tool_calls": {}},
            "$.m[1].tool_calls",
            "has to be a list or null, not an object",
        ),
        (
            {"role": "assistant", "function_call": {"name": "f"}},
            "$.m[1].function_call",
            "'arguments' is missing",
        ),
    ],
)
def test_a_bad_message_is_named_by_path_and_reason(message: Any, path: str, reason: str) -> None:
    with pytest.raises(InvalidMessageError) as caught:
        check_messages([{"role": "user", "content": "fine"}, message], where="$.m")
    assert caught.value.path == path
    assert reason in caught.value.reason
    assert str(caught.value) == f"{path}: {caught.value.reason}"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "a"}, "a"),
        (
            {
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "image_url"},
                    {"type": "text", "text": "b"},
                ]
            },
            "a\nb",
        ),
        ({"content": None}, ""),
        ({"content": None, "refusal": "I cannot."}, "I cannot."),
        ({}, ""),
    ],
)
def test_the_text_of_a_message(message: dict[str, Any], text: str) -> None:
    assert text_of(message) == text


def test_the_text_of_a_response_is_that_of_its_last_assistant_message() -> None:
    messages = [
        {"role": "assistant", "content": "first"},
        {"role": "assistant", "content": "last"},
        {"role": "tool", "content": "tool", "tool_call_id": "c"},
    ]
    assert response_text(messages) == "last"
    assert response_text(messages[2:]) == ""
