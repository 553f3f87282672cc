"""Projects of somebody else's, with tests of their own, which pytest runs in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from attrs import frozen

from tests.support.model_server import ModelServer
from tests.support.serve_process import clean_environment

__all__ = ["Ran", "TestProject", "judge_who_dislikes"]

_SECONDS = 120


@frozen
class Ran:
    """What a test run came to.

    Attributes:
        code: pytest's exit code.
        text: What it has printed.
    """

    code: int
    text: str


@frozen
class TestProject:
    """A folder with tests, and the model that is asked there."""

    __test__ = False

    folder: Path
    model: ModelServer

    def write(self, **files: str) -> None:
        """Write test modules, by their names."""
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")

    def run(self, *arguments: str, **environment: str) -> Ran:
        """Run pytest as a person does who stands in the folder."""
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:schemathesis", *arguments],
            cwd=self.folder,
            env=clean_environment(
                **{
                    "ELLUMINATE_LLM_BASE_URL": self.model.base_url,
                    "ELLUMINATE_LLM_MODEL": "scripted",
                    "COLUMNS": "160",
                    "PYTHONUTF8": "1",
                    **environment,
                }
            ),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_SECONDS,
        )
        return Ran(done.returncode, done.stdout + done.stderr)


def judge_who_dislikes(model: ModelServer, word: str) -> None:
    """Have a scripted judge say NO to each answer with a word in it, with a reason, and YES to all others."""
    model.verdict = lambda request: (
        f'{{"reasoning": "It says {word}.", "rating": "NO"}}'
        if word in request.json["messages"][1]["content"]
        else '{"reasoning": "Fine.", "rating": "YES"}'
    )
