"""The program of the congruence tests, run through faults, and what it left behind."""

from __future__ import annotations

import faulthandler
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from elluminate import Client, RetryConfig
from tests.congruence.program import program
from tests.faults.careful import CarefulCaller
from tests.faults.faults import Schedule
from tests.faults.proxy import FaultyProxy
from tests.faults.state import audited, counted, stored
from tests.support.model_server import ModelServer
from tests.support.serve_process import serving
from tests.support.worlds import entered

__all__ = ["BOUND", "IN_A_ROW", "PATIENT", "Ran", "environment_of", "run_program", "within"]

IN_A_ROW = 7
"""How often one request fails at most."""
BOUND = 240.0
"""Seconds after which a program is said to hang."""
PATIENT = RetryConfig(max_attempts=IN_A_ROW + 5, min_wait=0.005, max_wait=0.1)
_CLIENT_SECONDS = 2.0
"""How long a client waits for an answer, and so what a stall costs."""


@frozen
class Ran:
    """What a program left behind.

    Attributes:
        record: What its calls gave.
        stored: What there is in the end.
        counted: How many rows there are in the database.
        audited: How many requests its audit log tells of, by method and operation.
        calls: How many calls it made.
        repeated: Which of them it made again.
        lost_keys: How many API keys were made that nobody has got.
    """

    record: list[tuple[str, Any]]
    stored: dict[str, Any]
    counted: dict[str, int]
    audited: Counter[tuple[str, str]]
    calls: int
    repeated: list[str]
    lost_keys: int


def run_program(kind: str, folder: Path, schedule: Schedule) -> Ran:
    """Run the program with faults between client and server."""
    database = folder / "served.db"
    with serving(database) as served, ModelServer() as provider, environment_of(served.environment):
        with (
            FaultyProxy(served.base_url, schedule) as proxy,
            entered(kind) as world,
            world.opened(
                proxy.base_url, served.api_key, retry_config=PATIENT, timeout=_CLIENT_SECONDS
            ) as client,
        ):
            caller = CarefulCaller(world, client, provider, folder, schedule)
            within(BOUND, lambda: world.run(program(caller)))
        with Client(served.base_url, served.api_key) as reader:
            left = stored(reader)
    return Ran(
        caller.record,
        left,
        counted(database),
        audited(database),
        caller.calls,
        caller.repeated,
        caller.lost_keys,
    )


@contextmanager
def environment_of(settings: Mapping[str, str]) -> Iterator[None]:
    """What `evaluate` makes its client from, which goes straight to the server: it has no retries to be set."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("ELLUMINATE_OAUTH_TOKEN", raising=False)
        for name, value in settings.items():
            environment.setenv(name, value)
        yield


def within(seconds: float, work: Callable[[], object]) -> None:
    """Do something that must not hang.

    Raises:
        AssertionError: It did not end; where it hangs was printed.
    """
    failed: list[BaseException] = []

    def done() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            failed.append(error)

    thread = threading.Thread(target=done, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        faulthandler.dump_traceback()
        raise AssertionError(f"it hangs: it did not end within {seconds:g} s")
    if failed:
        raise failed[0]
