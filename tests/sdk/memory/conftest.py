"""Collected only when this folder is asked for by its path: reading so much is too slow for the plain suite."""

from pathlib import Path

import pytest


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the folder out of the plain suite."""
    return None if any("memory" in Path(argument).parts for argument in config.args) else True
