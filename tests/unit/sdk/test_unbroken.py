"""What an interrupt leaves whole: answers that are being stored are stored once."""

import asyncio

import pytest

from elluminate._program_calls import unbroken

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("fails", [False, True])
async def test_what_asyncio_cancels_in_the_middle_is_carried_out_to_its_end(*, fails: bool) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def store() -> None:
        begun.set()
        await go_on.wait()
        ended.append("stored")
        if fails:
            raise ValueError("refused")

    task = asyncio.create_task(unbroken(store))
    await begun.wait()
    task.cancel()  # what Ctrl-C does in asyncio.run
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["stored"]


async def test_a_second_interrupt_waits_no_longer() -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def store() -> None:
        begun.set()
        await never.wait()

    task = asyncio.create_task(unbroken(store))
    await begun.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    never.set()
