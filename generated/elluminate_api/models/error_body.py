from __future__ import annotations

from typing import Any

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class ErrorBody:
    """Body of every error. Other fields may be present.

    Attributes:
        detail: What was wrong, with the value. A text from elluminate_server; other servers may send a list
            of objects.
    """

    detail: str | list[dict[str, Any]] | Unset = UNSET

    __repr__ = one_line
