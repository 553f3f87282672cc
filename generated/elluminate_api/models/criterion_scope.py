from ..types import OpenEnum


class CriterionScope(OpenEnum):
    """Where a frozen criterion comes from: the platform, the criterion set, or its task alone."""

    SHARED = "shared"
    SYSTEM = "system"
    TASK = "task"
