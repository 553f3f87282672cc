"""What is read of an endpoint's chat completion, however far it strays from the provider's own shape."""

import json
from typing import Any

import pytest

from elluminate_server.llm.completion import read_completion
from elluminate_server.llm.types import Answer, ModelError


def read(body: bytes) -> Answer:
    return read_completion(body, model="gpt-test", duration_seconds=1.5, waited_seconds=0.5)


def body(message: dict[str, Any] | None = None, **keys: Any) -> bytes:
    """A completion's body; `finish_reason` and `logprobs` go to its choice."""
    choice = {key: keys.pop(key) for key in ("finish_reason", "logprobs") if key in keys}
    said = {"role": "assistant", "content": "The moon."} if message is None else message
    return json.dumps({"choices": [{"message": said, **choice}], **keys}).encode()


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        pytest.param(12, 12, id="a whole number"),
        pytest.param(12.0, 12, id="a number with a fraction of zero"),
        pytest.param("12", 12, id="a number as text"),
        pytest.param("12.0", 12, id="a number with a fraction as text"),
        pytest.param(0, 0, id="none"),
        pytest.param(None, None, id="null"),
        pytest.param(12.5, None, id="half a token"),
        pytest.param("many", None, id="a word"),
        pytest.param(-1, None, id="less than none"),
        pytest.param(True, None, id="a truth value"),
        pytest.param([12], None, id="a list"),
        pytest.param("inf", None, id="infinitely many"),
        pytest.param(1e300, None, id="more than anyone counts"),
    ],
)
def test_tokens_are_counted_as_the_endpoint_means_them(sent: Any, read_as: int | None) -> None:
    usage = {
        "prompt_tokens": sent,
        "completion_tokens": sent,
        "prompt_tokens_details": {"cached_tokens": sent},
        "completion_tokens_details": {"reasoning_tokens": sent},
    }
    answer = read(body(usage=usage))
    counts = (answer.input_tokens, answer.output_tokens, answer.cached_tokens, answer.reasoning_tokens)
    assert counts == (read_as,) * 4


@pytest.mark.parametrize(
    "usage",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="a list"),
        pytest.param("unknown", id="a word"),
        pytest.param({"prompt_tokens_details": "none", "completion_tokens_details": []}, id="odd details"),
    ],
)
def test_an_odd_usage_is_an_unknown_one(usage: Any) -> None:
    answer = read(body(usage=usage))
    assert (answer.input_tokens, answer.output_tokens) == (None, None)
    assert (answer.cached_tokens, answer.reasoning_tokens) == (None, None)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param([{"type": "text", "text": "The moon."}], "The moon.", id="one part"),
        pytest.param(
            [{"type": "text", "text": "The "}, {"type": "text", "text": "moon."}], "The moon.", id="two parts"
        ),
        pytest.param(["The ", "moon."], "The moon.", id="texts"),
        pytest.param(
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "Sun?"}]},
                {"type": "text", "text": "The moon."},
            ],
            "The moon.",
            id="thinking first",
        ),
        pytest.param([{"type": "image_url", "image_url": {"url": "u"}}], None, id="an image alone"),
        pytest.param([], None, id="no parts"),
    ],
)
def test_a_content_in_parts_says_what_its_texts_say(content: list[Any], text: str | None) -> None:
    (message,) = read(body({"role": "assistant", "content": content})).messages
    assert message["content"] == text
    assert message["content_parts"] == content


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        pytest.param(rb"half \ud83d a pair", "half � a pair", id="the first half of a surrogate pair"),
        pytest.param(rb"half \ude00 a pair", "half � a pair", id="the second half of a surrogate pair"),
        pytest.param(rb"\ude00\ud83d", "��", id="a surrogate pair the wrong way around"),
        pytest.param(rb"\ud83d\ude00 \ud83d", "😀 �", id="a surrogate pair and a half"),
        pytest.param(b"broken \xe2\x82", "broken �", id="a character that breaks off"),
        pytest.param(rb"a \u0000 b", "a � b", id="a NUL character"),
        pytest.param(rb"a backslash \\u0000", r"a backslash \u0000", id="the spelling of one"),
    ],
)
def test_what_is_no_text_is_read_as_the_replacement_character(sent: bytes, text: str) -> None:
    whole = b'{"choices": [{"message": {"role": "assistant", "content": "%s", "said": [["%s"]]}}]}'
    (message,) = read(whole % (sent, sent)).messages
    assert (message["content"], message["said"]) == (text, [[text]])
    text.encode()


def test_numbers_that_json_does_not_have_are_read_as_none() -> None:
    answer = read(body(logprobs={"content": [{"token": "a", "logprob": float("-inf")}]}))
    assert answer.messages[0]["logprobs"] == {"content": [{"token": "a", "logprob": None}]}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param("stop", "stop", id="the end"),
        pytest.param("length", "length", id="a token limit"),
        pytest.param("eos_token", "eos_token", id="a word of the endpoint's own"),
        pytest.param(None, None, id="null"),
        pytest.param("", None, id="nothing"),
        pytest.param({"type": "stop"}, None, id="an object"),
        pytest.param("x" * 300, "x" * 200, id="a long one"),
    ],
)
def test_why_the_model_stopped_and_which_one_it_was_are_kept(sent: Any, kept: str | None) -> None:
    answer = read(body(finish_reason=sent, model=sent))
    assert (answer.finish_reason, answer.answered_by_model) == (kept, kept)
    assert answer.is_cut_off is (kept == "length")


def test_times_are_those_of_the_call() -> None:
    answer = read(body())
    assert (answer.duration_seconds, answer.waited_seconds) == (1.5, 0.5)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        pytest.param(b'{"choices": [{"message": ', "Expecting value", id="a body that breaks off"),
        pytest.param(b'{"choices": [' * 3000, "recursion", id="a body without end"),
        pytest.param(body({"role": "assistant", "content": 1}), "content", id="a number for a content"),
        pytest.param(b'{"choices": [{}]}', "message", id="a choice without a message"),
        pytest.param(b"[]", "object", id="a list"),
    ],
)
def test_what_is_no_completion_is_refused_with_the_reason(sent: bytes, why: str) -> None:
    with pytest.raises(ModelError, match=f"(?i)not a chat completion: .*{why}"):
        read(sent)


def test_two_calls_together_are_cut_off_when_one_is() -> None:
    whole, cut = read(body(finish_reason="stop", model="m-1")), read(body(finish_reason="length"))
    assert cut.plus(whole).finish_reason == whole.plus(cut).finish_reason == "length"
    assert whole.plus(cut).answered_by_model == "m-1"
    assert whole.plus(cut).duration_seconds == 3.0
    assert whole.plus(cut).waited_seconds == 1.0
