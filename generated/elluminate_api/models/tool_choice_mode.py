from ..types import OpenEnum


class ToolChoiceMode(OpenEnum):
    """Whether the model calls tools."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"
