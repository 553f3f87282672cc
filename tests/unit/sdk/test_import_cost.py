"""Importing the package costs next to nothing: counted in modules, which no machine's load changes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "aiohttp",
    "alembic",
    "anyio",
    "asyncio",
    "attrs",
    "concurrent.futures",
    "dateutil",
    "elluminate_api",
    "elluminate_server",
    "httpcore",
    "httpx",
    "msgspec",
    "opentelemetry",
    "pydantic",
    "sqlalchemy",
    "ssl",
    "starlette",
    "uvicorn",
)


def modules_after(statements: str) -> set[str]:
    """The modules that a fresh interpreter holds after these statements."""
    check = f"{statements}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    return set(json.loads(done.stdout))


def heavy(modules: set[str]) -> set[str]:
    return {name for name in HEAVY if any(m == name or m.startswith(f"{name}.") for m in modules)}


def test_importing_the_package_loads_only_the_standard_librarys_logging() -> None:
    before = modules_after("import json, logging, typing")
    added = modules_after("import elluminate") - before
    assert heavy(added) == set()
    assert {name for name in added if name.startswith("elluminate")} == {"elluminate"}
    assert len(added) <= 15, sorted(added)


def test_names_are_listed_without_loading_them() -> None:
    added = modules_after("import elluminate; dir(elluminate); elluminate.__all__; elluminate.__version__")
    assert heavy(added) == set()


@pytest.mark.parametrize("name", ["NotFoundError", "RetryConfig"])
def test_an_exception_does_not_load_the_http_library(name: str) -> None:
    assert "httpx" not in modules_after(f"from elluminate import {name}")


def test_a_client_does_not_load_the_server() -> None:
    added = modules_after("from elluminate import Client, AsyncClient; AsyncClient('http://evals.test', 'k')")
    assert heavy(added).isdisjoint(
        {
            *("elluminate_server", "starlette", "sqlalchemy", "alembic", "uvicorn", "aiohttp", "pydantic"),
            "opentelemetry",
        }
    )


def test_an_unknown_name_is_an_attribute_error() -> None:
    import elluminate

    with pytest.raises(AttributeError, match="module 'elluminate' has no attribute 'Clinet'"):
        elluminate.Clinet  # noqa: B018
    with pytest.raises(AttributeError, match=r"module 'elluminate\.schemas' has no attribute 'Promt'"):
        elluminate.schemas.Promt  # noqa: B018
