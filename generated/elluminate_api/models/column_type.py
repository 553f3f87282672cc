from ..types import OpenEnum


class ColumnType(OpenEnum):
    """Storage type of a collection column."""

    CATEGORY = "category"
    CONVERSATION = "conversation"
    JSON = "json"
    PERSONA_GOAL = "persona_goal"
    RAW_INPUT = "raw_input"
    TEXT = "text"
