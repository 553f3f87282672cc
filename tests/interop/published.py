"""The published client as a black box: interpreters that have it, and programs run by them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from attrs import field, frozen

from tests.support.recording_proxy import Recorded, recording
from tests.support.serve_process import clean_environment, serving

NEWEST = "1.5.2"
OURS = "ours"
PROGRAMS = Path(__file__).with_name("programs")

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
"""The versions of everything that the published client brings along."""

_BESIDES = {"1.1.13": ("httpx",), "1.0.6": ("httpx",)}
"""What older versions import and do not require: a dependency of theirs used to bring it."""

_INSTALL_SECONDS = 300
_PROGRAM_SECONDS = 120


@frozen
class Outcome:
    """What came of a program.

    Attributes:
        summary: What it noted.
        requests: What it sent.
        messages: What it said on standard error.
    """

    summary: dict[str, Any]
    requests: list[Recorded] = field(repr=False)
    messages: str


def install(version: str, folder: Path) -> Path:
    """A virtual environment with a version of the published client, made unless it is there; its interpreter.

    Raises:
        subprocess.SubprocessError: It cannot be installed, or not in time.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pins = hashlib.sha256(CONSTRAINTS.read_bytes()).hexdigest()[:12]
    ready = folder / f"ready-{version}-{pins}"
    if ready.exists():
        return python
    _checked([sys.executable, "-m", "venv", "--clear", str(folder)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _checked([*pip, "-c", str(CONSTRAINTS), f"elluminate=={version}", *_BESIDES.get(version, ())])
    ready.touch()
    return python


def installed(python: Path) -> dict[str, str]:
    """Names and versions of everything that an interpreter has, without pip itself."""
    frozen = _checked([str(python), "-m", "pip", "freeze", "--quiet", "--disable-pip-version-check"])
    return _pins(frozen)


def pinned() -> dict[str, str]:
    """Names and versions of `CONSTRAINTS`."""
    return _pins(CONSTRAINTS.read_text(encoding="utf-8"))


def _pins(text: str) -> dict[str, str]:
    lines = (line.partition("==") for line in text.splitlines() if "==" in line)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, _, version in lines}


def _checked(command: list[str]) -> str:
    done = subprocess.run(command, env=clean_environment(), capture_output=True, timeout=_INSTALL_SECONDS)
    assert done.returncode == 0, f"{' '.join(command[1:])}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode(errors="replace")


def run(python: Path, version: str, program: str, mode: str, folder: Path, **environment: str) -> Outcome:
    """Run a program against a fresh server, through a proxy that takes down its requests.

    Args:
        python: The interpreter that has the client.
        version: Of the client, or OURS.
        program: Name of a file in `programs/`, without its ending.
        mode: "blocking" or "async".
        folder: Where the server's database goes.
        environment: Further variables for the program.

    Raises:
        AssertionError: It failed; with what it printed and its last requests.
    """
    with ExitStack() as stack:
        served = stack.enter_context(serving(folder / f"{version}-{program}-{mode}.db"))
        proxy = stack.enter_context(recording(served.base_url))
        settings = {**served.environment, "ELLUMINATE_BASE_URL": proxy.base_url, **environment}
        level = NEWEST if version == OURS else version
        variables = clean_environment(**settings, INTEROP_LEVEL=level, PYTHONUTF8="1")
        variables.pop("PYTHONPATH", None)  # it may lead to our client
        done = subprocess.run(
            [str(python), str(PROGRAMS / f"{program}.py"), mode],
            env=variables,
            capture_output=True,
            encoding="utf-8",
            timeout=_PROGRAM_SECONDS,
        )
        requests = list(proxy.requests)
    if done.returncode != 0:
        last = "\n".join(f"{request} {request.answer[:2000]}" for request in requests[-3:])
        raise AssertionError(
            f"{program}.py {mode}, client {version}: {done.stderr}\nits last requests:\n{last}"
        )
    return Outcome(json.loads(done.stdout.splitlines()[-1]), requests, done.stderr)
