"""Who may call an endpoint next: one gate for each endpoint and key, for all event loops of the process.

A call that waits, for its turn or for the endpoint, has no place: it gets one when it may be sent, and gives it back
with what became of it. Callers take turns, so that a run of ten rows does not wait behind one of a hundred thousand.

Where other processes ask the same endpoint, a gate gives no more places than it is allowed: whoever divides them says
how many, and is told when there are too few.
"""

import asyncio
import math
import threading
import weakref
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping

import attrs

from elluminate_server.llm.attempts import LONGEST_FORETOLD, Kind, Refusal
from elluminate_server.llm.pace import Pace, Sent

__all__ = ["REQUEST_PATIENCE", "Bound", "Caller", "Demand", "Gate", "Place", "clock"]

REQUEST_PATIENCE = 30.0
"""Seconds that a call waits which somebody waits for."""
FIRST_PATIENCE = 120.0
"""Most seconds for which an address is waited for at which nothing has answered yet, since this process began."""

ALLOWED_WITHIN = 3.0
"""Seconds that a call waits at least, where this process has no place yet of those that processes share."""

TOLD_EVERY_SECONDS = 60.0
"""A caller is told that it waits, and that it goes on, once in so many seconds for each endpoint."""
TOLD_AGAIN_SECONDS = 10.0
"""While it waits, it is told again with each refusal, at the earliest after so many seconds: pauses of 16 and 30 s let
a person wonder."""
FIRST_MINUTES = 180.0
"""Seconds of waiting after which that is as rare as the rest, because nobody looks on any more."""

_MOMENT = 1e-6
"""Seconds by which a timer may be early."""


def clock() -> float:
    """Seconds of the running event loop's clock, which is one for all event loops but those of a test."""
    return asyncio.get_running_loop().time()


@attrs.define(eq=False)
class Caller:
    """Who asks models: a run, or a request that somebody waits for.

    Attributes:
        patience: Seconds that a call waits for an endpoint that refuses it for load, or is away.
        queues_within_it: Whether waiting for a turn counts, too.
        tell: Told when the caller's calls wait, and when they go on; in the event loop of one of its calls.
    """

    patience: float = REQUEST_PATIENCE
    queues_within_it: bool = True
    tell: Callable[[str], None] | None = attrs.field(default=None, repr=False)
    _ended_by: Exception | None = attrs.field(default=None, init=False, repr=False)
    _waiters: set["_Waiter"] = attrs.field(factory=set, init=False, repr=False)

    def end(self, reason: Exception) -> None:
        """Send nothing more: what waits for its turn, or asks for one later, is raised the reason instead."""
        self._ended_by = reason
        for waiter in list(self._waiters):
            waiter.wake()

    def check(self) -> None:
        """Go on, unless the caller has ended.

        Raises:
            Exception: What it was ended with.
        """
        if self._ended_by is not None:
            raise self._ended_by


@attrs.frozen(cache_hash=True)
class Bound:
    """Most calls at a time of all that share a name, as an LLM config says it.

    Attributes:
        name: What they share; anything that can be hashed.
        most: How many.
    """

    name: object
    most: int


@attrs.frozen
class Demand:
    """What there is to do at an endpoint, or for one of its bounds.

    Attributes:
        under_way: Calls that are.
        wanted: Calls that would be if nobody else asked there.
    """

    under_way: int
    wanted: int


@attrs.frozen(eq=False)
class Place:
    """A call that may be sent.

    Attributes:
        sent: When, and beside how many.
        caller: Who asks.
        bound: What it counts for.
    """

    sent: Sent
    caller: Caller
    bound: Bound


@attrs.define(eq=False)
class _Waiter:
    """A call that waits for its place."""

    caller: Caller
    bound: Bound
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Future[None]
    place: Place | None = None

    def wake(self) -> None:
        if self.loop is asyncio.get_running_loop():
            self._go_on()
        elif not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._go_on)

    def _go_on(self) -> None:
        if not self.woken.done():
            self.woken.set_result(None)


@attrs.define
class _Told:
    """What a caller was told of this endpoint."""

    loop: asyncio.AbstractEventLoop
    at: float
    since: float
    waits: bool = True


_Line = tuple[Caller, Bound]


class Gate:
    """The gate of one endpoint and key.

    Args:
        name: What callers are told about.
        ask: Told when calls wait for nothing but to be allowed; None where this process has the endpoint to itself.

    Attributes:
        pace: What the endpoint has shown to take.
        reason: Why it was last waited for; empty when it never was, or when that was an outage that is over.
        waited_for: What that is about: load, or an outage.
        is_known: Whether anything has ever answered there, if only with a refusal.
        is_understood: Whether anything has ever answered there in JSON.
    """

    def __init__(self, name: str, *, ask: Callable[[], None] | None = None) -> None:
        self.pace = Pace()
        self._ask = ask
        self._allowed: Mapping[Bound, int] = {}
        self._allowed_in_all = 0
        self._has_asked = False
        self._name = name
        self._lock = threading.Lock()
        self._lines: OrderedDict[_Line, deque[_Waiter]] = OrderedDict()
        self._under_way: Counter[Bound] = Counter()
        self._total = 0
        self._timer: tuple[asyncio.AbstractEventLoop, float] | None = None
        self.reason = ""
        self.waited_for = Kind.LOAD
        self.is_known = False
        self.is_understood = False
        self._told: weakref.WeakKeyDictionary[Caller, _Told] = weakref.WeakKeyDictionary()
        self._answered_at = -math.inf

    @property
    def under_way(self) -> int:
        """How many calls are."""
        return self._total

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn, or for the endpoint."""
        with self._lock:
            return sum(map(len, self._lines.values()))

    def has_answered_since(self, moment: float) -> bool:
        """Whether any call was answered since then."""
        return self._answered_at >= moment

    # Other processes

    def demand(self) -> Mapping[Bound, Demand]:
        """What there is to do, by what it counts for."""
        with self._lock:
            waiting: Counter[Bound] = Counter()
            for (_, bound), waiters in self._lines.items():
                waiting[bound] += len(waiters)
            # A few more than the pace lets go on, so that it can find out whether the endpoint takes them.
            most = 2 * self.pace.places
            return {
                bound: Demand(
                    self._under_way[bound],
                    max(
                        self._under_way[bound], min(self._under_way[bound] + waiting[bound], bound.most, most)
                    ),
                )
                for bound in {*self._under_way, *waiting}
            }

    def allow(self, in_all: int, by_bound: Mapping[Bound, int]) -> None:
        """Let so many calls be under way at a time, from now on; those that are stay.

        Args:
            in_all: Of all bounds together.
            by_bound: Of each; none of one that is not there.
        """
        with self._lock:
            self._allowed_in_all, self._allowed = in_all, dict(by_bound)
            self._has_asked = False
            self._admit()

    @property
    def paused_for(self) -> float:
        """Seconds for which nothing is sent, because the endpoint has asked for that."""
        return max(0.0, self.pace.paused_until - clock())

    def patience_of(self, caller: Caller) -> float:
        """Seconds for which a call waits: where nothing has ever answered, the address may be wrong."""
        return caller.patience if self.is_known else min(caller.patience, FIRST_PATIENCE)

    def pause(self, seconds: float) -> None:
        """Send nothing for some time, because another process was asked to."""
        with self._lock:
            self.pace.pause(clock(), seconds)
            if seconds > LONGEST_FORETOLD:  # only an endpoint that answers asks for so much
                self.is_known = True
                self.pace.is_probing = True

    async def enter(
        self, caller: Caller, bound: Bound, *, is_repeated: bool = False, until: float = math.inf
    ) -> Place | None:
        """Wait for a turn, and for the endpoint to take calls.

        Args:
            caller: Who asks.
            bound: What the call counts for.
            is_repeated: Whether it had its turn, and was refused: then it comes before those that had none.
            until: When it is given up.

        Returns:
            The place, which `leave` or its sisters have to give back; None when it is given up: at `until`, or before
            where the endpoint asks to be left alone for longer than the caller has patience.

        Raises:
            Exception: What the caller was ended with.
        """
        caller.check()
        loop = asyncio.get_running_loop()
        waiter = _Waiter(caller, bound, loop, loop.create_future())
        with self._lock:
            now = clock()
            if self.pace.closed_until(now) > min(until, now + self.patience_of(caller)):
                return None
            if self._ask is not None and not self._allowed_in_all:
                until = max(until, now + ALLOWED_WITHIN)  # to be given the first places is no sign of load
            line = self._lines.setdefault((caller, bound), deque())
            line.appendleft(waiter) if is_repeated else line.append(waiter)
            caller._waiters.add(waiter)
            self._admit()
            if self.pace.paused_until > now:
                self._tell_that_it_waits(caller, waiter.loop)
        try:
            if math.isinf(until):
                await waiter.woken
            else:
                async with asyncio.timeout_at(until):
                    await waiter.woken
        except TimeoutError:
            self._forget(waiter)
            return waiter.place
        except BaseException:
            self._forget(waiter)
            if waiter.place is not None:
                self.leave(waiter.place)
            raise
        self._forget(waiter)
        if waiter.place is None:
            caller.check()
        return waiter.place

    def leave(self, place: Place) -> None:
        """Give a place back that says nothing: the call was broken off, or never sent."""
        with self._lock:
            self._free(place)

    def failed(self, place: Place, kind: Kind) -> None:
        """Give a place back after a failure that is not waited for."""
        with self._lock:
            # Where every call may fail like this one, those that are under way are to show it before more are sent.
            self.pace.is_probing = kind is Kind.HOPELESS
            self._go_on()
            self._free(place)

    def answered(self, place: Place, *, allowed: float, foretold: float | None = None) -> None:
        """Give a place back after an answer.

        Args:
            place: The place.
            allowed: Seconds that the attempt might have taken.
            foretold: Seconds that the answer asks to send nothing more for, because a quota is used up.
        """
        with self._lock:
            now = self._answered_at = clock()
            self.pace.answered(place.sent, now, allowed)
            if foretold is not None:
                self.pace.pause(now, foretold)
            if self.waited_for is Kind.OUTAGE:
                self.reason, self.waited_for = "", Kind.LOAD
            self._go_on()
            self._free(place)

    def refused(self, place: Place, refusal: Refusal, reason: str) -> None:
        """Give a place back after a refusal that is waited for.

        Args:
            place: The place.
            refusal: Of load, or of an endpoint that is away.
            reason: What the callers are told.
        """
        with self._lock:
            now = clock()
            if refusal.kind is Kind.LOAD:
                self.pace.refused(place.sent, now, refusal.pause)
            else:
                self.pace.unreachable(place.sent, now, refusal.pause)
            self.reason, self.waited_for = reason, refusal.kind
            loops = {line[0]: waiters[0].loop for line, waiters in self._lines.items()}
            loops.setdefault(place.caller, asyncio.get_running_loop())
            closed_for = self.pace.closed_until(now) - now
            for caller, loop in loops.items():
                if closed_for <= self.patience_of(caller):
                    self._tell_that_it_waits(caller, loop)
            for (caller, _), waiters in self._lines.items():
                if closed_for > self.patience_of(caller):
                    for waiter in waiters:
                        waiter.wake()  # to give up
            self._free(place)

    def timed_out(self, place: Place, *, allowed: float) -> bool:
        """Give a place back after a time-out; whether there may have been too many calls at a time."""
        with self._lock:
            was_crowded = self.pace.timed_out(place.sent, clock(), allowed)
            self._free(place)
            return was_crowded

    # Turns

    def _free(self, place: Place) -> None:
        self._total -= 1
        self._under_way[place.bound] -= 1
        if not self._under_way[place.bound]:
            del self._under_way[place.bound]
        self._admit()

    def _forget(self, waiter: _Waiter) -> None:
        """No more places for this one; whether it has got one until now is certain from here on."""
        waiter.caller._waiters.discard(waiter)
        if waiter.place is not None:
            return
        line = (waiter.caller, waiter.bound)
        with self._lock:
            waiters = self._lines.get(line)
            if waiters is None or waiter not in waiters:
                return
            waiters.remove(waiter)
            if not waiters:
                del self._lines[line]
            self._timer = None  # it may have been in an event loop that ends
            self._admit()

    def _admit(self) -> None:
        """Give places to those whose turn it is, as far as there are any."""
        while self._lines:
            most = max(bound.most for bound in [*self._under_way, *(line[1] for line in self._lines)])
            if self._total >= min(self.pace.places, most):
                return
            line = next((line for line in self._lines if self._has_room(line[1])), None)
            if line is None:
                if any(self._under_way[bound] < bound.most for _, bound in self._lines):
                    self._ask_to_be_allowed()
                return
            waiters = self._lines[line]
            now, opens_at = clock(), self.pace.opens_at
            if now < opens_at - _MOMENT:
                self._look_again(waiters[0].loop, opens_at)
                return
            waiter = waiters.popleft()
            self._lines.move_to_end(line)
            if not waiters:
                del self._lines[line]
            waiter.place = Place(self.pace.send(now, self._total), waiter.caller, waiter.bound)
            self._total += 1
            self._under_way[waiter.bound] += 1
            waiter.wake()

    def _has_room(self, bound: Bound) -> bool:
        most = bound.most
        if self._ask is not None:
            if self._total >= self._allowed_in_all:
                return False
            most = min(most, self._allowed.get(bound, 0))
        return self._under_way[bound] < most

    def _ask_to_be_allowed(self) -> None:
        if self._ask is not None and not self._has_asked:
            self._has_asked = True
            self._ask()

    def _look_again(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._timer is not None and self._timer[1] <= at and not self._timer[0].is_closed():
            return
        self._timer = (loop, at)
        loop.call_soon_threadsafe(lambda: loop.call_at(at, self._look))

    def _look(self) -> None:
        with self._lock:
            self._timer = None
            self._admit()

    # Telling

    def _tell_that_it_waits(self, caller: Caller, loop: asyncio.AbstractEventLoop) -> None:
        if caller.tell is None:
            return
        now, told = clock(), self._told.get(caller)
        since = told.since if told is not None and told.waits else now
        if told is not None:
            is_soon_again = told.waits and now - since < FIRST_MINUTES
            if now - told.at < (TOLD_AGAIN_SECONDS if is_soon_again else TOLD_EVERY_SECONDS):
                return
        self._told[caller] = _Told(loop, now, since)
        left = max(1, math.ceil(self.pace.paused_until - now))
        so_far = f", {now - since:.0f} s so far" if since < now else ""
        most = f"(It is waited for {self.patience_of(caller):g} s at most{so_far}.)"
        loop.call_soon_threadsafe(caller.tell, f"Waits, and asks again in {left} s: {self.reason} {most}")

    def _go_on(self) -> None:
        for caller, told in self._told.items():
            if told.waits and caller.tell is not None and not told.loop.is_closed():
                told.waits = False
                told.loop.call_soon_threadsafe(caller.tell, f"Goes on: {self._name} answers again.")
