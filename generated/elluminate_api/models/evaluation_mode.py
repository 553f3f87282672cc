from ..types import OpenEnum


class EvaluationMode(OpenEnum):
    """How the responses of an experiment come about and are judged."""

    AGENTIC = "AGENTIC"
    MULTI_TURN = "MULTI_TURN"
    STANDARD = "STANDARD"
