"""What can become of a request on its way, and a schedule of it that a seed repeats."""

from __future__ import annotations

import enum
import os
import random
from collections import Counter
from collections.abc import Mapping

from attrs import Factory, define, field, frozen

__all__ = ["CLIENT_SIDE", "MODEL_SIDE", "STALLED", "Drawn", "Fault", "Schedule", "seeds"]


class Fault(enum.Enum):
    """One thing that goes wrong."""

    REFUSED = "the connection is broken off, and no other one is taken for a moment"
    RESET_UNREAD = "a reset before the request was read to its end"
    RESET_ANSWERED = "a reset instead of the answer to a request that was passed on"
    DROPPED = "both connections are gone as soon as the request was passed on"
    CUT = "half the answer, and the end"
    DELAYED = "the request is passed on late"
    STALLED = "nothing comes, until the other side gives up; the request was not passed on"
    STALLED_AFTER = "nothing comes, until the other side gives up; the request was passed on"
    BUSY = "429"
    BUSY_AFTER = "429 with Retry-After"
    GATEWAY = "502, not passed on"
    GATEWAY_LOST = "502 instead of the answer to a request that was passed on"
    AWAY = "503"
    AWAY_AFTER = "503 with Retry-After"
    TIME_OUT = "504, not passed on"
    TIME_OUT_LOST = "504 instead of the answer to a request that was passed on"
    BROKEN = "500, not passed on"
    PAGE_502 = "an HTML page with status 502"
    PAGE_200 = "an HTML page with status 200"
    SLOW = "the answer in small pieces"


STALLED = frozenset({Fault.STALLED, Fault.STALLED_AFTER})

CLIENT_SIDE: Mapping[Fault, float] = {
    **dict.fromkeys(Fault, 1.0),
    **dict.fromkeys(STALLED, 0.1),  # each one costs a client its whole time limit
    Fault.BROKEN: 0.0,  # a client does not repeat after it, as it says nothing about what was done
}
"""How often each fault comes between a client and its server, in parts of all."""

MODEL_SIDE: Mapping[Fault, float] = {
    **dict.fromkeys(Fault, 1.0),
    **dict.fromkeys(STALLED, 0.1),
    Fault.BROKEN: 1.0,
    # A server waits for half a second and more at an endpoint that is away.
    **dict.fromkeys((Fault.BUSY, Fault.AWAY, Fault.GATEWAY, Fault.PAGE_502, Fault.TIME_OUT), 0.3),
}
"""The same between a server and a model."""


@frozen
class Drawn:
    """What becomes of one request.

    Attributes:
        fault: What goes wrong; None for nothing.
        share: A number from 0 to 1 that says how much of it.
    """

    fault: Fault | None
    share: float


@define
class Schedule:
    """What becomes of one request after the other: the same for the same seed and order.

    Args:
        seed: Where chance begins.
        share: Of all requests, how many fail.
        weights: How often each fault comes.
        most_in_a_row: How many times one request fails at most; a careful client tries once more.

    Attributes:
        met: How often each fault came.
        pages_wanted: Whether an HTML page with status 200 may come to the next request: no client repeats after it by
            itself, so that whoever repeats says where. It always may come to a poll, which others follow.
        are_pages_repeated: Whether it may come to any request, because it is repeated like all others.
    """

    seed: int
    share: float
    weights: Mapping[Fault, float]
    most_in_a_row: int
    met: Counter[Fault] = field(factory=Counter)
    pages_wanted: bool = False
    are_pages_repeated: bool = False
    _failed: Counter[str] = field(factory=Counter)
    _chance: random.Random = Factory(lambda self: random.Random(self.seed), takes_self=True)

    @property
    def total(self) -> int:
        """How many faults there were."""
        return self.met.total()

    def __str__(self) -> str:
        return ", ".join(f"{count} {fault.name}" for fault, count in self.met.most_common())

    def draw(self, name: str) -> Drawn:
        """What becomes of a request.

        Args:
            name: The same for every attempt of one request.
        """
        # As many numbers whatever comes of them, so that a schedule does not shift by what requests there are.
        failing, kind, share = (self._chance.random() for _ in range(3))
        (fault,) = random.Random(kind).choices([*self.weights], [*self.weights.values()])
        if failing >= self.share or self._failed[name] >= self.most_in_a_row:
            self.pages_wanted = False
            del self._failed[name]
            return Drawn(None, share)
        is_repeated = self.are_pages_repeated or self.pages_wanted or "/generation/" in name
        if fault is Fault.PAGE_200 and not is_repeated:
            fault = Fault.PAGE_502
        self.pages_wanted = self.pages_wanted and fault is Fault.PAGE_200
        self._failed[name] += 1
        self.met[fault] += 1
        return Drawn(fault, share)


def seeds(*usual: int) -> list[int]:
    """The seeds that a test runs with; `FAULTS_SEED` names one to run with instead."""
    given = os.environ.get("FAULTS_SEED", "")
    return [int(given)] if given else list(usual)
