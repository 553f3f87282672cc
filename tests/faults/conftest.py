"""Collected only when this folder is asked for by its path: hundreds of faults, and killed servers, take minutes."""

import pytest

from tests.faults.faults import CLIENT_SIDE, Schedule
from tests.faults.running import Ran, run_program
from tests.support.lanes import asked_for_alone

pytest_ignore_collect = asked_for_alone("faults")


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """What the program leaves behind without any fault, run by the blocking client."""
    return run_program("blocking", tmp_path_factory.mktemp("expected"), Schedule(0, 0.0, CLIENT_SIDE, 0))
