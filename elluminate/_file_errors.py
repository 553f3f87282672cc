"""What befell a file, in words for the person who named it."""

from __future__ import annotations

import difflib
import errno
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elluminate._showing import quoted
from elluminate.exceptions import ValidationError

__all__ = ["named_files", "refuse_unwritable", "told_of_file", "told_of_surroundings"]

_MOST_BESIDE = 1_000
"""Files of a folder among which the nearest name is looked for."""
_LONGEST = 300


def told_of_file(error: OSError) -> str:
    """What the system says of a file, in words, with the way out where one is known.

    Args:
        error: As it was raised; of one that names no file, what it says itself.

    >>> told_of_file(FileNotFoundError(2, "No such file or directory", "/nowhere/suite.yaml"))
    "'/nowhere/suite.yaml' is not there: there is no folder '/nowhere'"
    """
    if not isinstance(error.filename, str | os.PathLike):
        return told_of_surroundings(error) or str(error)
    name = quoted(os.fspath(error.filename), _LONGEST)
    path = Path(error.filename).absolute()
    if isinstance(error, FileNotFoundError):
        folder = quoted(str(path.parent), _LONGEST)
        if not path.parent.is_dir():
            return f"{name} is not there: there is no folder {folder}"
        near = difflib.get_close_matches(path.name, _names_in(path.parent), n=1)
        hint = f" (did you mean {quoted(near[0], _LONGEST)}?)" if near else ""
        where = "" if Path(error.filename).is_absolute() else f" in the folder {folder}"
        return f"there is no file {name}{where}{hint}"
    if isinstance(error, IsADirectoryError):
        return f"{name} is a folder, and not a file"
    if isinstance(error, PermissionError):
        return f"{name} is not for this user to read or write; look at its permissions"
    return f"{name}: {error.strerror or type(error).__name__}"


def told_of_surroundings(error: OSError) -> str | None:
    """What the system says where no file is named: of a current folder that is gone, or output that takes no more.

    Args:
        error: As it was raised.

    Returns:
        It in words, with the way out; None of anything else.
    """
    if error.filename is not None:
        return None
    if isinstance(error, FileNotFoundError) and not _is_in_a_folder():
        return "the current folder is not there any more: change to another one, and try again"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None), errno.EFBIG):
        return f"what was to be written could not be, in whole ({error.strerror}): make room, or write it elsewhere"
    return None


def _is_in_a_folder() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


@contextmanager
def named_files() -> Iterator[None]:
    """Have what befalls a file within the block told in words: an error of the same kind, with `told_of_file`'s.

    Raises:
        OSError: Of the kind that the system has for it.
    """
    try:
        yield
    except OSError as error:
        if not isinstance(error.filename, str | os.PathLike):
            raise
        told = type(error)(told_of_file(error))
        told.errno = error.errno
        raise told from None


def refuse_unwritable(path: Path) -> None:
    """Refuse a path that no file can be written to, for its folder or its permissions: before anything is done for it.

    Raises:
        ValidationError: So it is.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise ValidationError(
            f"{str(path)!r}: there is no folder {str(folder)!r} to write it into; make it first"
        )
    if path.is_dir():
        raise ValidationError(f"{str(path)!r} is a folder, and not a file to write")
    if path.exists():
        if not os.access(path, os.W_OK):
            raise ValidationError(f"{str(path)!r} is not for this user to write; look at its permissions")
    elif not os.access(folder, os.W_OK):
        raise ValidationError(f"{str(path)!r}: nothing can be written into {str(folder)!r}")


def _names_in(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return [one.name for one in itertools.islice(found, _MOST_BESIDE)]
    except OSError:
        return []
