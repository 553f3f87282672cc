"""One of everything for each module of tests, read by the blocking and by the async client of one server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk.both_ways import BothWays, Way, both_ways


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothWays]:
    with both_ways(tmp_path_factory.mktemp("both")) as found:
        yield found


@pytest.fixture(params=["blocking", "async"])
def way(request: pytest.FixtureRequest, both: BothWays) -> Way:
    return both.ways[request.param]
