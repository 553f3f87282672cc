"""One-time codes in the links that a start prints, so that nobody types a key on their own machine."""

import hashlib
import secrets
import time
from collections.abc import Callable

from elluminate_server.http.access import Principal

__all__ = ["LoginCodes"]

LIFETIME = 60.0
"""Seconds."""


class LoginCodes:
    """Codes of this process, which keeps their digests in memory alone.

    Args:
        now: A clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._codes: dict[bytes, tuple[float, Principal]] = {}

    def make(self, principal: Principal) -> str:
        """A code that opens one session, within a minute."""
        code = secrets.token_urlsafe(32)
        self._forget_old()
        self._codes[_digest(code)] = (self._now() + LIFETIME, principal)
        return code

    def take(self, code: str) -> Principal | None:
        """Whom the code stands for, once; None where it was used, is too old, or never was."""
        self._forget_old()
        found = self._codes.pop(_digest(code), None)
        return None if found is None else found[1]

    def _forget_old(self) -> None:
        now = self._now()
        self._codes = {digest: one for digest, one in self._codes.items() if one[0] > now}


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogateescape")).digest()
