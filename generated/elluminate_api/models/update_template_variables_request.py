from __future__ import annotations

from typing import Any

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class UpdateTemplateVariablesRequest:
    """New values of a row.

    Attributes:
        input_values: Column name to value. Replaces all values.
        environment_config: Settings for an agent that works on this row. Absent keeps the present ones.
    """

    input_values: dict[str, Any]
    environment_config: dict[str, Any] | Unset = UNSET

    __repr__ = one_line
