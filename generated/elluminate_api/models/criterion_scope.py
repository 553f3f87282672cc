from ..types import OpenEnum


class CriterionScope(OpenEnum):
    """Where a frozen criterion comes from."""

    SHARED = "shared"
    SYSTEM = "system"
    TASK = "task"
