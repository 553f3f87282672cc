from ..types import OpenEnum


class ColumnType(OpenEnum):
    """What the values of a column are."""

    CATEGORY = "category"
    CONVERSATION = "conversation"
    JSON = "json"
    PERSONA_GOAL = "persona_goal"
    RAW_INPUT = "raw_input"
    TEXT = "text"
