"""`elluminate worker` as a process of its own, as users run it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.serve_process import READY_SECONDS, STOP_SECONDS, clean_environment

__all__ = ["kill", "working"]


@contextmanager
def working(
    database: Path | str, *arguments: str, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """A worker that is ready, until the block ends; it may have ended before.

    Raises:
        AssertionError: It did not get ready; with what it printed.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "elluminate", "worker", "--database", str(database), *arguments],
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    watchdog = threading.Timer(READY_SECONDS, process.kill)
    watchdog.start()
    printed = []
    for line in process.stdout:
        printed.append(line)
        if line.startswith("elluminate works"):
            break
    else:
        raise AssertionError(f"the worker did not get ready: {''.join(printed)}")
    watchdog.cancel()
    # Keep reading, so that the worker never waits for a full pipe.
    reader = threading.Thread(target=process.stdout.read, daemon=True)
    reader.start()
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()
            reader.join()
            process.stdout.close()


def kill(process: subprocess.Popen[str]) -> None:
    """`kill -9`."""
    process.kill()
    process.wait(STOP_SECONDS)
