from ..types import OpenEnum


class ATIFStepSource(OpenEnum):
    """Who took the step."""

    AGENT = "agent"
    SYSTEM = "system"
    USER = "user"
