"""The reference shows a client's methods under both clients, as each has them."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from elluminate import AsyncClient, Client

griffe = pytest.importorskip("griffe", reason="comes with the extra docs")
ROOT = Path(__file__).parents[2]


def test_the_reference_has_every_method_of_client_as_it_blocks() -> None:
    extensions = griffe.load_extensions(str(ROOT / "docs" / "docstrings.py"))
    package = griffe.load("elluminate", search_paths=[str(ROOT)], extensions=extensions)
    shown = package["client.Client"].all_members
    operations = [
        name
        for name, member in inspect.getmembers(AsyncClient, inspect.isroutine)
        if not name.startswith("_") and hasattr(Client, name)
    ]

    assert len(operations) > 60
    assert [name for name in operations if not shown[name].is_function or not shown[name].docstring] == []
    assert "async" not in shown["run_experiment"].labels
    assert str(shown["run_experiment"].returns) == "Experiment"
    assert str(shown["iter_experiments"].returns) == "Iterator[Experiment]"
