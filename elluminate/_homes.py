"""Where classes live for users, in tracebacks, pickles and the documentation.

`elluminate.schemas.LLMConfig` is what these should say, although the class itself is the generated one, which both
sides of the wire use; and `elluminate.streaming.ExperimentProgress`, although runs know it, which are below streams.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, TypeVar

from attrs import has

K = TypeVar("K", bound=type[Any])

_GENERATED = "elluminate_api."


def settle(kind: type[Any], home: str) -> None:
    """Let a generated class say that `home` is its module; a class that has a home already keeps it."""
    if kind.__module__.startswith(_GENERATED):
        _move(kind, home)


def at_home_in(home: str) -> Callable[[K], K]:
    """Let a class of this package say that `home` is its module."""

    def moved(kind: K) -> K:
        _move(kind, home)
        return kind

    return moved


def _move(kind: type[Any], home: str) -> None:
    """Let a class name `home`, which must offer it under its own name.

    Whoever reads string annotations (msgspec, attrs, typing) looks names up in the module that a class names, so
    they become what they mean before that changes.
    """
    if has(kind):
        kind.__annotations__ = typing.get_type_hints(kind, include_extras=True)
    kind.__module__ = home
