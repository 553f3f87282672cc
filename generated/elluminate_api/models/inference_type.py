from ..types import OpenEnum


class InferenceType(OpenEnum):
    """Provider protocol behind an LLM config."""

    BOTARIO = "botario"
    CUSTOM_API = "custom_api"
    OPENAI = "openai"
