"""Several criteria judged in one call: what is asked, how the answer is read, and what each verdict is said to cost."""

import json
from typing import Any

import attrs
import pytest

from elluminate_server.llm import roles
from elluminate_server.llm.fences import nonce_from
from elluminate_server.llm.json_answers import UnreadableAnswerError
from elluminate_server.llm.judging import (
    judge_messages,
    judge_together_messages,
    parse_verdicts,
    verdicts,
)
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import JudgeCase, Usage, Verdict
from tests.support.model_server import ModelServer, completion
from tests.unit.llm.openai_calls import ask, config


def cases(*criteria: str, response: str = "The moon.", **changes: Any) -> list[JudgeCase]:
    first = JudgeCase(
        criterion="",
        prompt_messages=[{"role": "user", "content": "Explain tides."}],
        response_messages=[{"role": "assistant", "content": response}],
        row_values={"topic": "tides"},
        nonce="n0nce",
    )
    return [attrs.evolve(first, criterion=criterion, **changes) for criterion in criteria]


def verdict(rating: str = "YES", reasoning: str | None = "So.") -> dict[str, Any]:
    return {"reasoning": reasoning, "rating": rating}


def test_each_criterion_is_asked_with_its_number() -> None:
    system, user = judge_together_messages(cases("Is it short?", "Is it true?"))
    assert "<<<n0nce criterion 1\nIs it short?\nn0nce>>>" in user["content"]
    assert "<<<n0nce criterion 2\nIs it true?\nn0nce>>>" in user["content"]
    assert user["content"].count("The moon.") == 1
    assert "one short sentence" in system["content"]
    assert '{"1": {"reasoning"' in system["content"]


def test_the_shape_asks_for_each_number_with_its_reasoning_first() -> None:
    schema = verdicts(3).response_format()["json_schema"]["schema"]
    assert schema["required"] == ["1", "2", "3"]
    assert list(schema["properties"]["2"]["properties"]) == ["reasoning", "rating"]
    assert "maxLength" not in json.dumps(schema)
    assert "maxLength" in json.dumps(verdicts(3).schema(limited=True))


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        pytest.param({"1": verdict(), "2": verdict("NO")}, {1: "YES", 2: "NO"}, id="all"),
        pytest.param({"2": verdict("NO")}, {2: "NO"}, id="one is not there"),
        pytest.param({"1": verdict(), "2": "NO"}, {1: "YES"}, id="one is a word"),
        pytest.param({"1": verdict(), "2": verdict("maybe")}, {1: "YES"}, id="one is neither"),
        pytest.param({"1": verdict(), "2": verdict("NO", None)}, {1: "YES"}, id="one has no reasoning"),
        pytest.param({"1": verdict(), "2": verdict("NO", "  ")}, {1: "YES"}, id="one has a blank reasoning"),
        pytest.param({"1": verdict(), "3": verdict("NO")}, {1: "YES"}, id="a number that was not asked"),
        pytest.param({"1": {"reasoning": "So."}, "2": verdict("NO")}, {2: "NO"}, id="one has no rating"),
    ],
)
def test_the_verdicts_that_can_be_read_are(answer: Any, read: dict[int, str]) -> None:
    found = parse_verdicts(json.dumps(answer), count=2)
    assert {number: rating for number, (rating, _) in found.items()} == read


def test_verdicts_in_objects_of_their_own_are_read() -> None:
    said = f"{json.dumps({'1': verdict()})}\n{json.dumps({'2': verdict('NO')})}"
    assert {number: rating for number, (rating, _) in parse_verdicts(said, count=2).items()} == {
        1: "YES",
        2: "NO",
    }


def test_a_criterion_with_two_verdicts_that_differ_has_none() -> None:
    said = f"{json.dumps({'1': verdict(), '2': verdict()})} No: {json.dumps({'2': verdict('NO')})}"
    assert list(parse_verdicts(said, count=2)) == [1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param("I like it.", "no verdict", id="prose"),
        pytest.param(json.dumps(verdict()), "no verdict", id="one for all"),
        pytest.param(json.dumps([verdict(), verdict()]), "no verdict", id="a list, whose order is a guess"),
        pytest.param('{"1": {"reasoning": "a", "rating": "YES"}, "1": {"rating": "NO"}}', "same key twice", id="twins"),
        pytest.param(f"{json.dumps({'1': verdict()})} So my verdict is NO.", "the other one", id="prose against it"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_no_verdict(answer: str, reason: str) -> None:
    with pytest.raises(UnreadableAnswerError, match=reason):
        parse_verdicts(answer, count=2)


def test_a_call_is_shared_by_its_verdicts_to_the_last_token() -> None:
    usage = Usage(
        input_tokens=100,
        output_tokens=8,
        reasoning_tokens=None,
        cached_tokens=1,
        duration_seconds=2.5,
        answered_by_model="j",
    )
    shares = usage.split(3)
    assert [share.input_tokens for share in shares] == [34, 33, 33]
    assert [share.output_tokens for share in shares] == [3, 3, 2]
    assert [share.cached_tokens for share in shares] == [1, 0, 0]
    assert {
        (share.reasoning_tokens, share.duration_seconds, share.answered_by_model) for share in shares
    } == {(None, 2.5, "j")}


@pytest.mark.anyio
async def test_a_judge_gives_all_verdicts_in_one_call(server: ModelServer) -> None:
    server.reply(completion(json.dumps({"1": verdict(), "2": verdict("NO", "Not n0nce.")}), output_tokens=9))
    asked = cases("Is it short?", "Is it true?", "Is it kind?")
    results = await ask(config(server), lambda model: roles.judge_together(model, asked))
    assert [each.rating for each in results if isinstance(each, Verdict)] == ["YES", "NO"]
    assert [each.output_tokens for each in results] == [3, 3, 3]
    assert [each.reasoning for each in results if isinstance(each, Verdict)] == ["So.", "Not ."]
    assert not isinstance(results[2], Verdict)
    assert len(server.requests) == 1


@pytest.mark.anyio
async def test_an_answer_that_was_cut_off_gives_no_verdict_and_tells_its_cost(server: ModelServer) -> None:
    server.reply(completion('{"1": {"reasoning": "So.", "rating": "YES"}, "2', finish_reason="length"))
    asked = cases("Is it short?", "Is it true?")
    results = await ask(config(server), lambda model: roles.judge_together(model, asked))
    assert [(type(each), each.output_tokens) for each in results] == [(Usage, 4), (Usage, 3)]


@pytest.mark.parametrize("mode", ["fast", "detailed"])
def test_what_comes_before_the_rows_data_is_the_same_for_all_responses(mode: Any) -> None:
    shown = [
        "\n".join(
            message["content"]
            for message in judge_messages(attrs.evolve(case, row_values={"topic": text}), mode)
        )
        for text in ("a", "b")
        for case in cases(
            "Is it about {{topic}}?",
            response=text,
            prompt_messages=[{"role": "user", "content": text}],
            criterion_template="Is it about {{topic}}?",
        )
    ]
    before = {text.split("<<<n0nce prompt\n[n0nce user]\n")[0] for text in shown}
    assert len(before) == 1
    assert len(shown) == 2 == len(set(shown))
    conversation = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    agent = {"agent": {"name": "a", "version": "1"}, "steps": []}
    for changes in ({"response_messages": conversation}, {"trajectory": agent}):
        other = judge_messages(attrs.evolve(cases("Is it short?")[0], **changes), mode)
        assert other[0] == judge_messages(cases("Is it short?")[0], mode)[0]


def test_marks_are_an_experiments_own_and_a_servers_own() -> None:
    models, others = Models(secret=b"s" * 32), Models()
    assert models.nonce_of(1) == Models(secret=b"s" * 32).nonce_of(1) == nonce_from(b"s" * 32, "experiment 1")
    assert len({models.nonce_of(1), models.nonce_of(2), others.nonce_of(1), Models().nonce_of(1)}) == 4
