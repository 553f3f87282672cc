"""Five hundred faults over a program of two hundred operations: the same results, and the same in the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.faults import CLIENT_SIDE, Schedule, seeds
from tests.faults.running import IN_A_ROW, Ran, run_program

FAULTS = 500
SHARE = 0.68
"""Of all requests; the program makes some 280 that have to come through."""


@pytest.mark.parametrize("seed", seeds(1, 2))
@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_a_program_gets_the_same_through_five_hundred_faults(
    kind: str, seed: int, expected: Ran, tmp_path: Path
) -> None:
    schedule = Schedule(seed, SHARE, CLIENT_SIDE, IN_A_ROW)
    print(f"FAULTS_SEED={seed}")
    ran = run_program(kind, tmp_path, schedule)
    print(f"{ran.calls} calls, {schedule.total} faults, {len(ran.repeated)} calls made again: {schedule}")

    assert ran.calls == expected.calls >= 200
    assert [name for name, _ in ran.record] == [name for name, _ in expected.record]
    for (name, got), (_, wanted) in zip(ran.record, expected.record, strict=True):
        assert got == wanted, name
    for kind_of, wanted in expected.stored.items():
        assert ran.stored[kind_of] == wanted, kind_of
    # A key whose only answer was lost stays, revoked.
    assert ran.counted == {**expected.counted, "api_keys": expected.counted["api_keys"] + ran.lost_keys}
    _assert_is_audited(ran, expected)
    assert schedule.total >= FAULTS


def _assert_is_audited(ran: Ran, expected: Ran) -> None:
    """A change has a line, and one that honours a key has no second one: PUT and DELETE are done again instead."""
    assert ran.audited.keys() == expected.audited.keys()
    made = {operation: count for (method, operation), count in ran.audited.items() if method == "POST"}
    wanted = {operation: count for (method, operation), count in expected.audited.items() if method == "POST"}
    assert made == {**wanted, "create_api_key": wanted["create_api_key"] + ran.lost_keys}
    assert all(ran.audited[what] >= count for what, count in expected.audited.items())
