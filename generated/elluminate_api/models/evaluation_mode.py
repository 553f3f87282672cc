from ..types import OpenEnum


class EvaluationMode(OpenEnum):
    """How an experiment produces and judges responses."""

    AGENTIC = "AGENTIC"
    MULTI_TURN = "MULTI_TURN"
    STANDARD = "STANDARD"
