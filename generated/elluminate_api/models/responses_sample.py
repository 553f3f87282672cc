from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class ResponsesSample:
    """The responses of one experiment to one row.

    Attributes:
        experiment_id: Id of the experiment.
        template_variables_id: Id of the row.
        prompt_response_ids: Ids of the responses, in order of creation.
    """

    experiment_id: int
    template_variables_id: int
    prompt_response_ids: list[int]

    __repr__ = one_line
