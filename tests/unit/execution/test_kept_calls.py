"""When two calls are equal, so that one answer can stand for both."""

from typing import Any

import attrs
import pytest

from elluminate_server.execution.generation import Generated, Subject
from elluminate_server.execution.kept_calls import (
    answer_key,
    keep_generated,
    keep_verdict,
    kept_generated,
    kept_verdict,
    verdict_key,
)
from elluminate_server.llm.fences import nonce_from
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.types import JudgeCase, Usage, Verdict

CONFIG = ModelConfig(config_name="c", model="m", base_url="http://llm.example/v1", temperature=0.5)
SUBJECT = Subject(
    entry_id=1,
    entry_identity="i",
    values={"topic": "tides"},
    messages=[{"role": "user", "content": "Explain tides."}],
)
CASE = JudgeCase(
    criterion="Is it about tides?",
    criterion_template="Is it about {{topic}}?",
    prompt_messages=[{"role": "user", "content": "Explain tides."}],
    response_messages=[{"role": "assistant", "content": "The moon."}],
    row_values={"topic": "tides"},
)

SHAPING: list[dict[str, Any]] = [
    {"model": "n"},
    {"base_url": "http://other.example/v1"},
    {"api_version": "2026-01-01"},
    {"inference_type": "anthropic"},
    {"system_message": "Be kind."},
    {"max_tokens": 10},
    {"top_p": 0.5},
    {"temperature": 0.6},
    {"temperature": None},
    {"top_k": 4},
    {"best_of": 2},
    {"logprobs": True},
    {"top_logprobs": 3},
    {"reasoning_effort": "low"},
    {"verbosity": "low"},
    {"preferred_temperature": 0.0},
]
PROMPTS: list[dict[str, Any]] = [
    {"messages": [{"role": "user", "content": "Explain tides!"}]},
    {"messages": [{"role": "system", "content": "Explain tides."}]},
    {"tools": [{"type": "function", "function": {"name": "search"}}]},
    {"tool_choice": "none"},
    {"response_format": {"type": "json_object"}},
]


def test_every_change_of_what_shapes_an_answer_is_another_call() -> None:
    keys = [answer_key(CONFIG, SUBJECT, 1), answer_key(CONFIG, SUBJECT, 2)]
    keys += [answer_key(attrs.evolve(CONFIG, **changes), SUBJECT, 1) for changes in SHAPING]
    keys += [answer_key(CONFIG, attrs.evolve(SUBJECT, **changes), 1) for changes in PROMPTS]
    assert len(set(keys)) == len(keys) == 2 + 16 + 5


@pytest.mark.parametrize(
    "changes",
    [
        {"config_name": "d"},
        {"config_id": 7},
        {"description": "d"},
        {"api_key": "k"},
        {"timeout": 5.0},
        {"max_retries": 0},
        {"max_connections": 3},
        {"input_price_per_mtok": 1.0, "output_price_per_mtok": 2.0},
    ],
)
def test_how_a_model_is_called_makes_no_other_call(changes: dict[str, Any]) -> None:
    assert answer_key(attrs.evolve(CONFIG, **changes), SUBJECT, 1) == answer_key(CONFIG, SUBJECT, 1)


def test_every_field_of_a_config_is_one_or_the_other() -> None:
    for field in attrs.fields(ModelConfig):
        another: dict[str, Any] = {field.name: "another value"}
        changed = attrs.evolve(CONFIG, **another)
        is_same = answer_key(changed, SUBJECT, 1) == answer_key(CONFIG, SUBJECT, 1)
        assert is_same == (
            field.name
            in {
                "config_name",
                "config_id",
                "description",
                "api_key",
                "timeout",
                "max_retries",
                "max_connections",
                "input_price_per_mtok",
                "output_price_per_mtok",
            }
        ), field.name


def test_a_verdict_is_the_same_call_under_any_marks_and_another_for_all_else() -> None:
    marked = attrs.evolve(CASE, nonce=nonce_from(b"s", "experiment 7"))
    assert verdict_key(CONFIG, marked, "fast", 1) == verdict_key(CONFIG, CASE, "fast", 1)
    others: list[dict[str, Any]] = [
        {"criterion": "Is it short?", "criterion_template": None},
        {"criterion_template": "Is it about tides?"},
        {"prompt_messages": []},
        {"response_messages": [{"role": "assistant", "content": "The sun."}]},
        {"row_values": {"topic": "tides", "reader": "a child"}},
        {"trajectory": {"agent": {"name": "a", "version": "1"}, "steps": []}},
    ]
    keys = [verdict_key(CONFIG, CASE, "fast", 1), verdict_key(CONFIG, CASE, "detailed", 1)]
    keys += [
        verdict_key(CONFIG, CASE, "fast", 2),
        verdict_key(attrs.evolve(CONFIG, model="n"), CASE, "fast", 1),
    ]
    keys += [verdict_key(CONFIG, attrs.evolve(CASE, **changes), "fast", 1) for changes in others]
    assert len(set(keys)) == len(keys) == 10


def test_an_answer_comes_back_as_it_was_with_what_it_cost_then() -> None:
    said = [{"role": "assistant", "content": "The moon 🌒."}]
    usage = Usage(
        duration_seconds=1.5, waited_seconds=9.0, input_tokens=3, output_tokens=4, finish_reason="stop"
    )
    kept = keep_generated(b"k", Generated(messages=said, usage=usage, config=CONFIG))
    assert kept is not None
    again = kept_generated(kept.answer, CONFIG)
    assert again == Generated(
        messages=said, usage=attrs.evolve(usage, waited_seconds=0.0, cached=True), config=CONFIG
    )
    assert keep_generated(b"k", again) is None


def test_a_verdict_comes_back_as_it_was() -> None:
    verdict = Verdict(rating="NO", reasoning="Too long.", output_tokens=9)
    kept = keep_verdict(b"k", verdict)
    assert kept is not None
    assert kept_verdict(kept.answer) == attrs.evolve(verdict, cached=True)
    assert keep_verdict(b"k", kept_verdict(kept.answer)) is None
    assert keep_verdict(None, verdict) is None


@pytest.mark.parametrize(
    "generated",
    [
        pytest.param(Generated(error="away"), id="failed"),
        pytest.param(Generated(messages=[{"role": "assistant", "content": ""}]), id="empty"),
        pytest.param(
            Generated(
                messages=[{"role": "assistant", "content": "The"}], usage=Usage(finish_reason="length")
            ),
            id="cut off",
        ),
        pytest.param(
            Generated(messages=[{"role": "assistant", "content": None, "refusal": "I would rather not."}]),
            id="refused",
        ),
    ],
)
def test_what_failed_or_is_flawed_is_not_kept(generated: Generated) -> None:
    assert keep_generated(b"k", generated) is None
