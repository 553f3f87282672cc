from ..types import OpenEnum


class AgentResultsErrorKind(OpenEnum):
    """Why a whole agent-results upload was refused. The SDK acts only on unmatched_tasks."""

    NOTHING_STORED = "nothing_stored"
    UNMATCHED_TASKS = "unmatched_tasks"
