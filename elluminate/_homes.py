"""Where the contract's classes live for users: in this package, and not in the generated one.

`elluminate.schemas.LLMConfig` is what a traceback, a pickle and the documentation should say. The class itself is
the generated one, which both sides of the wire use.
"""

from __future__ import annotations

import typing
from typing import Any

from attrs import has

_GENERATED = "elluminate_api."


def settle(kind: type[Any], home: str) -> None:
    """Let a generated class say that `home` is its module; `home` must offer it under its own name.

    Whoever reads string annotations (msgspec, attrs, typing) looks names up in the module that a class names, so
    they become what they mean before that changes. A class that has a home already keeps it.
    """
    if not kind.__module__.startswith(_GENERATED):
        return
    if has(kind):
        kind.__annotations__ = typing.get_type_hints(kind, include_extras=True)
    kind.__module__ = home
