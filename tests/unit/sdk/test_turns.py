"""A few requests at a time while answers come quickly, as many as may be when they do not, in order, none lost."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest
from attrs import Factory, define

from elluminate._turns import Turns

pytestmark = [pytest.mark.anyio]

LONG = 3_600.0


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@define
class Room:
    """Calls that stay inside until they are told to leave."""

    turns: Turns
    inside: list[int] = Factory(list)
    order: list[int] = Factory(list)
    leave: dict[int, anyio.Event] = Factory(dict)

    async def call(self, number: int) -> None:
        self.leave[number] = anyio.Event()
        async with self.turns:
            self.inside.append(number)
            self.order.append(number)
            await self.leave[number].wait()
            self.inside.remove(number)

    async def holds(self, *numbers: int) -> None:
        with anyio.fail_after(30):
            while sorted(self.inside) != list(numbers):
                await anyio.lowlevel.checkpoint()
        # Nobody else comes in on the next occasion either.
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        assert sorted(self.inside) == list(numbers)


async def test_a_few_are_inside_and_the_others_follow_in_order() -> None:
    room = Room(Turns(2, 10, LONG))
    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(room.call, number)
            await anyio.lowlevel.checkpoint()
        await room.holds(0, 1)
        room.leave[1].set()
        await room.holds(0, 2)
        room.leave[0].set()
        await room.holds(2, 3)
        room.leave[3].set()
        await room.holds(2, 4)
        room.leave[2].set()
        room.leave[4].set()


async def test_when_nobody_comes_out_more_are_let_in() -> None:
    room = Room(Turns(2, 4, 0.001))
    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(room.call, number)
            await anyio.lowlevel.checkpoint()
        await room.holds(0, 1, 2, 3)
        for number in range(6):
            room.leave[number].set()
    assert sorted(room.order) == [0, 1, 2, 3, 4, 5]


async def test_somebody_watches_as_long_as_somebody_waits() -> None:
    """The first that waits watches; when it comes in, the last takes over, and sees that nobody comes out."""
    room = Room(Turns(1, 3, 0.001))
    room.turns._patience = LONG
    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(room.call, number)
            await anyio.lowlevel.checkpoint()
        await room.holds(0)
        room.turns._patience = 0.001
        room.leave[0].set()
        await room.holds(1, 2, 3)
        for number in range(1, 5):
            room.leave[number].set()
    assert sorted(room.order) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("cancelled", [1, 2, 3])
async def test_who_is_cancelled_while_waiting_holds_nobody_up(cancelled: int) -> None:
    room = Room(Turns(1, 1, LONG))
    scopes = {number: anyio.CancelScope() for number in range(4)}

    async def cancellable(number: int) -> None:
        with scopes[number]:
            await room.call(number)

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(cancellable, number)
            await anyio.lowlevel.checkpoint()
        await room.holds(0)
        scopes[cancelled].cancel()
        for number in range(4):
            room.leave[number].set()
    assert room.order == [number for number in range(4) if number != cancelled]


async def test_who_is_cancelled_when_its_turn_has_come_gives_it_on() -> None:
    room = Room(Turns(1, 1, LONG))
    scope = anyio.CancelScope()

    async def cancellable() -> None:
        with scope:
            await room.call(1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(room.call, 0)
        await room.holds(0)
        tasks.start_soon(cancellable)
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(room.call, 2)
        await anyio.lowlevel.checkpoint()
        room.turns._let_out()  # 1 is served, and has not run since
        scope.cancel()
        room.turns._inside += 1
        room.leave[0].set()
        with anyio.fail_after(30):
            while 2 not in room.inside:
                await anyio.lowlevel.checkpoint()
        room.leave[2].set()
    assert room.turns._inside == 0
