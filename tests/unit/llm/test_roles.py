"""Judging and proposing over a scripted endpoint: what is made of answers that cannot be used as they are."""

import json
from typing import Any

import pytest

from elluminate_server.llm import roles
from elluminate_server.llm.types import ModelError
from tests.support.model_server import PROPOSED_CRITERIA, ModelServer, Reply, completion
from tests.unit.llm.openai_calls import CASE, USER, ask, config

pytestmark = pytest.mark.anyio


async def judge(server: ModelServer, **changes: Any) -> Any:
    return await ask(config(server, **changes), lambda model: roles.judge(model, CASE, "detailed"))


async def test_a_verdict_has_rating_reasoning_and_usage(server: ModelServer) -> None:
    server.say('{"reasoning": "Two words.", "rating": "NO"}')
    verdict = await judge(server)
    assert (verdict.rating, verdict.reasoning) == ("NO", "Two words.")
    assert (verdict.input_tokens, verdict.output_tokens) == (11, 7)
    assert server.requests[0].json["response_format"]["json_schema"]["strict"] is True


async def test_a_judge_that_answers_nonsense_is_asked_once_more_with_the_schema(server: ModelServer) -> None:
    server.say("I like it.", '{"reasoning": "Fine.", "rating": "YES"}')
    verdict = await judge(server)
    assert verdict.rating == "YES"
    assert (verdict.input_tokens, verdict.output_tokens) == (22, 14)
    first, second = (request.json["messages"] for request in server.requests)
    assert second[:2] == first
    assert second[2] == {"role": "assistant", "content": "I like it."}
    assert '"enum": ["YES", "NO"]' in second[3]["content"]


async def test_a_judge_that_was_cut_off_is_asked_again_and_then_an_error_that_names_the_limit(
    server: ModelServer,
) -> None:
    server.reply(*[completion('{"reasoning": "It', finish_reason="length")] * 2)
    with pytest.raises(
        ModelError, match=r"cut off .* \(finish reason 'length': .* raise max_tokens, "
    ) as caught:
        await judge(server)
    assert caught.value.usage.output_tokens == 14


@pytest.mark.parametrize("said", ['{"rating": "YES", "reasoning": "It is sh', '{"rating": "YES"', "YES"])
async def test_a_rating_that_was_cut_off_is_no_verdict(server: ModelServer, said: str) -> None:
    server.reply(*[completion(said, finish_reason="length")] * 2)
    with pytest.raises(
        ModelError, match="reached the token limit; raise max_tokens, which is ELLUMINATE_JUDGE"
    ):
        await judge(server)


async def test_a_judge_that_used_up_its_tokens_is_an_error_that_names_the_limit(server: ModelServer) -> None:
    server.reply(completion(None, finish_reason="length"))
    with pytest.raises(ModelError, match="max_tokens"):
        await judge(server)


async def test_a_judge_that_says_nothing_is_an_error_that_says_so(server: ModelServer) -> None:
    server.say("", " ")
    with pytest.raises(ModelError, match="in its last answer, it is empty"):
        await judge(server)


async def test_a_verdict_tells_how_its_own_answer_ended(server: ModelServer) -> None:
    server.reply(
        completion('{"reasoning": "It', finish_reason="length"),
        completion('{"reasoning": "Fine.", "rating": "YES"}', model="judge-2026"),
    )
    verdict = await judge(server)
    assert (verdict.finish_reason, verdict.answered_by_model) == ("stop", "judge-2026")


async def test_a_judge_whose_content_comes_in_parts_is_read(server: ModelServer) -> None:
    said = [{"type": "text", "text": '{"reasoning": "Fine.", '}, {"type": "text", "text": '"rating": "NO"}'}]
    message = {"role": "assistant", "content": said}
    server.reply(Reply(json.dumps({"choices": [{"message": message}]}).encode()))
    assert (await judge(server)).rating == "NO"


async def test_a_judge_that_answers_nonsense_twice_is_an_error_and_no_verdict(server: ModelServer) -> None:
    server.verdict = lambda request: "maybe"
    with pytest.raises(ModelError, match="asked twice"):
        await judge(server)
    assert len(server.requests) == 2


async def test_criteria_are_proposed(server: ModelServer) -> None:
    criteria = await ask(config(server), lambda model: roles.propose_criteria(model, USER))
    assert criteria == list(PROPOSED_CRITERIA)


async def test_a_criterion_that_stays_unusable_is_left_out(server: ModelServer) -> None:
    good = list(PROPOSED_CRITERIA)
    server.say(*[json.dumps({"criteria": ["Does it fit {{tone}}?", *good]})] * 2)
    assert await ask(config(server), lambda model: roles.propose_criteria(model, USER)) == good
    assert len(server.requests) == 2


async def test_too_few_usable_criteria_are_an_error_that_counts_them(server: ModelServer) -> None:
    server.say(*[json.dumps({"criteria": ["Does it fit {{tone}}?", "Is it short?"]})] * 2)
    with pytest.raises(
        ModelError, match=r"'tone'.*; 1 of all its criteria can be used; 3 to 5 were asked for"
    ):
        await ask(config(server), lambda model: roles.propose_criteria(model, USER))


async def test_a_row_is_proposed_that_differs_from_the_existing_ones(server: ModelServer) -> None:
    server.say('{"topic": "tides"}', '{"topic": "glaciers"}')
    row = await ask(
        config(server), lambda model: roles.propose_row(model, USER, ["topic"], [{"topic": "tides"}])
    )
    assert row == {"topic": "glaciers"}


async def test_a_row_for_no_placeholders_is_refused(server: ModelServer) -> None:
    with pytest.raises(ModelError, match="no placeholders"):
        await ask(config(server), lambda model: roles.propose_row(model, USER, [], []))
    assert server.requests == []
