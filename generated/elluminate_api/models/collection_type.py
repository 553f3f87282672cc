from ..types import OpenEnum


class CollectionType(OpenEnum):
    """Kind of collection."""

    AGENTIC = "AGENTIC"
    PERSONA = "PERSONA"
    STANDARD = "STANDARD"
