from __future__ import annotations

from typing import Any

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset


@define(kw_only=True)
class ErrorBody:
    """Error envelope. Must be a JSON object for the SDK to read detail.

    Attributes:
        detail: Human-readable reason. A truthy value becomes the exception message verbatim; without it the
            raw body text is used. The list form is inferred (framework validation errors), not parsed
            by the SDK.
    """

    detail: str | list[dict[str, Any]] | Unset = UNSET
