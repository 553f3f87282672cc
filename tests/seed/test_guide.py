"""Every program of the guide runs as it stands: against a server, and in its own process with `local:`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.serve_process import Served, clean_environment, serving

PROGRAMS = sorted((Path(__file__).parent / "guide").glob("[0-9][0-9]_*.py"))
SECONDS = 120


def run(program: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, program.name],
        cwd=program.parent,
        env=clean_environment(**environment, PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("guide") / "served.db") as served:
        yield served


@pytest.fixture(scope="module")
def local_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guide") / "local.db"


def test_there_are_all_of_them() -> None:
    assert len(PROGRAMS) == 22


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_against_a_server_twice(program: Path, server: Served) -> None:
    run(program, server.environment)
    run(program, server.environment)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_in_this_process_without_a_key_twice(program: Path, local_database: Path) -> None:
    run(program, {"ELLUMINATE_BASE_URL": f"local:{local_database}"})
    run(program, {"ELLUMINATE_BASE_URL": f"local:{local_database}"})
