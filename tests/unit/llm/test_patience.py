"""Endpoints that are away, or ask to be left alone, in virtual time: who waits for them, and for how long."""

import asyncio
import re
from typing import Any

import pytest

from elluminate_server.llm.attempts import LONGEST_FORETOLD
from elluminate_server.llm.endpoint import Received
from elluminate_server.llm.gates import FIRST_PATIENCE, REQUEST_PATIENCE, Caller, clock
from elluminate_server.llm.pace import LONGEST_PAUSE
from elluminate_server.llm.types import ModelAwayError, ModelError
from tests.support.virtual_time import run
from tests.unit.llm.virtual_endpoint import (
    Away,
    Scripted,
    Server,
    after,
    endpoint_at,
    ok,
    patient,
    refusal,
    work,
)


def test_an_outage_is_waited_for() -> None:
    server = Away(begins=3.0, ends=13.0, seconds=1.0)
    assert after(server, 60, retries=0) <= 30


def test_an_endpoint_that_is_away_is_asked_by_one_call_at_a_time() -> None:
    server = Away(begins=3.0, ends=3003.0)
    after(server, 60, retries=0)
    assert sum(3.5 < moment < 3000 for moment in server.sent) <= 3000 / 20


def test_an_endpoint_that_answers_again_is_given_more_calls_with_each_answer() -> None:
    server = Away(begins=3.0, ends=13.0, seconds=1.0)
    after(server, 400, most=200)
    back = [moment for moment in server.sent if moment >= 13.0]
    for rounds in (1, 2, 3):
        assert sum(moment < back[0] + rounds for moment in back) == 2**rounds - 1


def test_patience_ends_and_then_the_endpoint_is_away() -> None:
    server = Away(begins=2.0, ends=1e9, seconds=1.0)

    async def main() -> tuple[float, list[Any]]:
        endpoint = endpoint_at(server)
        assert [isinstance(each, Received) for each in await work(endpoint, 1)] == [True]
        await asyncio.sleep(2)
        began = clock()
        results = await work(endpoint, 1, caller=patient(600.0))
        return clock() - began, results

    took, (failed,) = run(main())
    assert isinstance(failed, ModelAwayError)
    assert re_asked(str(failed))
    assert 500 <= took <= 600


def test_an_address_at_which_nothing_has_ever_answered_is_not_waited_for_so_long() -> None:
    server = Away(begins=0.0, ends=1e9)

    async def main() -> tuple[float, list[Any]]:
        results = await work(endpoint_at(server), 1, caller=patient(3600.0))
        return clock(), results

    took, (failed,) = run(main())
    assert isinstance(failed, ModelAwayError)
    assert FIRST_PATIENCE / 2 <= took <= FIRST_PATIENCE


def test_a_pause_that_nobody_asked_for_is_said_to_be_ours() -> None:
    async def main() -> list[Any]:
        endpoint = endpoint_at(Away(begins=0.0, ends=1e9))
        waiting = asyncio.create_task(work(endpoint, 1, caller=patient(60.0)))
        await asyncio.sleep(20.0)
        results = await work(endpoint, 1, caller=patient(0.0))
        await waiting
        return results

    (failed,) = run(main())
    assert "asks to be left alone" not in str(failed)
    assert re.search(r"It is not asked again for \d+ s, longer than is waited", str(failed))


def re_asked(said: str) -> bool:
    return "could not be reached" in said and "It was asked again for" in said


def test_a_pause_that_is_longer_than_patience_is_not_begun() -> None:
    server = Scripted(script=[refusal(429, {"retry-after": "7200"})])

    async def main() -> tuple[float, list[Any]]:
        results = await work(endpoint_at(server), 1, caller=patient(3600.0))
        return clock(), results

    took, (failed,) = run(main())
    assert isinstance(failed, ModelAwayError)
    assert "asks to be left alone for 7200 s, longer than is waited" in str(failed)
    assert took == 1.0


def test_a_pause_of_a_day_is_waited_for_by_nobody_and_closes_the_endpoint_for_minutes() -> None:
    server = Scripted(script=[refusal(429, {"retry-after": "86400"}, "come tomorrow")])

    async def main() -> tuple[float, list[Any], list[Any], list[Any]]:
        endpoint = endpoint_at(server)
        # A hundred calls, of which few are under way when the first is refused.
        first = await work(endpoint, 100, most=1)
        took = clock()
        later = await work(endpoint, 1)
        assert clock() == took
        await asyncio.sleep(LONGEST_PAUSE)
        return took, first, later, await work(endpoint, 20)

    took, first, later, again = run(main())
    assert took == 1.0
    assert [type(failed) for failed in first + later] == [ModelAwayError] * 101
    for failed in first + later:
        assert "come tomorrow" in str(failed)
        assert re.search(r"asks to be left alone for (86400|86399) s, longer than is waited", str(failed))
    assert "is left alone for the moment" in str(later[0])
    # One call asks after the pause, and the others follow.
    assert all(isinstance(result, Received) for result in again)
    assert [server.sent.count(moment) for moment in sorted(set(server.sent))] == [1, 1, 2, 4, 8, 5]


def test_the_newest_word_of_an_endpoint_about_its_pause_counts() -> None:
    server = Scripted(
        script=[refusal(429, {"retry-after": "86400"}), refusal(429, {"retry-after": "5"})], seconds=1.0
    )

    async def main() -> list[Any]:
        endpoint = endpoint_at(server)
        await work(endpoint, 1)
        await asyncio.sleep(LONGEST_PAUSE)
        return await work(endpoint, 2)

    assert all(isinstance(result, Received) for result in run(main()))


def test_a_pause_that_patience_covers_is_waited_for_in_pieces() -> None:
    server = Scripted(script=[refusal(429, {"retry-after": "1500"}), refusal(429, {"retry-after": "899"})])

    async def main() -> float:
        results = await work(endpoint_at(server), 1)
        assert [type(result) for result in results] == [Received]
        return clock()

    assert run(main()) == pytest.approx(1 + 600 + 1 + 600 + 1)


def test_a_call_that_is_refused_while_others_pass_fails_alone() -> None:
    class Picky(Server):
        async def post(self, url: str, body: bytes, **given: Any) -> Any:
            if b"large" in body:
                return refusal(429, {"retry-after": "1"})
            return await super().post(url, body, **given)

    async def main() -> tuple[Any, list[Any]]:
        endpoint = endpoint_at(Picky())
        async with asyncio.TaskGroup() as group:
            others = group.create_task(work(endpoint, 300))
            asked = endpoint.called_by(patient(100.0))
            with pytest.raises(ModelError, match="It was asked again for") as caught:
                await asked.ask("/c", {"model": "large"}, attempt_seconds=10, max_retries=0)
        return caught.value, others.result()

    failed, others = run(main())
    assert not isinstance(failed, ModelAwayError)
    assert all(isinstance(result, Received) for result in others)


def test_a_request_waits_no_longer_than_requests_do() -> None:
    async def main() -> tuple[float, list[Any]]:
        endpoint = endpoint_at(Away(begins=0.0, ends=1e9))
        results = await work(endpoint, 1, caller=Caller())
        return clock(), results

    took, (failed,) = run(main())
    assert "could not be reached" in str(failed)
    assert took <= REQUEST_PATIENCE


def test_a_request_to_an_endpoint_that_is_paused_for_long_fails_at_once() -> None:
    async def main() -> tuple[float, list[Any]]:
        endpoint = endpoint_at(Scripted(script=[refusal(429, {"retry-after": "600"}, "come later")]))
        waiting = asyncio.create_task(work(endpoint, 1))
        await asyncio.sleep(2.0)
        began = clock()
        results = await work(endpoint, 1, caller=Caller())
        took = clock() - began
        await waiting
        return took, results

    took, (failed,) = run(main())
    assert (took, failed.usage.waited_seconds) == (0, 0)
    assert "asks to be left alone for 599 s" in str(failed)
    assert "come later" in str(failed)


def test_what_is_asked_for_pauses_everybody_and_holds_no_place() -> None:
    server = Scripted(script=[refusal(503, {"retry-after": "50"})])

    async def main() -> int:
        endpoint = endpoint_at(server)
        first, second = (asyncio.create_task(work(endpoint, 1, name=name)) for name in "ab")
        await asyncio.sleep(10.0)
        under_way = endpoint.gate.under_way
        await asyncio.gather(first, second, work(endpoint, 1, name="c"))
        return under_way

    assert run(main()) == 0
    assert sorted(server.sent) == [0.0, 0.0, 51.0, 51.0]


def test_an_answer_that_says_that_the_quota_is_used_up_pauses_everybody() -> None:
    last = ok({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20s"})
    server = Scripted(script=[last])
    assert after(server, 2, workers=1) == pytest.approx(22.0)
    assert LONGEST_FORETOLD >= 20


def test_other_failures_count_as_attempts_and_pause_nobody_else() -> None:
    server = Scripted(script=[refusal(500, {"retry-after": "50"})])

    async def main() -> list[Any]:
        endpoint = endpoint_at(server)
        failing = asyncio.create_task(work(endpoint, 1, retries=0))
        await asyncio.sleep(1.5)
        await work(endpoint, 1)
        assert clock() == 2.5
        return await failing

    (failed,) = run(main())
    assert "answered 500" in str(failed)


def test_a_gateway_that_waited_in_vain_for_one_call_is_not_away() -> None:
    class OneIsSlow(Server):
        async def post(self, url: str, body: bytes, **given: Any) -> Any:
            if b"slow" in body:
                await asyncio.sleep(60)
                return refusal(504)
            return await super().post(url, body, **given)

    async def main() -> Any:
        endpoint = endpoint_at(OneIsSlow())
        asked = endpoint.called_by(patient())
        async with asyncio.TaskGroup() as group:
            group.create_task(work(endpoint, 2000))
            with pytest.raises(ModelError, match="answered 504") as caught:
                await asked.ask("/c", {"model": "slow"}, attempt_seconds=100, max_retries=1)
        return caught.value

    assert not isinstance(run(main()), ModelAwayError)


def test_a_long_pause_that_another_process_was_asked_for_is_waited_for_and_one_call_alone_asks_then() -> None:
    server = Server(seconds=1.0)

    async def main() -> list[Any]:
        endpoint = endpoint_at(server)
        endpoint.gate.pause(300.0)
        return await work(endpoint, 15)

    assert FIRST_PATIENCE < 300.0
    assert all(isinstance(result, Received) for result in run(main()))
    assert [server.sent.count(moment) for moment in sorted(set(server.sent))] == [1, 2, 4, 8]
    assert min(server.sent) == 300.0
