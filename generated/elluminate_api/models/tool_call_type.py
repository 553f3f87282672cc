from ..types import OpenEnum


class ToolCallType(OpenEnum):
    """ToolCallType"""

    CUSTOM = "custom"
    FUNCTION = "function"
