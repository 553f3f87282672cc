"""What this process lacks for the moment: file descriptors, buffers, memory. That says nothing about a model."""

import errno
import os
import socket
from collections.abc import Iterator

__all__ = ["SHORTAGES", "ShortageError", "shortage_of"]

SHORTAGES = {
    errno.EMFILE: "it has no file descriptors left",
    errno.ENFILE: "its machine has no file descriptors left",
    errno.ENOBUFS: "its machine has no buffers left",
    errno.ENOMEM: "it has no memory left",
}
"""Numbers of errors in words; what they tell of is the server."""

# What Windows calls the same, of sockets.
for _name, _number in (("WSAEMFILE", errno.EMFILE), ("WSAENOBUFS", errno.ENOBUFS)):
    SHORTAGES.setdefault(getattr(errno, _name, _number), SHORTAGES[_number])


class ShortageError(OSError):
    """A model was not asked, or its answer not read, for want of something that this process lacks.

    No `ModelError`: what becomes of a model's failure would be false here. The call may be made again.

    Attributes:
        errno: A key of `SHORTAGES`.
    """


def shortage_of(error: BaseException) -> int | None:
    """The number of the shortage that an error goes back to; None where it goes back to none."""
    for cause in _causes(error):
        if isinstance(cause, MemoryError):
            return errno.ENOMEM
        if isinstance(cause, OSError) and cause.errno in SHORTAGES:
            return cause.errno
        if _may_be_of_a_resolver(cause) and (lacking := _lacking_descriptors()):
            return lacking
    return None


def _may_be_of_a_resolver(error: BaseException) -> bool:
    """Whether it may say of a name what is so of descriptors; some resolvers (mDNS) say "invalid argument"."""
    return isinstance(error, socket.gaierror) or (isinstance(error, OSError) and error.errno == errno.EINVAL)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and all that it was raised from or while handling."""
    seen: set[int] = set()
    left = [error]
    while left:
        cause = left.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        left += [further for further in (cause.__cause__, cause.__context__) if further is not None]
        if isinstance(cause, BaseExceptionGroup):
            left += cause.exceptions


def _lacking_descriptors() -> int | None:
    """Whether a file can be opened now: a resolver that could not open its own says that the name is not known."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno if error.errno in SHORTAGES else None
    return None
