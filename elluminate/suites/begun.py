"""Which runs of suites have begun on this machine and are not over: what a later run of the same suite goes on with.

Each has a file in the user's data folder, which says the name of its experiment, and which its process holds locked
for as long as it lives. A run that is over takes its file away. So a file that nobody holds is of a run that was
broken off, by whatever; and a run that is under way is nobody else's to go on with. Of runs on other machines nothing
is known here, so that none of them is taken for one that was broken off.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from attrs import define

__all__ = ["BegunRun", "begun_run"]

_FOLDER = "suite-runs"
_LOCKED_BYTE = 1 << 30
"""Where files are locked on Windows, which keeps others from reading what is locked."""
_MOST_TRIED = 10
_KEPT_SECONDS = 60 * 24 * 3600
"""A run that was broken off longer ago is forgotten."""


@define
class BegunRun:
    """A run that has begun, and that is this process's alone.

    Attributes:
        experiment: The name of its experiment.
        was_broken_off: Whether an earlier process has begun it.
    """

    experiment: str
    was_broken_off: bool
    _path: Path
    _file: IO[str]

    def begin_anew(self, experiment: str) -> None:
        """There is nothing to go on with; this is a run of another experiment.

        Args:
            experiment: The name of that.
        """
        self._file.seek(0)
        self._file.truncate()
        self._file.write(experiment)
        self._file.flush()
        self.experiment, self.was_broken_off = experiment, False

    def end(self) -> None:
        """It is over, so that no later run goes on with it."""
        # Emptied first: who has opened it meanwhile, and gets the lock next, finds that there is nothing.
        self._file.truncate(0)
        self._file.close()
        self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def begun_run(key: str, experiment: str, *, anew: bool = False) -> Iterator[BegunRun | None]:
    """The run that was broken off under this key; else a new one. It is left for a later one unless it is over.

    Args:
        key: What equal runs have in common, of letters and digits.
        experiment: The name of the experiment of a new run.
        anew: Whether there is to be a new one in any case.

    Yields:
        The run; None where nothing can be kept on this machine.
    """
    try:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        _forget_old(folder)
        run = (None if anew else _broken_off(folder, key)) or _new(folder, key, experiment)
    # Where there is no home, or none to write into, nothing can be gone on with.
    except (ImportError, OSError, RuntimeError):
        yield None
        return
    try:
        yield run
    finally:
        with contextlib.suppress(OSError):
            if run is not None:
                run._file.close()


def _folder() -> Path:
    import platformdirs  # which comes with the extras "server" and "cli"

    return platformdirs.user_data_path("elluminate", appauthor=False) / _FOLDER


def _broken_off(folder: Path, key: str) -> BegunRun | None:
    """The first run of the key whose process is gone."""
    for path in sorted(folder.glob(f"{key}-*")):
        try:
            file = path.open("r+", encoding="utf-8")
        except FileNotFoundError:  # it is over meanwhile
            continue
        if _is_locked_by(file):
            experiment = file.read().strip()
            if experiment:  # else it is over, or is about to say its name
                return BegunRun(experiment, True, path, file)
        file.close()
    return None


def _forget_old(folder: Path) -> None:
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - _KEPT_SECONDS:
                path.unlink()


def _new(folder: Path, key: str, experiment: str) -> BegunRun | None:
    for _ in range(_MOST_TRIED):
        path = folder / f"{key}-{secrets.token_hex(4)}"
        file = path.open("x+", encoding="utf-8")
        if _is_locked_by(file):
            file.write(experiment)
            file.flush()
            return BegunRun(experiment, False, path, file)
        file.close()  # somebody looks at this very moment what it says
    return None


def _is_locked_by(file: IO[str]) -> bool:
    """Lock a file until it is closed, or its process ends; False where somebody else has it locked.

    Raises:
        OSError: Files cannot be locked there.
    """
    try:
        if sys.platform == "win32":
            locking: Any = import_module("msvcrt")
            os.lseek(file.fileno(), _LOCKED_BYTE, os.SEEK_SET)
            locking.locking(file.fileno(), locking.LK_NBLCK, 1)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
