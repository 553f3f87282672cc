from ..types import OpenEnum


class CheckType(OpenEnum):
    """What a check looks at."""

    CONTAINS = "contains"
    EQUALS = "equals"
    IS_JSON = "is_json"
    JSON_SCHEMA = "json_schema"
    MAX_CHARACTERS = "max_characters"
    MAX_COST = "max_cost"
    MAX_SECONDS = "max_seconds"
    MAX_WORDS = "max_words"
    MIN_WORDS = "min_words"
    NUMBER = "number"
    PYTHON = "python"
    REGEX = "regex"
    STARTS_WITH = "starts_with"
