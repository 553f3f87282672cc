"""`elluminate serve` as a process of its own, as users run it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import field, frozen

READY_SECONDS = 60
STOP_SECONDS = 30


@frozen
class Served:
    """A running server.

    Attributes:
        base_url: Where it answers.
        api_key: Its default project's key.
        process: The process, to be killed or signalled.
    """

    base_url: str
    api_key: str = field(repr=False)
    process: subprocess.Popen[str]

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to use the server."""
        return {"ELLUMINATE_BASE_URL": self.base_url, "ELLUMINATE_API_KEY": self.api_key}


def clean_environment(**extra: str) -> dict[str, str]:
    """The process's environment without any setting of ours, and `extra`."""
    return {key: value for key, value in os.environ.items() if not key.startswith("ELLUMINATE_")} | extra


@contextmanager
def serving(
    database: Path | str,
    *arguments: str,
    port: int = 0,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """A server on a free port, until the block ends.

    Raises:
        AssertionError: It did not get ready; with what it printed.
    """
    command = [sys.executable, "-m", "elluminate", "serve", "--port", str(port), "--database", str(database)]
    command += arguments
    process = subprocess.Popen(
        command,
        env=clean_environment(**(environment or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    watchdog = threading.Timer(READY_SECONDS, process.kill)
    watchdog.start()
    exports: dict[str, str] = {}
    if environment is not None and "ELLUMINATE_API_KEY" in environment:  # it is not printed
        exports["ELLUMINATE_API_KEY"] = environment["ELLUMINATE_API_KEY"]
    printed = []
    for line in process.stdout:
        printed.append(line)
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            exports[name] = value.strip("'")
        if {"ELLUMINATE_BASE_URL", "ELLUMINATE_API_KEY"} <= exports.keys():
            break
    watchdog.cancel()
    assert len(exports) == 2, f"the server did not get ready: {''.join(printed)}"
    # Keep reading, so that the server never waits for a full pipe.
    reader = threading.Thread(target=process.stdout.read, daemon=True)
    reader.start()
    try:
        yield Served(exports["ELLUMINATE_BASE_URL"], exports["ELLUMINATE_API_KEY"], process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()
            reader.join()
            process.stdout.close()
