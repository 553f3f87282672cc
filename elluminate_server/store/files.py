"""An SQLite database as files: nobody else's, and the same ones for as long as they are in use."""

import contextlib
import glob
import logging
import os
import time
from pathlib import Path

from elluminate_server.store.failures import DatabaseGoneError

__all__ = ["DatabaseFile", "create_privately"]

_logger = logging.getLogger("elluminate_server.store")

_LOOK_SECONDS = 1.0
_FOR_OTHERS = 0o077


def create_privately(path: Path) -> None:
    """Make a file that only its owner may read, unless it is there; SQLite would let everybody read it.

    What SQLite puts beside it, the write-ahead log above all, gets the same permissions. One that is there is not even
    opened: to close it would take away the locks that SQLite holds in this process
    (https://www.sqlite.org/howtocorrupt.html, section 2.2).

    Raises:
        OSError: It cannot be made.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


class DatabaseFile:
    """The file of a database that is in use.

    Args:
        path: It is made when it is not there.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        create_privately(self._path)
        self._identity = self._look()
        self._looked_at = time.monotonic()
        self._is_gone = False

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @property
    def is_there(self) -> bool:
        """Whether the path leads to the file that was opened."""
        return self._look() == self._identity

    def check(self, *, now: bool) -> None:
        """Make sure that what is read and written is what others find under the path.

        A file that was deleted or replaced stays open, and takes whatever is written: nobody would ever see it.

        Args:
            now: Look at once, for a write; a look within the last second is enough for a read.

        Raises:
            DatabaseGoneError: The path leads to no file, or to another one.
        """
        moment = time.monotonic()
        if now or self._is_gone or moment - self._looked_at > _LOOK_SECONDS:
            self._looked_at = moment
            is_gone = not self.is_there
            if is_gone and not self._is_gone:
                _logger.error(
                    "The database %s was deleted or replaced. Nothing is read or written any more: put the file back, "
                    "or start the server again.",
                    self._path,
                )
            elif self._is_gone and not is_gone:
                _logger.warning("The database %s is there again.", self._path)
            self._is_gone = is_gone
        if self._is_gone:
            raise DatabaseGoneError("The server's database file was deleted or replaced while it was in use.")

    def make_private(self) -> None:
        """Take it, what SQLite keeps beside it and its copies away from other users of the machine, and log that."""
        if os.name != "posix":
            return
        beside = [
            self._path.with_name(self._path.name + ending) for ending in ("", "-wal", "-shm", "-journal")
        ]
        copies = self._path.parent.glob(f"{glob.escape(self._path.name)}.*.backup")
        for path in (*beside, *copies):
            try:
                mode = path.stat().st_mode
                if mode & _FOR_OTHERS:
                    path.chmod(mode & 0o700)
                    _logger.warning(
                        "%s was open to other users of this machine; it is its owner's alone now.", path
                    )
            except FileNotFoundError:
                continue
            except OSError as error:
                _logger.warning("%s is open to other users, and stays so: %s", path, error.strerror)
