"""What models do here, each written once over their one verb: judging, proposing criteria and rows, playing users.

A model that cannot follow a prompt takes the parts itself (`PlaysRoles`); every other one is asked in words.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, ParamSpec, Protocol, TypeVar

import attrs

from elluminate_server.domain.messages import response_text
from elluminate_server.llm.json_answers import UnreadableAnswerError, ask_again
from elluminate_server.llm.judging import (
    VERDICT,
    judge_messages,
    judge_together_messages,
    parse_verdict,
    parse_verdicts,
    verdicts,
)
from elluminate_server.llm.proposing import (
    CRITERIA,
    criteria_messages,
    parse_criteria,
    parse_row,
    row_messages,
    row_shape,
    usable_criteria,
)
from elluminate_server.llm.simulated_user import read_turn, user_messages
from elluminate_server.llm.types import (
    Answer,
    JudgeCase,
    Model,
    ModelError,
    ObjectShape,
    PlaysRoles,
    Rating,
    RatingMode,
    Usage,
    UserCase,
    UserTurn,
    Verdict,
)
from elluminate_server.operating.context import current_role

__all__ = ["judge", "judge_together", "play_user", "propose_criteria", "propose_row"]

T_co = TypeVar("T_co", covariant=True)


P = ParamSpec("P")
T = TypeVar("T")


def _as_role(role: str) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Have spans of the calls that are made within say what the model does."""

    def around(asked: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(asked)
        async def within(*args: P.args, **kwargs: P.kwargs) -> T:
            before = current_role.set(role)
            try:
                return await asked(*args, **kwargs)
            finally:
                current_role.reset(before)

        return within

    return around


class _Parse(Protocol[T_co]):
    def __call__(self, answer: str, *, is_cut_off: bool) -> T_co: ...


class _Salvage(Protocol[T_co]):
    def __call__(self, answers: Sequence[tuple[str, bool]]) -> T_co: ...


@_as_role("judge")
async def judge(model: Model, case: JudgeCase, mode: RatingMode) -> Verdict:
    """Judge one response for one criterion.

    Raises:
        ModelError: The model failed, or gave no readable verdict twice; there is never a default one.
        DomainError: The criterion with the row's values is too large.
    """
    if isinstance(model, PlaysRoles):
        return await model.judge(case, mode)
    (rating, reasoning), usage = await _ask_for_json(
        model, judge_messages(case, mode), VERDICT, parse_verdict
    )
    return _verdict(case, rating, reasoning, usage)


@_as_role("judge")
async def judge_together(model: Model, cases: Sequence[JudgeCase]) -> list[Verdict | Usage]:
    """Judge one response for several criteria in one call, with one short sentence of reasoning each.

    Args:
        model: Who judges; one that follows prompts.
        cases: The response with each of the criteria.

    Returns:
        For each of them, in their order, its verdict; or, where none could be read, its share of what the call cost.
        Each has an even share of the call's tokens.

    Raises:
        ModelError: The model failed.
        DomainError: A criterion with the row's values is too large.
    """
    answer = await model.answer(judge_together_messages(cases), preferred_shape=verdicts(len(cases)))
    try:
        read = parse_verdicts(response_text(answer.messages), count=len(cases), is_cut_off=answer.is_cut_off)
    except UnreadableAnswerError:
        read = {}
    shares = answer.split(len(cases))
    return [
        _verdict(case, *read[number], share) if number in read else share
        for number, (case, share) in enumerate(zip(cases, shares, strict=True), start=1)
    ]


def _verdict(case: JudgeCase, rating: Rating, reasoning: str | None, usage: Usage) -> Verdict:
    # Marks may last for many calls, and what a judge says of them may be shown to a model one day.
    if reasoning and case.nonce:
        reasoning = reasoning.replace(case.nonce, "")
    return Verdict(rating=rating, reasoning=reasoning, **usage.measures())


@_as_role("user")
async def play_user(model: Model, case: UserCase) -> UserTurn:
    """What a simulated user says next.

    Raises:
        ModelError: The model failed, or the user said nothing without ending.
    """
    if isinstance(model, PlaysRoles):
        return await model.play_user(case)
    answer = await model.answer(user_messages(case))
    text, ends = read_turn(response_text(answer.messages))
    if not text and not ends:
        raise ModelError(
            f"Model {model.config.model!r}, playing {case.name!r}, said nothing and did not end.",
            retryable=True,
            usage=answer,
        )
    return UserTurn(text=text, ends=ends, **answer.measures())


@_as_role("propose")
async def propose_criteria(model: Model, template_messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Three to eight yes/no questions that fit a template.

    Where a second answer still has some that do not fit, those that do are taken from both.

    Raises:
        ModelError: The model failed, or gave fewer usable criteria than three in two answers.
    """
    if isinstance(model, PlaysRoles):
        return await model.propose_criteria(template_messages)
    criteria, _ = await _ask_for_json(
        model,
        criteria_messages(template_messages),
        CRITERIA,
        partial(parse_criteria, template_messages=template_messages),
        partial(usable_criteria, template_messages=template_messages),
    )
    return criteria


@_as_role("propose")
async def propose_row(
    model: Model,
    template_messages: Sequence[Mapping[str, Any]],
    placeholders: Sequence[str],
    existing_rows: Sequence[Mapping[str, Any]],
) -> dict[str, str]:
    """A new test case: a value for every placeholder, unlike the existing rows.

    Raises:
        ModelError: There is no placeholder to fill, the model failed, or gave no usable proposal twice.
    """
    if not placeholders:
        raise ModelError("The template has no placeholders, so there is no row to propose for it.")
    if isinstance(model, PlaysRoles):
        return await model.propose_row(template_messages, placeholders, existing_rows)
    row, _ = await _ask_for_json(
        model,
        row_messages(template_messages, placeholders, existing_rows),
        row_shape(placeholders),
        partial(parse_row, placeholders=placeholders, existing_rows=existing_rows),
    )
    return row


async def _ask_for_json(
    model: Model,
    messages: Sequence[Mapping[str, Any]],
    shape: ObjectShape,
    parse: _Parse[T_co],
    salvage: _Salvage[T_co] | None = None,
) -> tuple[T_co, Usage]:
    """Ask for JSON; once more, with the schema stated, when the answer cannot be read.

    Args:
        model: Who is asked.
        messages: The question.
        shape: What the answer is to look like.
        parse: Reads an answer that is usable as a whole.
        salvage: Takes what is usable of two answers of which neither is, the later one first; None where there are no
            parts that could be.
    """
    first = await model.answer(messages, preferred_shape=shape)
    try:
        return parse(response_text(first.messages), is_cut_off=first.is_cut_off), first
    except UnreadableAnswerError as error:
        again = ask_again(messages, response_text(first.messages), str(error), shape)
    second = await model.answer(again, preferred_shape=shape)
    # The second answer is the one that counts, so that it is the one whose end is told.
    usage = attrs.evolve(first.plus(second), finish_reason=second.finish_reason)
    try:
        return parse(response_text(second.messages), is_cut_off=second.is_cut_off), usage
    except UnreadableAnswerError as error:
        reason = f"in its last answer, {error}{_ending_of(second)}"
    if salvage is not None:
        answers = [(response_text(answer.messages), answer.is_cut_off) for answer in (second, first)]
        try:
            return salvage(answers), usage
        except UnreadableAnswerError as error:
            reason = f"{reason}; {error}"
    raise ModelError(
        f"The model {model.config.model!r} was asked twice and gave nothing usable: {reason}.", usage=usage
    )


def _ending_of(answer: Answer) -> str:
    if answer.is_cut_off:
        return (
            f" (finish reason {answer.finish_reason!r}: it reached the token limit; raise max_tokens, which is "
            "ELLUMINATE_JUDGE_MAX_TOKENS of the server's judge)"
        )
    return "" if answer.finish_reason in (None, "stop") else f" (finish reason {answer.finish_reason!r})"
