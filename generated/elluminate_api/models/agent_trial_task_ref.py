from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class AgentTrialTaskRef:
    """Task of one trial. At least one of the two fields is given.

    Attributes:
        task_id: Id of the row in the definition. Counts before the name.
        task_name: Name of the task, at most 10000 characters.
    """

    task_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    task_name: Annotated[str, Meta(max_length=10000)] | None = None

    __repr__ = one_line
