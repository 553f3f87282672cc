from ..types import OpenEnum


class NamedToolChoiceType(OpenEnum):
    """NamedToolChoiceType"""

    CODE_INTERPRETER = "code_interpreter"
    FILE_SEARCH = "file_search"
    FUNCTION = "function"
