"""The examples in the server's docstrings do what they say."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "settings",
        "app",
        "http.problems",
        "http.pages",
        "reading.presenting",
        "writing.naming",
        "writing.cells",
    ],
)
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(f"elluminate_server.{name}")

    assert doctest.testmod(module, extraglobs={"Settings": _settings()}).failed == 0


def _settings() -> object:
    from elluminate_server.settings import Settings

    return Settings
