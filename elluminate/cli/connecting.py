"""Where a command evaluates, and what it says of that on standard error."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any, TextIO

from elluminate._tables import printable
from elluminate.async_client import AsyncClient

__all__ = ["connected", "say", "tell_warnings_in_lines", "where"]

_WHERE = ("ELLUMINATE_BASE_URL", "ELLUMINATE_API_KEY", "ELLUMINATE_OAUTH_TOKEN")
_MODELS = ("ELLUMINATE_LLM_BASE_URL", "ELLUMINATE_LLM_MODEL", "ELLUMINATE_LLM_API_KEY")


def connected(base_url: str | None, *, runs: bool = False) -> AsyncClient:
    """A client of the server that a command works with; with nothing set, of one in this process.

    Args:
        base_url: What the command line says; None for the environment.
        runs: Whether models are asked, so that it is said where none is configured.

    Raises:
        ConfigurationError: The environment cannot be used.
    """
    client = AsyncClient(base_url=where(base_url))
    if runs and client.session.config.is_local and not any(os.environ.get(name) for name in _MODELS):
        say(
            "No model is configured: answers and verdicts come from the built-in offline model, which knows nothing. "
            "Set ELLUMINATE_LLM_BASE_URL, ELLUMINATE_LLM_MODEL and ELLUMINATE_LLM_API_KEY for a real one."
        )
    return client


def where(base_url: str | None) -> str | None:
    """The address of the server that a command works with; with nothing set, this machine, which is said."""
    if base_url is None and not any(os.environ.get(name) for name in _WHERE):
        say("ELLUMINATE_BASE_URL and ELLUMINATE_API_KEY are not set: evaluating on this machine (local:).")
        return "local:"
    return base_url


def say(line: str) -> None:
    """Say something on standard error, whatever is in it."""
    if sys.stderr is None:  # closed, as by `2>&-`
        return
    text = f"{printable(line)}\n"
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stderr.flush()


def tell_warnings_in_lines() -> None:
    """Have this process tell warnings as lines for people, without the source of whoever warned; each once."""
    told: set[str] = set()

    def tell(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> Any:
        text = str(message)
        if text not in told:
            told.add(text)
            say(f"warning: {text}")

    warnings.showwarning = tell
    warnings.simplefilter("always", UserWarning)
