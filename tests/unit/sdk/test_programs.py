"""A caller's function as a program under test: what it is called with, what it may return, how it is called."""

import asyncio
import functools
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from elluminate import Answer, GenerationMetadata, ValidationError
from elluminate._program_calls import Called, Calls, Job
from elluminate.schemas.programs import answer_of, program_of, reason_of
from tests.support.worlds import run_at_once

COLUMNS = {"question": "", "context": "none"}
ROW = {"question": "Why?"}
WAIT_SECONDS = 30


class Answering:
    def __call__(self, question: str) -> str:
        return question

    async def later(self, question: str) -> str:
        return question


async def coroutine(question: str) -> str:
    return question


def with_prefix(prefix: str, question: str) -> str:
    return prefix + question


FITTING: dict[str, tuple[Callable[..., Any], bool, Any]] = {
    "one column": (lambda question: question, False, ((), {"question": "Why?"})),
    "both columns, in any order": (
        lambda context, question: question,
        False,
        ((), {"question": "Why?", "context": "none"}),
    ),
    "a column, and one with a default": (
        lambda question, style="short": question,
        False,
        ((), {"question": "Why?"}),
    ),
    "a row": (lambda row: row, False, (({"question": "Why?", "context": "none"},), {})),
    "a row by position alone": (lambda row, /: row, False, (({"question": "Why?", "context": "none"},), {})),
    "all columns": (lambda **row: row, False, ((), {"question": "Why?", "context": "none"})),
    "a column and the rest": (
        lambda question, **rest: rest,
        False,
        ((), {"question": "Why?", "context": "none"}),
    ),
    "a column and more positions": (lambda question, *more: more, False, ((), {"question": "Why?"})),
    "a coroutine function": (coroutine, True, ((), {"question": "Why?"})),
    "a part of one": (functools.partial(coroutine), True, ((), {"question": "Why?"})),
    "a part of a function": (functools.partial(with_prefix, "> "), False, ((), {"question": "Why?"})),
    "an object": (Answering(), False, ((), {"question": "Why?"})),
    "a method": (Answering().later, True, ((), {"question": "Why?"})),
}


@pytest.mark.parametrize(
    ("target", "meant"), [(lambda quetsion: quetsion, "question"), (lambda contxt, /: contxt, "context")]
)
def test_a_parameter_that_is_nearly_a_column_does_not_take_the_whole_row(target: Any, meant: str) -> None:
    with pytest.raises(ValidationError, match=f"would take the whole row; did you mean the column '{meant}'"):
        program_of(target, COLUMNS, "Rows")
    assert program_of(lambda row: row, {"rows": ""}, "Rows").takes is None


@pytest.mark.parametrize(("target", "is_async", "arguments"), FITTING.values(), ids=FITTING)
def test_a_row_becomes_the_arguments_of_the_function(
    target: Any, is_async: bool, arguments: tuple[Any, Any]
) -> None:
    program = program_of(target, COLUMNS, "Rows")
    assert (program.is_async, program.arguments(ROW)) == (is_async, arguments)


NOT_FITTING: dict[str, tuple[Callable[..., Any], str]] = {
    "none": (lambda: "", "parameters (none)"),
    "others": (lambda query, topic: "", "parameters (query, topic)"),
    "one more": (lambda question, topic: "", "parameters (question, topic)"),
    "one more, by name": (lambda question, *, topic: "", "parameters (question, topic)"),
    "a column by position alone": (lambda question, /: "", "parameters (question)"),
    "a row by name alone": (lambda *, row: "", "parameters (row)"),
}


@pytest.mark.parametrize(("target", "words"), NOT_FITTING.values(), ids=NOT_FITTING)
def test_a_function_that_fits_no_row_is_refused_with_its_parameters_and_the_columns(
    target: Any, words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        program_of(target, COLUMNS, "Rows")
    told = str(caught.value)
    assert words in told and "collection 'Rows' has the columns (question, context)" in told
    assert "def answer(row)" in told


def test_what_does_not_tell_its_parameters_or_yields_is_refused() -> None:
    def yielding(question: str) -> Any:
        yield question

    async def streaming(question: str) -> Any:
        yield question

    for target in (yielding, streaming):
        with pytest.raises(ValidationError, match="yields, so that it has no answer to return"):
            program_of(target, COLUMNS, "Rows")
    with pytest.raises(ValidationError, match="does not tell its parameters; write a function around it"):
        program_of(dict, COLUMNS, "Rows")


def test_a_function_may_change_its_row() -> None:
    values = {"question": ["Why?"]}
    (row,), _ = program_of(lambda row: row, COLUMNS, "Rows").arguments(values)
    row["question"].append("How?")
    assert values == {"question": ["Why?"]}


RETURNED: dict[str, tuple[Any, list[tuple[str, Any]]]] = {
    "a text": ("So.", [("assistant", "So.")]),
    "a transcript": (
        [{"role": "user", "content": "?"}, {"role": "assistant", "content": "So."}],
        [("user", "?"), ("assistant", "So.")],
    ),
    "an answer": (Answer("So.", input_tokens=3), [("assistant", "So.")]),
    "an empty text": ("", [("assistant", "")]),
}


@pytest.mark.parametrize(("returned", "messages"), RETURNED.values(), ids=RETURNED)
def test_what_is_returned_becomes_messages(returned: Any, messages: list[tuple[str, Any]]) -> None:
    found, _ = answer_of(returned)
    assert [(message["role"], message["content"]) for message in found] == messages


NO_ANSWERS: dict[str, tuple[Any, str]] = {
    "nothing": (None, "returned None; it has to return a text"),
    "a number": (7, r"returned 7 \(int\)"),
    "bytes": (b"So.", "returned b'So.'"),
    "one message": ({"role": "assistant", "content": "x"}, r"returned \{'role'.*\(dict\)"),
    "no answer in it": ([{"role": "user", "content": "?"}], "must hold an assistant or a tool message"),
    "a lone surrogate": ("\ud800", "cannot be sent as JSON"),
    "a NUL": ("a\0b", "holds a NUL character"),
}


@pytest.mark.parametrize(("returned", "words"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_answer_is_said_to_be_none(returned: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        answer_of(returned)


def test_a_backslash_is_no_nul() -> None:
    [message], _ = answer_of(r"\u0000")
    assert message["content"] == r"\u0000"


def test_a_coroutine_that_nobody_awaits_is_closed_and_named() -> None:
    with pytest.raises(
        ValidationError, match="returned a coroutine, which nobody awaits; define it with async"
    ):
        answer_of(coroutine("x"))


def test_an_answer_tells_what_it_took_beside_what_is_known_of_it() -> None:
    answer = Answer(
        "So.",
        input_tokens=3,
        output_tokens=4,
        model="small",
        input_cost_usd=0.5,
        metadata=GenerationMetadata(reasoning_tokens=2, input_tokens=9),
    )
    made = answer.made(seconds=1.5, waited=0.0)
    assert (made.input_tokens, made.output_tokens, made.reasoning_tokens) == (3, 4, 2)
    assert (made.duration_seconds, made.waited_seconds, made.answered_by_model) == (1.5, None, "small")
    assert (made.estimated_input_cost_usd, made.estimated_output_cost_usd) == (0.5, None)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"input_tokens": -1}, "input_tokens must be an integer from 0"),
        ({"output_tokens": 1.5}, "output_tokens must be an integer"),
        ({"input_cost_usd": "1"}, "input_cost_usd must be a number"),
        ({"model": 7}, "model must be a text"),
        ({"metadata": "x"}, "metadata must be a GenerationMetadata"),
    ],
)
def test_an_answer_with_something_else_for_a_number_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Answer("So.", **wrong)


def test_a_reason_fits_into_the_contract_whatever_the_exception_says() -> None:
    class Unreadable(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert reason_of(ValueError("seven")) == "ValueError: seven"
    assert reason_of(KeyError()) == "KeyError"
    assert reason_of(Unreadable()) == "Unreadable: (its text cannot be read)"
    assert reason_of(ValueError("a\0\ud800" + "x" * 20_000)).startswith("ValueError: a\ufffd?xxx")
    assert len(reason_of(ValueError("x" * 20_000))) == 10_000


def calls_of(function: Any, count: int, **more: Any) -> Calls:
    given: dict[str, Any] = {
        "at_once": 4,
        "retries": 0,
        "timeout": None,
        "wait_before": lambda _: 0.0,
        **more,
    }
    jobs = [
        Job(key=number, arguments=functools.partial(lambda n: ((n,), {}), number)) for number in range(count)
    ]
    is_async = asyncio.iscoroutinefunction(function)
    return Calls(function, jobs, is_async=is_async, **given)


async def _all(calls: Calls, pause: Callable[[], Any]) -> list[Called]:
    done: list[Called] = []
    async with calls.under_way():
        while True:
            is_over = calls.is_over
            done += calls.come()
            calls.check()
            if is_over:
                return sorted(done, key=lambda one: one.key)
            await pause()


def blocking(calls: Calls) -> list[Called]:
    """All that comes of calls, driven as a blocking client drives its operations."""
    from elluminate._transport import run_blocking

    ticking = threading.Event()

    async def pause() -> None:
        ticking.wait(0.001)

    return run_blocking(_all(calls, pause))


def awaited(calls: Calls, backend: str) -> list[Called]:
    return anyio.run(_all, calls, functools.partial(anyio.sleep, 0.001), backend=backend)


WAYS: dict[str, Callable[[Calls], list[Called]]] = {
    "blocking": blocking,
    "asyncio": functools.partial(awaited, backend="asyncio"),
    "trio": functools.partial(awaited, backend="trio"),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Callable[[Calls], list[Called]]:
    return WAYS[request.param]


def ordinary(number: int) -> str:
    if number % 3 == 1:
        raise ValueError(number)
    return f"answer {number}"


async def asynchronous(number: int) -> str:
    await anyio.sleep(0)
    return ordinary(number)


@pytest.mark.parametrize("function", [ordinary, asynchronous])
def test_every_call_has_a_result_or_an_error(way: Callable[[Calls], list[Called]], function: Any) -> None:
    done = way(calls_of(function, 30))
    assert [one.key for one in done] == list(range(30))
    for one in done:
        if one.key % 3 == 1:
            assert isinstance(one.error, ValueError) and one.returned is None
        else:
            assert (one.returned, one.error, one.waited) == (f"answer {one.key}", None, 0.0)
        assert one.seconds >= 0


@pytest.mark.parametrize("is_async", [False, True])
def test_so_many_calls_are_made_at_a_time_and_no_more(
    way: Callable[[Calls], list[Called]], is_async: bool
) -> None:
    at_once = 3
    all_in = threading.Barrier(at_once)
    inside, most = 0, 0
    lock = threading.Lock()

    def enter(by: int) -> int:
        nonlocal inside, most
        with lock:
            inside += by
            most = max(most, inside)
            return inside

    def waiting(_: int) -> str:
        enter(1)
        all_in.wait(WAIT_SECONDS)  # fails unless as many come as may
        enter(-1)
        return "in"

    async def waiting_for_others(_: int) -> str:
        enter(1)
        with anyio.fail_after(WAIT_SECONDS):
            while most < at_once:
                await anyio.sleep(0)
        enter(-1)
        return "in"

    done = way(calls_of(waiting_for_others if is_async else waiting, 9, at_once=at_once))
    assert [one.returned for one in done] == ["in"] * 9
    assert most == at_once


@pytest.mark.parametrize("is_async", [False, True])
def test_a_call_that_raises_is_made_again_as_often_as_allowed_after_pauses(
    way: Callable[[Calls], list[Called]], is_async: bool
) -> None:
    tries: dict[int, int] = {}
    pauses: list[int] = []

    def failing(number: int) -> str:
        tries[number] = tries.get(number, 0) + 1
        if tries[number] <= number:
            raise ValueError(tries[number])
        return "at last"

    async def failing_later(number: int) -> str:
        return failing(number)

    def wait_before(attempt: int) -> float:
        pauses.append(attempt)
        return 0.0

    done = way(calls_of(failing_later if is_async else failing, 4, retries=2, wait_before=wait_before))
    assert tries == {0: 1, 1: 2, 2: 3, 3: 3}
    assert [one.returned for one in done] == ["at last", "at last", "at last", None]
    assert str(done[3].error) == "3"
    assert sorted(pauses) == [1, 1, 1, 2, 2]
    assert done[2].waited > 0


@pytest.mark.parametrize("is_async", [False, True])
def test_a_call_that_takes_too_long_is_an_error_that_names_the_bound(
    way: Callable[[Calls], list[Called]], is_async: bool
) -> None:
    never = threading.Event()

    def hanging(number: int) -> str:
        if number:
            never.wait(WAIT_SECONDS)
        return "soon"

    async def hanging_later(number: int) -> str:
        if number:
            await anyio.sleep_forever()
        return "soon"

    try:
        done = way(calls_of(hanging_later if is_async else hanging, 2, timeout=0.05))
    finally:
        never.set()
    assert done[0].returned == "soon" or done[0].error is not None  # a busy machine
    assert str(done[1].error) == "no answer within 0.05 seconds (target_timeout)"


@pytest.mark.parametrize("is_async", [False, True])
def test_what_ends_a_program_is_raised_where_the_caller_waits(
    way: Callable[[Calls], list[Called]], is_async: bool
) -> None:
    def leaving(number: int) -> str:
        raise SystemExit(number)

    async def leaving_later(number: int) -> str:
        raise SystemExit(number)

    calls = calls_of(leaving_later if is_async else leaving, 50, at_once=1)
    with pytest.raises(SystemExit) as caught:
        way(calls)
    assert caught.value.code == 0
    assert calls.is_over


def test_a_call_that_is_cancelled_from_within_is_an_error_and_ends_no_other() -> None:
    async def cancelled(number: int) -> str:
        if number == 1:
            raise asyncio.CancelledError
        return "there"

    for way in ("blocking", "asyncio"):
        done = WAYS[way](calls_of(cancelled, 3, at_once=1))
        assert [one.returned for one in done] == ["there", None, "there"]
        assert str(done[1].error) == "the call was cancelled from within"


def test_context_variables_of_the_caller_are_seen(way: Callable[[Calls], list[Called]]) -> None:
    import contextvars

    trace = contextvars.ContextVar("trace", default="lost")
    trace.set("kept")

    async def traced(_: int) -> str:
        return trace.get()

    for function in (lambda _: trace.get(), traced):
        assert [one.returned for one in way(calls_of(function, 3))] == ["kept"] * 3


def test_an_ordinary_function_may_run_an_event_loop_of_its_own(way: Callable[[Calls], list[Called]]) -> None:
    async def inner(number: int) -> str:
        await anyio.sleep(0)
        return f"inner {number}"

    def outer(number: int) -> str:
        return anyio.run(inner, number)

    assert [one.returned for one in way(calls_of(outer, 3))] == ["inner 0", "inner 1", "inner 2"]


@pytest.mark.parametrize("surroundings", ["asyncio", "trio"])
@pytest.mark.parametrize("function", [ordinary, asynchronous])
def test_blocking_calls_inside_a_running_loop_leave_it_alone(surroundings: str, function: Any) -> None:
    async def cell() -> list[Called]:
        return blocking(calls_of(function, 3))

    done = anyio.run(cell, backend=surroundings)
    assert [one.returned for one in done] == ["answer 0", None, "answer 2"]


def test_nothing_to_call_is_over_at_once() -> None:
    calls = calls_of(ordinary, 0)
    assert calls.is_over
    assert run_at_once(_all(calls, lambda: None)) == []
