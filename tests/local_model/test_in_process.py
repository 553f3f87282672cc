"""The small model in the server's own process: `--model local`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from elluminate import Client
from elluminate.schemas import RatingMode
from elluminate_server.llm import roles
from elluminate_server.llm.local_model import LocalModel
from elluminate_server.llm.types import JudgeCase, ModelError
from tests.support.serve_process import clean_environment

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "Say hello."}]


async def test_it_answers_with_what_it_cost() -> None:
    answer = await LocalModel().answer(HELLO)
    assert answer.messages[0]["content"]
    assert answer.answered_by_model == "SmolLM2-135M-Instruct"
    assert answer.input_tokens and answer.output_tokens and answer.duration_seconds > 0


async def test_it_is_held_to_the_form_of_a_verdict() -> None:
    case = JudgeCase(
        criterion="Is it short?",
        prompt_messages=HELLO,
        response_messages=[{"role": "assistant", "content": "Hello."}],
    )
    verdict = await roles.judge(LocalModel(), case, "fast")
    assert verdict.rating in ("YES", "NO")
    assert verdict.reasoning


TEMPLATES = [
    "Explain how {{concept}} works in Scheme. Give a short code example.",
    "Write a friendly reply to: {{message}}",
    "Summarise {{text}} in {{count}} words.",
    "Say hello.",
]


@pytest.mark.parametrize("template", TEMPLATES)
async def test_it_is_held_to_criteria_that_can_be_used(template: str) -> None:
    for _ in range(3):
        criteria = await roles.propose_criteria(LocalModel(), [{"role": "user", "content": template}])
        assert len(set(criteria)) == 3
        assert all(text.endswith("?") and "{" not in text for text in criteria)


async def test_what_is_too_long_for_it_is_an_error_that_says_so() -> None:
    with pytest.raises(ModelError, match="context window of 4096"):
        await LocalModel().answer([{"role": "user", "content": "tides " * 6000}])


async def test_tools_are_refused() -> None:
    tool = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}
    with pytest.raises(ModelError, match="takes no tools"):
        await LocalModel().answer(HELLO, tools=[tool])


async def test_a_call_whose_caller_is_gone_holds_up_no_other() -> None:
    long = asyncio.create_task(
        LocalModel().answer([{"role": "user", "content": "Write a very long story about the sea."}])
    )
    await asyncio.sleep(0)
    waiting = asyncio.create_task(LocalModel().answer(HELLO))
    await asyncio.sleep(0)
    long.cancel()
    answer = await asyncio.wait_for(waiting, 60)
    assert answer.output_tokens is not None and answer.output_tokens <= 400
    assert long.cancelled()


def test_a_run_is_answered_and_judged_without_an_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELLUMINATE_LLM_MODEL", "local")
    with Client(base_url=f"local:{tmp_path / 'evals.db'}") as client:
        experiment = client.run_experiment(
            "Small",
            client.create_prompt_template("Topics", template="Say one sentence about {{topic}}."),
            client.create_collection("Topics", variables=[{"topic": "tides"}, {"topic": "rain"}]),
            criteria=["Is it about {{topic}}?", "Is it short?"],
            rating_mode=RatingMode.FAST,
        )
    assert experiment.results is not None and experiment.results.num_rated_responses == 2
    for response in experiment.rated_responses:
        made = response.generation_metadata
        assert made is not None and made.llm_model_config is not None
        assert (made.answered_by_model, made.llm_model_config.name) == ("SmolLM2-135M-Instruct", "local")
        assert len(response.ratings) == 2


def test_serve_says_at_once_that_the_model_is_there(tmp_path: Path) -> None:
    helped = subprocess.run(
        [sys.executable, "-m", "elluminate", "serve", "--help"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "as a judge, is at chance" in " ".join(helped.stdout.split())
