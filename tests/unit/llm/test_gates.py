"""Endpoints that take only so much, in virtual time: what is lost, how much is refused, and whose turn it is."""

import asyncio
import itertools
import random
import threading
from typing import Any

import pytest

from elluminate_server.llm.attempts import Kind
from elluminate_server.llm.endpoint import Received
from elluminate_server.llm.gates import Bound, clock
from elluminate_server.llm.http_calls import HttpFailure
from elluminate_server.llm.pace import FIRST_LIMIT
from tests.support.virtual_time import run
from tests.unit.llm.virtual_endpoint import (
    Away,
    Busy,
    Quota,
    Random,
    Scripted,
    Server,
    after,
    endpoint_at,
    ok,
    patient,
    refusal,
    work,
)

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
