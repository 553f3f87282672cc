from ..types import OpenEnum


class InferenceType(OpenEnum):
    """Protocol of the model's provider."""

    BOTARIO = "botario"
    CUSTOM_API = "custom_api"
    OPENAI = "openai"
