from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class ModelCosts:
    """Tokens and price of answers or verdicts, as far as they are known. A price is known where the LLM
    config has one, or the provider publishes one for the model, and the number of tokens is known. It
    is that of when the model was asked. An unknown price is never counted as 0.

    Attributes:
        count: Number of answers or verdicts.
        priced_count: Number of those whose price is known.
        input_tokens: Tokens of their prompts, as far as they are known. Null where none is.
        output_tokens: Tokens that the model wrote, as far as they are known. Null where none is.
        cost_usd: Price of those whose price is known, in US dollars. Null where none is known, though there
            are some.
    """

    count: int
    priced_count: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None

    __repr__ = one_line
