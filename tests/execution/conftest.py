"""Fixtures of the tests of runs."""

from tests.execution.backend import backend, backend_with_model, model_server

__all__ = ["backend", "backend_with_model", "model_server"]
