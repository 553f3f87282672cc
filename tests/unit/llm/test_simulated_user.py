"""Playing users: what a model is told, how it ends, and the offline model's rule."""

from typing import Any

import pytest

from elluminate_server.llm import roles
from elluminate_server.llm.judging import judge_messages
from elluminate_server.llm.offline import OfflineModel
from elluminate_server.llm.simulated_user import END_MARK, read_turn, user_messages
from elluminate_server.llm.types import JudgeCase, UserCase

pytestmark = pytest.mark.anyio


def case(*transcript: tuple[str, str], goal: str = "Understand tides, moons and gravity") -> UserCase:
    return UserCase(
        name="Ada",
        description="Curious.",
        domain_knowledge="Things fall.",
        goal=goal,
        expected_outcome="Can explain tides.",
        details={"school_year": "5"},
        transcript=[{"role": role, "content": text} for role, text in transcript],
    )


def test_the_model_is_asked_from_the_users_side() -> None:
    system, opening, *said = user_messages(case(("user", "Hi"), ("assistant", "Hello!")))

    for part in (
        "Ada",
        "Curious.",
        "Things fall.",
        "Understand tides",
        "Can explain tides.",
        "school_year: 5",
    ):
        assert part in system["content"]
    assert END_MARK in system["content"]
    assert opening["role"] == "user"
    assert said == [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Hello!"}]


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("  Why? ", ("Why?", False)),
        (f"Thanks.\n{END_MARK}", ("Thanks.", True)),
        (END_MARK, ("", True)),
        (f"Bye {END_MARK} and more", ("Bye", True)),
    ],
)
def test_the_mark_ends_and_is_not_said(text: str, turn: tuple[str, bool]) -> None:
    assert read_turn(text) == turn


async def test_the_offline_user_asks_until_all_words_of_its_goal_were_said() -> None:
    transcript: list[tuple[str, str]] = []
    said: list[tuple[str, bool]] = []
    for answer in ("Tides and the moon.", "Nothing new.", "Gravity; understand?"):
        turn = await OfflineModel().play_user(case(*transcript))
        said.append((turn.text, turn.ends))
        transcript += [("user", turn.text), ("assistant", answer)]
    last = await OfflineModel().play_user(case(*transcript))

    assert said == [
        ("I am Ada. Please tell me about Understand, tides, moons and gravity.", False),
        ("Please tell me about Understand and gravity.", False),
        ("Please tell me about Understand and gravity.", False),
    ]
    assert (last.text, last.ends) == ("Thank you.", True)


async def test_two_offline_models_come_to_an_end() -> None:
    model = OfflineModel()
    transcript: list[dict[str, Any]] = []
    for _ in range(10):
        turn = await roles.play_user(
            model,
            UserCase(name="Ada", description="Curious.", goal="tides moons gravity", transcript=transcript),
        )
        transcript.append({"role": "user", "content": turn.text})
        if turn.ends:
            break
        transcript += (await model.answer(transcript)).messages
    assert [message["role"] for message in transcript].count("assistant") == 2
    assert transcript[-1]["content"] == "Thank you."


async def test_a_conversation_is_judged_as_a_whole() -> None:
    answers = [
        {"role": "user", "content": "Please tell me about tides and gravity."},
        {"role": "assistant", "content": "Tides."},
        {"role": "user", "content": "Please tell me about gravity."},
        {"role": "assistant", "content": "Gravity."},
        {"role": "user", "content": "Thank you."},
    ]
    judged = JudgeCase(
        criterion="Is it about tides and gravity?", prompt_messages=[], response_messages=answers
    )
    useful = JudgeCase(criterion="Is it useful?", prompt_messages=[], response_messages=answers)
    polite = JudgeCase(criterion="Is it polite?", prompt_messages=[], response_messages=answers)

    assert [(await OfflineModel().judge(each, "fast")).rating for each in (judged, useful, polite)] == [
        "YES",
        "YES",
        "NO",
    ]
    _, asked = judge_messages(judged, "fast")
    assert "whole conversation" in asked["content"]
    assert asked["content"].count(" assistant]\n") == 2
