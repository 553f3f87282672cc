"""A server that is killed in the middle of a request, and started again on its database."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from attrs import define, field

from tests.execution.test_kill import expire_leases, kill
from tests.support.serve_process import Served, serving

__all__ = ["API_KEY", "Lives", "chosen", "living"]

API_KEY = "key-of-all-starts"


@define
class Lives:
    """A server, one start after the other.

    Attributes:
        database: Its file.
        environment: Its settings.
        stack: Ends whatever was started.
        served: How it runs now.
        kills: How many starts were killed.
        port: Where it starts; 0 for any free port, another one for each start.
    """

    database: Path
    environment: Mapping[str, str]
    stack: ExitStack
    served: Served = field(init=False)
    kills: int = 0
    port: int = 0

    def start(self) -> None:
        """Start it, and say where in `served`."""
        starting = serving(self.database, port=self.port, environment=self.environment)
        self.served = self.stack.enter_context(starting)

    def stay_here(self) -> None:
        """Have further starts on the port of this one, as browsers expect it."""
        self.port = urlsplit(self.served.base_url).port or 0

    def kill_and_start(self) -> str:
        """Kill it, have its leases run out, and start it again; where it is then."""
        kill(self.served)
        expire_leases(str(self.database))
        self.kills += 1
        self.start()
        return self.served.base_url


@contextmanager
def living(database: Path, environment: Mapping[str, str] | None = None) -> Iterator[Lives]:
    """A server that may be killed."""
    with ExitStack() as stack:
        lives = Lives(database, {"ELLUMINATE_API_KEY": API_KEY, **(environment or {})}, stack)
        lives.start()
        yield lives


def chosen(seed: int, count: int, most: int) -> dict[int, bool]:
    """Numbers of requests, and whether it is before they are passed on."""
    chance = random.Random(seed)
    return {number: chance.random() < 0.5 for number in chance.sample(range(2, most + 1), count)}
