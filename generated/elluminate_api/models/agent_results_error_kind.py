from ..types import OpenEnum


class AgentResultsErrorKind(OpenEnum):
    """Why nothing of an upload was stored."""

    NOTHING_STORED = "nothing_stored"
    UNMATCHED_TASKS = "unmatched_tasks"
