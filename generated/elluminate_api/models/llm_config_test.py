from __future__ import annotations

from attrs import define

from ..models.llm_config_problem import LLMConfigProblem
from ..types import one_line


@define(kw_only=True, repr=False)
class LLMConfigTest:
    """What became of one small call with an LLM config.

    Attributes:
        ok: Whether the model answered.
        reply: What it said, cut after 2000 characters. Null without an answer in words.
        problem: What kind of thing is wrong. Null where nothing is.
        reason: The same in words, with what the endpoint said and the way out, without any key.
        generation_metadata: Who answered, how long it took, tokens and price. Of a call that failed, as far as they are
            known. Null where nothing was asked.
    """

    ok: bool
    reply: str | None = None
    problem: LLMConfigProblem | None = None
    reason: str | None = None
    generation_metadata: GenerationMetadata | None = None

    __repr__ = one_line


from ..models.generation_metadata import GenerationMetadata  # noqa: E402
