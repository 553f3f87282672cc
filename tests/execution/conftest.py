"""Fixtures of the tests of runs."""

import pytest

from tests.execution.backend import backend, backend_with_model, model_server

__all__ = ["anyio_backend", "backend", "backend_with_model", "model_server"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
