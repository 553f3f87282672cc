"""Places for calls, which the processes of a deployment share: how many each may have under way at an endpoint.

What an LLM config calls `max_connections` holds over all of them. Each has so many places, in the database and with an
expiry, that there are never more in all; it asks for some when its calls wait for nothing else, keeps them by its
heartbeat, and gives up those that others want as calls end. Those of a killed process are free when they have expired.
A process that is alone takes all there are, and asks for nothing after that.

Pauses that an endpoint asks for are passed on with it.
"""

import asyncio
import contextlib
import datetime
import functools
import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import Connection, delete, select, text

from elluminate_server.execution import leases
from elluminate_server.execution.fair_shares import fair_shares
from elluminate_server.llm.gates import Bound, Gate
from elluminate_server.llm.providers import Models
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import BusyError, DatabaseDamagedError, Store
from elluminate_server.store.tables import Base, CallPlaces
from elluminate_server.store.upserts import upsert

__all__ = ["Places", "sharing_places"]

logger = logging.getLogger("elluminate_server.execution")

LOOK_SECONDS = 0.5
"""From one look at what others want to the next, while calls are under way or wait."""
ASK_SECONDS = 0.1
"""Least time from one look to the next."""
TURN_SECONDS = 5.0
"""Where there are fewer places than processes, they take turns of this length."""
LEAST_PAUSE = 1.0
"""Shorter pauses are over before others hear of them."""

Rows = Mapping[str, Sequence[Any]]
"""Rows of other processes, by resource."""


@attrs.frozen(kw_only=True)
class Want:
    """What this process does, and would do, with one resource: an endpoint with its key, or a bound of that.

    Attributes:
        kept: Places that it cannot do without, because so many calls are under way or may begin.
        wanted: Calls that it would have under way.
        most: Places of all processes together, as this one knows it.
        is_in_all: Whether it is the endpoint, of which every process may use other bounds.
        paused_for: Seconds for which the endpoint is to be left alone.
    """

    kept: int
    wanted: int
    most: int
    is_in_all: bool = False
    paused_for: float = 0.0

    def capacity(self, others: Sequence[Any]) -> int:
        """Places of all processes together, as all of them know it."""
        choose = max if self.is_in_all else min
        return choose([self.most, *(int(row.most) for row in others)])


@attrs.frozen
class _Got:
    """What this process has of a resource by the database, and how much of that it may use."""

    places: int
    wanted: int
    allowed: int


class Places:
    """The places of one process.

    Args:
        store: The database.
        models: The models, which have been asked for nothing yet.
        owner: The process's name.
    """

    def __init__(self, store: Store, models: Models, owner: str) -> None:
        self._store = store
        self._models = models
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._asked = asyncio.Event()
        self._got: dict[str, _Got] = {}
        self._kept_at = -leases.HEARTBEAT_SECONDS
        self._lapse: asyncio.TimerHandle | None = None
        models.share_gates(self._ask)

    async def run(self) -> None:
        """Ask, keep and give up, until cancelled."""
        told = ""
        while True:
            self._asked.clear()
            pause = ASK_SECONDS
            try:
                pause = ASK_SECONDS if await self._look() else 0.0
                told = ""
            except (BusyError, DatabaseDamagedError) as error:
                if str(error) != told:
                    logger.warning("Places for calls are asked for again soon: %s", error)
                told = str(error)
            await asyncio.sleep(pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS - pause):
                    await self._asked.wait()

    async def give_back(self) -> None:
        """Have none any more, because this process asks nothing more."""
        if self._lapse is not None:
            self._lapse.cancel()
        if self._got:
            async with self._store.write(is_short=True) as session:
                await session.execute(delete(CallPlaces).where(CallPlaces.owner == self._owner))

    def _ask(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._asked.set)

    async def _look(self) -> bool:
        """Compare what others want; False where there is nothing to do or to keep."""
        names = {*self._wants(), *self._got}
        if not names:
            return False
        async with self._store.read() as session:
            connection = await session.connection()
            others = await connection.run_sync(_rows_of_others, self._owner, names)
        wants = self._wants()
        # What is given up is not used any more from before others hear of it.
        for name, got in self._got.items():
            target = _target(self._owner, wants[name], others[name]) if name in wants else got.allowed
            self._got[name] = attrs.evolve(got, allowed=min(got.allowed, target))
        self._apply()
        wants = self._wants()
        is_due = time.monotonic() - self._kept_at >= leases.HEARTBEAT_SECONDS
        if is_due or any(self._has_changed(name, want, others[name]) for name, want in wants.items()):
            await self._write(wants)
        for digest, gate in self._models.gates().items():
            _pass_on_pause(gate, others.get(digest, ()))
        return True

    async def _write(self, wants: Mapping[str, Want]) -> None:
        began = time.monotonic()
        self._got = await self._store.write_at_once(
            functools.partial(
                _share_out, owner=self._owner, wants=wants, left=self._got.keys() - wants.keys()
            )
        )
        self._kept_at = began
        if self._lapse is not None:
            self._lapse.cancel()
        used_until = began + leases.LEASE_SECONDS * 0.9 - time.monotonic()
        self._lapse = self._loop.call_later(max(0.0, used_until), self._let_lapse)
        self._apply()

    def _let_lapse(self) -> None:
        """Begin no call any more: others may have the places by now."""
        self._got = {}
        self._apply()

    def _has_changed(self, name: str, want: Want, others: Sequence[Any]) -> bool:
        got = self._got.get(name)
        if got is None or got.places > max(want.kept, got.allowed):
            return True
        if not others:
            return got.places < want.most
        free = want.capacity(others) - sum(row.places for row in others) - got.places
        is_short = _target(self._owner, want, others) > got.places
        return got.wanted != min(want.wanted, want.most) or (is_short and free > 0)

    def _wants(self) -> dict[str, Want]:
        """What there is to do, by resource."""
        wants: dict[str, Want] = {}
        for digest, gate in self._models.gates().items():
            demand = gate.demand()
            for bound, one in demand.items():
                name = _name_of(digest, bound)
                wants[name] = Want(kept=self._kept(name, one.under_way), wanted=one.wanted, most=bound.most)
            if demand:
                under_way = sum(one.under_way for one in demand.values())
                most = max(bound.most for bound in demand)
                wants[digest] = Want(
                    kept=self._kept(digest, under_way),
                    wanted=min(most, sum(one.wanted for one in demand.values())),
                    most=most,
                    is_in_all=True,
                    paused_for=gate.paused_for,
                )
        return wants

    def _kept(self, name: str, under_way: int) -> int:
        got = self._got.get(name)
        return max(under_way, 0 if got is None else got.allowed)

    def _apply(self) -> None:
        for digest, gate in self._models.gates().items():
            in_all = self._got.get(digest)
            by_bound = {
                bound: self._got[_name_of(digest, bound)].allowed
                for bound in gate.demand()
                if _name_of(digest, bound) in self._got
            }
            gate.allow(0 if in_all is None else in_all.allowed, by_bound)


@contextlib.asynccontextmanager
async def sharing_places(store: Store, models: Models, owner: str) -> AsyncIterator[None]:
    """Share the places of the models with other processes, for as long as the block lasts."""
    places = Places(store, models, owner)
    task = asyncio.create_task(places.run(), name="elluminate-places")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        try:
            await places.give_back()
        except RuntimeError as error:  # busy or away; or Python starts no threads while it exits
            logger.info("Places for calls were not given back, and expire soon: %s", error)


def _name_of(digest: str, bound: Bound) -> str:
    return hashlib.sha256(f"{digest}{bound.name!r}".encode()).hexdigest()


def _target(owner: str, want: Want, others: Sequence[Any]) -> int:
    """How many places this process should have, with what others want."""
    most = want.capacity(others)
    if not others:
        return most
    wanted = {owner: want.wanted, **{row.owner: row.wanted for row in others}}
    order = sorted(wanted)
    first = int(time.time() / TURN_SECONDS) if most < len(order) else 0
    shares = fair_shares(most, [wanted[name] for name in order], first % len(order))
    return shares[order.index(owner)]


def _rows_of_others(connection: Connection, owner: str, names: Collection[str]) -> Rows:
    found = connection.execute(
        select(_PLACES).where(
            _PLACES.c.resource.in_(list(names)), _PLACES.c.owner != owner, _PLACES.c.expires_at > utc_now()
        )
    )
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in found:
        rows[row.resource].append(row)
    return rows


def _share_out(
    connection: Connection, *, owner: str, wants: Mapping[str, Want], left: Collection[str]
) -> dict[str, _Got]:
    """Take, keep and give back places: all processes together have never more than there are."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    now = utc_now()
    others = _rows_of_others(connection, owner, wants.keys())
    connection.execute(delete(_PLACES).where(_PLACES.c.expires_at <= now))
    if left:
        mine = _PLACES.c.owner == owner, _PLACES.c.resource.in_(list(left))
        connection.execute(delete(_PLACES).where(*mine))
    got: dict[str, _Got] = {}
    rows = []
    for name, want in wants.items():
        target = _target(owner, want, others[name])
        free = max(0, want.capacity(others[name]) - sum(row.places for row in others[name]) - want.kept)
        places = want.kept + max(0, min(target - want.kept, free))
        wanted = min(want.wanted, want.most)
        got[name] = _Got(places, wanted, min(places, target))
        paused_until = None
        if want.paused_for >= LEAST_PAUSE:
            paused_until = now + datetime.timedelta(seconds=want.paused_for)
        rows.append(
            {
                "resource": name,
                "owner": owner,
                "places": places,
                "wanted": wanted,
                "most": want.most,
                "paused_until": paused_until,
                "expires_at": leases.expiry(),
            }
        )
    if rows:
        statement = upsert(connection.dialect.name, _PLACES)
        columns = ("places", "wanted", "most", "paused_until", "expires_at")
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["resource", "owner"],
                set_={column: statement.excluded[column] for column in columns},
            ),
            rows,
        )
    return got


def _pass_on_pause(gate: Gate, others: Sequence[Any]) -> None:
    """Leave an endpoint alone for as long as another process was asked to."""
    longest = max((row.paused_until for row in others if row.paused_until is not None), default=None)
    seconds = 0.0 if longest is None else (longest - utc_now()).total_seconds()
    if seconds > max(LEAST_PAUSE, gate.paused_for):
        gate.pause(seconds)


_PLACES = Base.metadata.tables[CallPlaces.__tablename__]

_LOCK = 0x656C6C756D
"""Of PostgreSQL's advisory locks, the one that those who divide places take in turn."""
