"""How much memory a server takes for pages that are looked at again and again."""

from __future__ import annotations

import itertools
import statistics
from pathlib import Path

import httpx

from tests.server.conftest import KEY
from tests.server.pages.furnishing import furnish
from tests.server.pages.looking import address_of, pages_of
from tests.support.serve_process import Served, serving

WARM_UP, MEASURED, SAMPLE = 500, 1_000, 50
MOST_MB = 2.0
"""Megabytes per thousand requests."""


def _memory_mb(served: Served) -> float:
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def test_a_thousand_requests_for_all_pages_leave_nothing_behind(tmp_path: Path) -> None:
    ids = furnish(tmp_path / "pages.db")
    addresses = itertools.cycle([address_of(one, ids) for one in pages_of("GET")])
    environment = {"ELLUMINATE_API_KEY": KEY}
    with (
        serving(tmp_path / "pages.db", "--no-work", environment=environment) as served,
        httpx.Client(base_url=served.base_url, trust_env=False, headers={"Origin": served.base_url}) as http,
    ):
        assert http.post("/login", data={"key": KEY}).status_code == 303

        def look(times: int) -> None:
            for _ in range(times):
                address = next(addresses)
                assert http.get(address).status_code == 200, address

        look(WARM_UP)
        taken = [_memory_mb(served)]
        for _ in range(MEASURED // SAMPLE):
            look(SAMPLE)
            taken.append(_memory_mb(served))
    thousands = [number * SAMPLE / 1_000 for number in range(len(taken))]
    slope = statistics.linear_regression(thousands, taken).slope
    print(f"{slope:.2f} MB per 1,000 requests, from {taken[0]:.0f} to {taken[-1]:.0f} MB")  # with -s or -rP
    assert slope < MOST_MB, taken
