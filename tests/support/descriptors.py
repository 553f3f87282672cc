"""A process that may open nothing: no file and no connection. What is open stays usable."""

import contextlib
import sys
from collections.abc import Iterator

import pytest

__all__ = ["needs_a_limit", "no_descriptors"]

needs_a_limit = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """Let this process open nothing at all."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
