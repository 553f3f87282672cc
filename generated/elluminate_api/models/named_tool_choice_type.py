from ..types import OpenEnum


class NamedToolChoiceType(OpenEnum):
    """Kind of the tool."""

    CODE_INTERPRETER = "code_interpreter"
    FILE_SEARCH = "file_search"
    FUNCTION = "function"
