from ..types import OpenEnum


class ToolChoiceMode(OpenEnum):
    """Tool choice without naming a tool."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"
