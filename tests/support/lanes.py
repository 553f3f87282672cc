"""Folders of tests that are lanes of their own, each with a target of the Makefile."""

from collections.abc import Callable
from pathlib import Path

import pytest

__all__ = ["asked_for_alone"]


def asked_for_alone(folder: str) -> Callable[[pytest.Config], bool | None]:
    """A `pytest_ignore_collect` that leaves a folder out of the plain suite, unless it is asked for by its path."""

    def pytest_ignore_collect(config: pytest.Config) -> bool | None:
        return None if any(folder in Path(argument).parts for argument in config.args) else True

    return pytest_ignore_collect
