"""A consumer's view of the types: exact for right calls, and an error for every wrong one, with both checkers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

HERE = Path(__file__).parent
CONSUMER, WRONG_CALLS = HERE / "consumer.py", HERE / "wrong_calls.py"
LIMIT_SECONDS = 240

Reported: TypeAlias = dict[int, str]
Checker: TypeAlias = Callable[[Path, Path], Reported]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # From an empty folder, as a consumer does: the project's own settings and folders are not theirs.
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LIMIT_SECONDS,
        check=False,
    )


def mypy(folder: Path, file: Path) -> Reported:
    """Lines that `mypy --strict` reports, with what it says."""
    arguments = ("--strict", "--show-error-codes", "--no-error-summary", "--config-file=", str(file))
    done = run(folder, "mypy", *arguments)
    reported: Reported = {}
    for line in done.stdout.splitlines():
        found = re.match(r"(.+?):(\d+): error: (.*)", line)
        if found:
            assert Path(found[1]).name == file.name, line
            reported[int(found[2])] = found[3]
    assert done.returncode == (1 if reported else 0), done.stdout + done.stderr
    return reported


def pyright(folder: Path, file: Path) -> Reported:
    """Lines that pyright reports, with what it says."""
    done = run(folder, "pyright", "--outputjson", "--pythonpath", sys.executable, str(file))
    answer = json.loads(done.stdout)
    assert answer["summary"]["filesAnalyzed"] >= 1
    return {
        finding["range"]["start"]["line"] + 1: finding["message"]
        for finding in answer["generalDiagnostics"]
        if finding["severity"] == "error"
    }


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_consumers_program_has_exact_types(checker: Checker, tmp_path: Path) -> None:
    assert checker(tmp_path, CONSUMER) == {}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_every_wrong_call_is_reported(checker: Checker, tmp_path: Path) -> None:
    lines = WRONG_CALLS.read_text(encoding="utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("# E")}
    reported = checker(tmp_path, WRONG_CALLS)
    missed = [lines[number - 1].strip() for number in sorted(wrong - reported.keys())]
    assert missed == []
    assert {number: reported[number] for number in sorted(reported.keys() - wrong)} == {}


def test_the_consumer_uses_enough_to_say_something() -> None:
    text = CONSUMER.read_text(encoding="utf-8")
    methods = set(re.findall(r"\.(\w+)\(", text))
    assert text.count("assert_type(") >= 50
    assert len(methods) >= 30
