from ..types import OpenEnum


class ATIFStepSource(OpenEnum):
    """ATIFStepSource"""

    AGENT = "agent"
    SYSTEM = "system"
    USER = "user"
