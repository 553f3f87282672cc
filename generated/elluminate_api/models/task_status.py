from ..types import OpenEnum


class TaskStatus(OpenEnum):
    """State of a background task. All but PENDING and STARTED are final; TIMEOUT means the limit of 10 hours."""

    FAILURE = "FAILURE"
    PENDING = "PENDING"
    REJECTED = "REJECTED"
    REVOKED = "REVOKED"
    STARTED = "STARTED"
    SUCCESS = "SUCCESS"
    TIMEOUT = "TIMEOUT"
