from ..types import OpenEnum


class UCEResponseFormatHintType0(OpenEnum):
    """UCEResponseFormatHintType0"""

    JSON_OBJECT = "json_object"
    TEXT = "text"
