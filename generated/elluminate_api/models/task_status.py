from ..types import OpenEnum


class TaskStatus(OpenEnum):
    """State of a background task. Streaming and agent-evaluation waits end on SUCCESS, FAILURE, REVOKED, REJECTED or TIMEOUT; the other polling loops end only on SUCCESS or FAILURE."""

    FAILURE = "FAILURE"
    PENDING = "PENDING"
    REJECTED = "REJECTED"
    REVOKED = "REVOKED"
    STARTED = "STARTED"
    SUCCESS = "SUCCESS"
    TIMEOUT = "TIMEOUT"
