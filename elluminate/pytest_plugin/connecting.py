"""Which server evaluations run on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from _pytest.outcomes import Failed  # which type checkers know as a class; it is pytest.fail.Exception

from elluminate.client import Client
from elluminate.exceptions import ElluminateError

__all__ = ["connected"]

_FROM_THE_ENVIRONMENT = "env"


@contextmanager
def connected(server: str) -> Iterator[Client]:
    """A client, closed at the end.

    Args:
        server: An address, "env" for the environment's, "" for a new server in this process.
    """
    address = None if server == _FROM_THE_ENVIRONMENT else server
    try:
        client = Client(base_url=f"local::memory:pytest-{secrets.token_hex(6)}" if address == "" else address)
    except ElluminateError as error:
        raise Failed(f"no client for evaluations: {error}", pytrace=False) from None
    with client:
        yield client
