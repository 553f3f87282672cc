from __future__ import annotations

from attrs import define


@define(kw_only=True)
class ResponsesSample:
    """Responses of one experiment that share a row."""

    experiment_id: int
    template_variables_id: int
    prompt_response_ids: list[int]
