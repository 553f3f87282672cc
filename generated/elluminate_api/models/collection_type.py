from ..types import OpenEnum


class CollectionType(OpenEnum):
    """Kind of a collection."""

    AGENTIC = "AGENTIC"
    PERSONA = "PERSONA"
    STANDARD = "STANDARD"
