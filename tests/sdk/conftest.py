"""A database of its own for each module of these tests, wherever they say `local::memory:`."""

from collections.abc import Iterator

import pytest

from elluminate_server import serving


@pytest.fixture(scope="module", autouse=True)
def memory_of_this_module() -> Iterator[None]:
    serving.stop_local_server(":memory:")
    yield
    serving.stop_local_server(":memory:")
