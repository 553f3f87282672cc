"""How many calls at a time processes get together, and one alone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from elluminate_server.execution import leases, places
from elluminate_server.execution.fair_shares import fair_shares
from elluminate_server.execution.places import Places
from elluminate_server.llm.attempts import Kind, Refusal
from elluminate_server.llm.gates import Bound, Caller, Gate, Place
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import Models
from elluminate_server.store.engine import BusyError
from elluminate_server.store.tables import CallPlaces
from tests.execution.scene import Scene, eventually, scene

pytestmark = pytest.mark.anyio

MOST = 8
CONFIG = ModelConfig(
    config_name="c",
    config_id=1,
    model="m",
    base_url="http://127.0.0.1:9/v1",
    api_key="k",
    max_connections=MOST,
)
BOUND = Bound((CONFIG.config_id, CONFIG.config_name, CONFIG.model), MOST)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(places, "ASK_SECONDS", 0.01)
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.1)


class Process:
    """Asks an endpoint as often as it may."""

    def __init__(self, here: Scene, name: str) -> None:
        models = Models()
        self.places = Places(here.store, models, name)
        models.model_for(CONFIG)
        (self.gate,) = models.gates().values()
        self.in_hand: list[Place] = []
        self._tasks = [asyncio.create_task(self.places.run())]

    @property
    def calls(self) -> int:
        return len(self.in_hand)

    def want(self, count: int) -> None:
        self._tasks += [asyncio.create_task(self._call()) for _ in range(count)]

    async def _call(self) -> None:
        place = await self.gate.enter(Caller(patience=60.0, queues_within_it=False), BOUND)
        assert place is not None
        self.in_hand.append(place)

    def finish(self, count: int) -> None:
        for _ in range(min(count, self.calls)):
            self.gate.leave(self.in_hand.pop())

    async def kill(self) -> None:
        """Its calls are dead with it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.in_hand.clear()


@contextlib.asynccontextmanager
async def processes(path: Path, count: int) -> AsyncIterator[tuple[Scene, list[Process]]]:
    async with scene(path) as here:
        made = [Process(here, f"process {number}") for number in range(count)]
        try:
            yield here, made
        finally:
            for process in made:
                await process.kill()


async def until_calls(made: list[Process], *counts: int) -> None:
    async def are_so_many() -> bool:
        assert sum(process.calls for process in made) <= MOST
        return [process.calls for process in made] == list(counts)

    await eventually(are_so_many, f"{counts} calls are under way")


async def until_allowed(process: Process, count: int) -> None:
    async def is_allowed() -> bool:
        got = process.places._got
        return bool(got) and all(each.allowed == count for each in got.values())

    await eventually(is_allowed, f"it begins no call beside {count} others")


def test_places_are_divided_as_evenly_as_what_is_wanted_allows() -> None:
    assert fair_shares(8, [100, 100]) == [4, 4]
    assert fair_shares(8, [1, 100, 0]) == [1, 7, 0]
    assert fair_shares(8, [2, 3, 1]) == [2, 3, 1]
    assert fair_shares(5, [9, 9, 9], first=2) == [2, 1, 2]
    assert fair_shares(2, [9, 9, 9], first=1) == [0, 1, 1]
    assert fair_shares(0, [1, 2]) == [0, 0]
    assert fair_shares(3, []) == []


async def test_a_process_alone_gets_all_places_and_asks_for_nothing_by_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(tmp_path, 1) as (here, (alone,)):
        alone.want(10 * MOST)
        await until_calls([alone], MOST)
        written: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if not statement.startswith("SELECT"):
                written.append(statement)

        monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 60.0)
        engines = here.store.writing_engines
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        for _ in range(8):
            alone.finish(MOST)
            await until_calls([alone], MOST)
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
        assert [statement for statement in written if not statement.startswith(("BEGIN", "PRAGMA"))] == []


async def test_who_comes_later_gets_its_part_as_calls_end_and_there_are_never_more(tmp_path: Path) -> None:
    async with processes(tmp_path, 4) as (_, made):
        first, *others = made
        first.want(60)
        await until_calls(made, 8, 0, 0, 0)
        for process in others:
            process.want(20)
        await until_allowed(first, 2)
        assert first.calls == MOST  # what is under way is brought to its end
        first.finish(6)
        await until_calls(made, 2, 2, 2, 2)
        for process in made:
            process.finish(1)
        await until_calls(made, 2, 2, 2, 2)


async def test_places_of_a_killed_process_are_used_by_others_when_they_have_expired(tmp_path: Path) -> None:
    async with processes(tmp_path, 2) as (here, made):
        one, other = made
        one.want(20)
        await until_calls(made, 8, 0)
        other.want(20)
        await until_allowed(one, 4)
        one.finish(4)
        await until_calls(made, 4, 4)
        await one.kill()
        async with here.store.write() as session:
            await session.execute(
                update(CallPlaces)
                .where(CallPlaces.owner == "process 0")
                .values(expires_at=leases.expiry().replace(year=2000))
            )
        await until_calls(made, 0, 8)


async def test_what_a_process_does_not_use_others_get(tmp_path: Path) -> None:
    async with processes(tmp_path, 2) as (_, made):
        one, other = made
        one.want(MOST)
        await until_calls(made, 8, 0)
        other.want(20)
        one.finish(7)
        await until_calls(made, 1, 7)
        one.finish(1)
        await until_calls(made, 0, 8)


async def test_processes_take_turns_where_there_are_fewer_places_than_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "TURN_SECONDS", 0.2)
    async with processes(tmp_path, MOST + 2) as (_, made):
        for process in made:
            process.want(5)
        done = set()

        async def has_each_had_one() -> bool:
            assert sum(process.calls for process in made) <= MOST
            for process in made:
                if process.calls:
                    done.add(process.places._owner)
                    process.finish(1)
                    process.want(1)
            return len(done) == len(made)

        await eventually(has_each_had_one, "each process has had a place")


async def test_who_cannot_keep_its_places_begins_no_call_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.5)
    async with processes(tmp_path, 1) as (here, (alone,)):
        alone.want(20)
        await until_calls([alone], 8)

        async def refuse(_write: object) -> None:
            raise BusyError("Locked by the test.")

        with monkeypatch.context() as locked:
            locked.setattr(here.store, "write_at_once", refuse)

            async def has_lapsed() -> bool:
                return alone.places._got == {}

            await eventually(has_lapsed, "its places have lapsed")
            alone.finish(4)
            await asyncio.sleep(0)
            assert alone.calls == 4
        await until_calls([alone], 8)


async def test_a_pause_that_one_process_is_asked_for_all_keep(tmp_path: Path) -> None:
    async with processes(tmp_path, 2) as (here, made):
        one, other = made
        one.want(20)
        await until_calls(made, 8, 0)
        other.want(20)
        one.gate.refused(one.in_hand.pop(), Refusal(Kind.LOAD, pause=60.0), "busy")

        async def is_known() -> bool:
            return other.gate.paused_for > 50

        await eventually(is_known, "the other process has heard of it")
        async with here.store.read() as session:
            found = (await session.scalars(select(CallPlaces.paused_until))).all()
        assert any(found)


async def test_a_process_that_ends_gives_its_places_back(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        process = Process(here, "one")
        process.want(3)
        await until_calls([process], 3)
        await process.kill()
        await process.places.give_back()
        assert await here.count(CallPlaces) == 0


def test_a_gate_that_nobody_shares_gives_places_unasked() -> None:
    async def main() -> None:
        gate = Gate("the endpoint")
        assert await gate.enter(Caller(), BOUND) is not None

    asyncio.run(main())
