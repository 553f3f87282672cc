"""Crowds take turns, and others are served between."""

import asyncio
import gc
import weakref

import pytest

from elluminate_server.operating.turns import IN_A_ROUND, my_turn

pytestmark = pytest.mark.anyio


async def test_a_few_go_on_in_a_round_in_the_order_in_which_they_came() -> None:
    done: list[int] = []
    begin = asyncio.Event()

    async def one(number: int) -> None:
        await begin.wait()
        await my_turn()
        done.append(number)

    crowd = [asyncio.create_task(one(number)) for number in range(50)]
    await asyncio.sleep(0)
    begin.set()
    steps, most = 0, 0
    while len(done) < 50:
        before = len(done)
        await asyncio.sleep(0)  # whoever else has something to do comes in between
        most = max(most, len(done) - before)
        steps += 1
    assert most <= IN_A_ROUND
    assert steps <= 50 / IN_A_ROUND + 3
    assert done == list(range(50))
    await asyncio.gather(*crowd)


async def test_who_comes_alone_does_not_wait() -> None:
    for _ in range(3):
        turn = my_turn()
        with pytest.raises(StopIteration):
            turn.send(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_who_is_cancelled_while_waiting_takes_nobodys_turn() -> None:
    done: list[int] = []

    async def one(number: int) -> None:
        await my_turn()
        done.append(number)

    crowd = [asyncio.create_task(one(number)) for number in range(20)]
    await asyncio.sleep(0)
    for task in crowd[5:15]:
        task.cancel()
    ended = await asyncio.wait_for(asyncio.gather(*crowd, return_exceptions=True), 10)
    assert done == [*range(5), *range(15, 20)]
    assert sum(isinstance(each, asyncio.CancelledError) for each in ended) == 10


def test_an_event_loop_that_is_over_is_not_held_on_to() -> None:
    loop = asyncio.new_event_loop()

    async def crowd() -> None:
        await asyncio.gather(*(my_turn() for _ in range(10)))

    loop.run_until_complete(crowd())
    loop.close()
    gone = weakref.ref(loop)
    del loop
    gc.collect()
    assert gone() is None
