from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class EpochProgress:
    """How far one epoch of an experiment is.

    Attributes:
        epoch: Number of the run over the collection, counted from 1.
        completed_responses: Number of responses so far, failed ones included.
        completed_ratings: Number of responses whose rating is over so far.
        total_responses: Number of responses in the end.
    """

    epoch: int
    completed_responses: int
    completed_ratings: int
    total_responses: int

    __repr__ = one_line
