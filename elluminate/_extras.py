"""Saying what to install when a program needs a package that comes with an extra."""

from __future__ import annotations

from elluminate._distribution import DISTRIBUTION

_OURS = {"elluminate", "elluminate_api"}


def how_to_install(error: ModuleNotFoundError, extra: str) -> str:
    """Which package is missing, and the extra that brings it; for a message.

    Raises:
        ModuleNotFoundError: The error itself: what is missing is a part of this package, and no extra brings it.
    """
    if (error.name or "").partition(".")[0] in _OURS:
        raise error
    return (
        f"{error.name}, which is not installed; "
        f'install {DISTRIBUTION} with its extra "{extra}" (in a checkout: pip install ".[{extra}]")'
    )
