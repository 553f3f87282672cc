"""Endpoints that take only so much, in virtual time: what is lost, how much is refused, and whose turn it is."""

import asyncio
import itertools
import random
import re
import threading
from typing import Any

import pytest

from elluminate_server.llm.attempts import LONGEST_FORETOLD, Kind
from elluminate_server.llm.endpoint import Received
from elluminate_server.llm.gates import FIRST_PATIENCE, REQUEST_PATIENCE, Bound, Caller, clock
from elluminate_server.llm.http_calls import HttpFailure
from elluminate_server.llm.pace import FIRST_LIMIT, LONGEST_PAUSE
from elluminate_server.llm.types import ModelAwayError, ModelError
from tests.support.virtual_time import run
from tests.unit.llm.virtual_endpoint import (
    Away,
    Busy,
    Quota,
    Random,
    Scripted,
    Server,
    endpoint_at,
    ok,
    patient,
    refusal,
    work,
)


def after(server: Server, calls: int, **given: Any) -> float:
    """Make the calls, all of which have to be answered; seconds that they took together."""

    async def main() -> float:
        results = await work(endpoint_at(server), calls, **given)
        assert [result for result in results if not isinstance(result, Received)] == []
        assert len(results) == calls
        return clock()

    return run(main())


# How many, and how fast


@pytest.mark.parametrize("slides", [pytest.param(False, id="in turn"), pytest.param(True, id="sliding")])
@pytest.mark.parametrize("tells", [pytest.param(True, id="told"), pytest.param(False, id="untold")])
@pytest.mark.parametrize("seconds", [0.1, 1.0, 5.0])
def test_a_quota_is_found_out_and_calls_are_spaced_by_it(seconds: float, tells: bool, slides: bool) -> None:
    server = Quota(calls=60, window=10.0, seconds=seconds, tells=tells, slides=slides)
    took = after(server, 1200)
    # Where a refusal does not say how long to wait, that has to be found out, too.
    assert server.refused <= (0.05 if tells else 0.1) * len(server.sent)
    assert took <= (1.6 if tells else 2.0) * 1200 / 6


def test_a_quota_of_a_few_calls_a_minute_is_kept_to() -> None:
    server = Quota(calls=3, window=60.0, seconds=2.0)
    took = after(server, 60)
    assert server.refused <= 24
    assert took <= 1.1 * 60 * 20


def test_a_small_quota_loses_no_row() -> None:
    server = Quota(calls=8, window=2.0, seconds=0.05)
    assert after(server, 120) <= 2 * 120 / 4


def test_a_quota_that_is_gone_is_forgotten() -> None:
    server = Quota(calls=60, window=10.0, seconds=0.5)

    async def main() -> float:
        endpoint = endpoint_at(server)
        await work(endpoint, 600)
        assert endpoint.gate.pace.rate
        server.calls = 10**9
        await work(endpoint, 3000)
        began = clock()
        await work(endpoint, 600)
        return clock() - began

    assert run(main()) < 600 / 6 / 2


@pytest.mark.parametrize("seconds", [0.1, 1.0, 10.0])
def test_an_endpoint_with_few_places_is_given_that_many(seconds: float) -> None:
    server = Busy(places=8, seconds=seconds)
    took = after(server, 800, most=100)
    assert server.refused <= 0.05 * len(server.sent)
    assert took <= 1.2 * 800 / 8 * seconds


def test_an_endpoint_with_many_places_is_given_as_many_as_the_config_says() -> None:
    server = Server(seconds=5.0)
    after(server, 400, most=32)
    assert server.most_at_once == 32


def test_the_calls_at_a_time_double_while_nothing_is_refused() -> None:
    server = Server(seconds=1.0)
    rounds = [FIRST_LIMIT, 2 * FIRST_LIMIT, 4 * FIRST_LIMIT, 8 * FIRST_LIMIT]
    assert after(server, sum(rounds), most=200) == len(rounds)
    assert server.most_at_once == rounds[-1]


def test_three_small_runs_at_once_take_no_round_more_than_one() -> None:
    server = Server(seconds=0.5)

    async def main() -> float:
        endpoint = endpoint_at(server)

        async def experiment() -> None:
            caller = patient()

            async def row() -> None:
                await work(endpoint, 1, caller=caller)
                await work(endpoint, 2, caller=caller)

            await asyncio.gather(*(row() for _ in range(5)))

        await asyncio.gather(*(experiment() for _ in range(3)))
        return clock()

    assert run(main()) == 2 * 0.5
    assert server.most_at_once == 30


def test_no_more_than_twice_as_many_are_tried_as_were_answered_together() -> None:
    server = Server(seconds=1.0)

    async def main() -> None:
        endpoint = endpoint_at(server)
        await work(endpoint, FIRST_LIMIT // 2 + 2, most=200)
        await work(endpoint, 200, most=200)

    run(main())
    assert [server.sent.count(second) for second in (1.0, 2.0)] == [FIRST_LIMIT + 4, 2 * FIRST_LIMIT + 8]


def test_nobody_begins_with_all_that_a_config_allows() -> None:
    server = Busy(places=8, seconds=1.0)
    after(server, 100, most=100)
    assert server.most_at_once <= 2 * FIRST_LIMIT


def test_the_time_that_calls_wait_at_an_endpoint_with_one_place_shows_that_there_are_too_many() -> None:
    server = Busy(places=1, seconds=15.0, queues=True)
    took = after(server, 20, retries=2)
    assert took <= 2 * 20 * 15
    assert server.most_at_once <= FIRST_LIMIT + 1


def test_refusals_that_come_together_slow_down_once() -> None:
    async def main() -> tuple[int, float]:
        server = Busy(places=5, seconds=1.0)
        endpoint = endpoint_at(server)
        working = asyncio.create_task(work(endpoint, 8))
        await asyncio.sleep(0.1)
        refused, limit = server.refused, endpoint.gate.pace.limit
        await working
        return refused, limit

    assert run(main()) == (3, 4.0)


@pytest.mark.parametrize("seed", range(5))
def test_an_endpoint_that_refuses_fails_and_dawdles_by_chance_loses_nothing(seed: int) -> None:
    server = Random(seconds=0.5, slow_seconds=20.0, chance=random.Random(seed))
    assert after(server, 600, retries=8) <= 600


def test_a_time_out_that_is_the_calls_own_slows_nobody_down() -> None:
    async def main() -> tuple[float, list[Any]]:
        endpoint = endpoint_at(server)
        await work(endpoint, 50)
        before = endpoint.gate.pace.limit
        server.seconds = 1000.0
        results = await work(endpoint, 1, retries=1)
        return endpoint.gate.pace.limit - before, results

    server = Server(seconds=1.0)
    change, (failed,) = run(main())
    assert change == 0
    assert "did not answer within 120 s (2 attempts)" in str(failed)


# Outages, and patience


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


# Turns


def test_configs_of_one_endpoint_share_its_gate_and_each_keeps_its_bound() -> None:
    server = Server(seconds=1.0)

    async def main() -> None:
        endpoint = endpoint_at(server)
        await asyncio.gather(*(work(endpoint, 100, most=10, name=name) for name in "abcd"))

    run(main())
    assert server.most_at_once == 10


def test_a_small_bound_is_kept_beside_a_large_one() -> None:
    class Counting(Server):
        small = most_small = 0

        async def post(self, url: str, body: bytes, **given: Any) -> Any:
            is_small = b"small" in body
            self.small += is_small
            self.most_small = max(self.most_small, self.small)
            try:
                return await super().post(url, body, **given)
            finally:
                self.small -= is_small

    server = Counting()

    async def main() -> None:
        endpoint = endpoint_at(server)
        asked = endpoint.called_by(patient())

        async def small() -> None:
            await asked.ask(
                "/c", {"model": "small"}, attempt_seconds=9, max_retries=0, bound=Bound("small", 2)
            )

        await asyncio.gather(work(endpoint, 200, most=20), *(small() for _ in range(20)))

    run(main())
    assert (server.most_small, server.most_at_once) == (2, 20)


def test_a_small_run_does_not_wait_behind_a_large_one() -> None:
    async def main() -> float:
        endpoint = endpoint_at(Busy(places=8, seconds=1.0))
        large = asyncio.create_task(work(endpoint, 100_000))
        await asyncio.sleep(60.0)
        began = clock()
        await work(endpoint, 10)
        large.cancel()
        return clock() - began

    assert run(main()) <= 10


def test_a_run_that_has_ended_sends_nothing_more() -> None:
    server = Server(seconds=5.0)

    async def main() -> list[Any]:
        caller = patient()
        working = asyncio.create_task(work(endpoint_at(server), 50, caller=caller))
        await asyncio.sleep(1.0)
        caller.end(LookupError("no more"))
        return await working

    results = run(main())
    assert len(server.sent) == FIRST_LIMIT
    assert sum(isinstance(result, Received) for result in results) == FIRST_LIMIT
    assert sum(isinstance(result, LookupError) for result in results) == 50 - FIRST_LIMIT


def test_a_call_that_is_given_up_leaves_its_place_to_others() -> None:
    server = Server(seconds=100.0)

    async def main() -> int:
        endpoint = endpoint_at(server)
        first = [asyncio.create_task(work(endpoint, 1)) for _ in range(FIRST_LIMIT)]
        queued = [asyncio.create_task(work(endpoint, 1)) for _ in range(3)]
        await asyncio.sleep(1.0)
        for task in [first[0], queued[0]]:
            task.cancel()
        await asyncio.sleep(1.0)
        for task in first + queued:
            task.cancel()
        await asyncio.gather(*first, *queued, return_exceptions=True)
        return endpoint.gate.under_way

    assert run(main()) == 0
    assert len(server.sent) == FIRST_LIMIT + 1


def test_cancelling_while_the_endpoint_is_paused_ends_at_once() -> None:
    async def main() -> float:
        endpoint = endpoint_at(Scripted(script=[refusal(429, {"retry-after": "600"})]))
        waiting = asyncio.create_task(work(endpoint, 20))
        await asyncio.sleep(10.0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return clock()

    assert run(main()) == 10.0


def test_a_gate_holds_for_all_event_loops() -> None:
    class Shared(Server):
        lock = threading.Lock()

        async def post(self, url: str, body: bytes, **given: Any) -> Any:
            with self.lock:
                self.sent.append(0.0)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
            await asyncio.sleep(0.001)
            with self.lock:
                self.at_once -= 1
            return ok()

    server = Shared()
    endpoint = endpoint_at(server)
    threads = [threading.Thread(target=asyncio.run, args=(work(endpoint, 30, most=2),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert (len(server.sent), server.most_at_once, endpoint.gate.under_way) == (120, 2, 0)


def test_a_call_that_breaks_leaves_no_place_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        raise LookupError("a fault")

    async def main() -> int:
        endpoint = endpoint_at(Scripted(script=[refusal(400)]))
        monkeypatch.setattr("elluminate_server.llm.failures.refusal_of", broken)
        (failed,) = await work(endpoint, 1)
        assert isinstance(failed, LookupError)
        return endpoint.gate.under_way

    assert run(main()) == 0


# Telling


def test_a_run_is_told_that_it_waits_again_and_again_and_once_that_it_goes_on() -> None:
    told: list[str] = []
    at: list[float] = []

    def tell(line: str) -> None:
        told.append(line)
        at.append(clock())

    caller = patient()
    caller.tell = tell
    after(Away(begins=3.0, ends=500.0), 600, caller=caller)
    *waits, goes_on = told
    assert waits[0].startswith(
        "Waits, and asks again in 1 s: The model endpoint http://model.example/v1 could"
    )
    assert waits[0].endswith(" s at most.)")
    assert all(line.startswith("Waits, and asks again in ") for line in waits)
    assert all(
        line.endswith(f" s at most, {then - at[0]:.0f} s so far.)")
        for line, then in list(zip(told, at, strict=True))[1:-1]
    )
    gaps = [later - earlier for earlier, later in itertools.pairwise(at[:-1])]
    first = [gap for gap, then in zip(gaps, at[1:], strict=False) if then - at[0] < 180]
    assert len(first) >= 5 and all(10 <= gap <= 31 for gap in first), "as often as it asks again"
    assert all(gap >= 60 for gap in gaps[len(first) + 1 :]), "and seldom when it takes long"
    assert goes_on == "Goes on: the model endpoint http://model.example/v1 answers again."


def test_a_run_that_comes_to_a_paused_endpoint_is_told_too() -> None:
    told: list[str] = []

    async def main() -> None:
        endpoint = endpoint_at(Scripted(script=[refusal(429, {"retry-after": "90"}, "too many")]))
        first = asyncio.create_task(work(endpoint, 1))
        await asyncio.sleep(11.0)
        await work(endpoint, 5, caller=patient(told=told))
        await first

    run(main())
    assert len(told) == 2
    assert told[0].startswith("Waits, and asks again in 80 s:")
    assert "answered 429: too many" in told[0]


def test_an_endpoint_that_refuses_all_the_time_is_told_of_once_in_a_while() -> None:
    told: list[str] = []
    took = after(Random(seconds=0.5, slow_seconds=1.0), 600, retries=8, caller=patient(told=told))
    assert len(told) <= 2 * (took / 60 + 1)


def test_nobody_is_told_of_failures_that_are_not_waited_for() -> None:
    told: list[str] = []
    broken = HttpFailure("closed the connection before it answered", "Check that it is up.", Kind.PASSING)
    after(Scripted(script=[broken, refusal(500)]), 5, caller=patient(told=told))
    assert told == []
