"""The published client, in interpreters of its own; collected only when this folder is asked for by its path."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.published import OURS, install
from tests.support.lanes import asked_for_alone

pytest_ignore_collect = asked_for_alone("interop")
"""The plain suite must pass without a package index."""


@pytest.fixture(scope="session")
def interpreter(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Tells the interpreter that has a version of the client; it is made where there is none yet."""
    folder = request.config.cache.mkdir("interop")

    def found(version: str) -> Path:
        return Path(sys.executable) if version == OURS else install(version, folder / version)

    return found
