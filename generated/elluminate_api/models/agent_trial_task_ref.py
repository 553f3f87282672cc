from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class AgentTrialTaskRef:
    """Names the task of one trial; at least one key is non-null.

    Attributes:
        task_id: Row id from the definition; wins over the name.
        task_name: Needed when task_id is null.
    """

    task_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    task_name: str | None = None
