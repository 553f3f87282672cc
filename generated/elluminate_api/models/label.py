from __future__ import annotations

import datetime

from attrs import define

from ..models.label_value import LabelValue
from ..types import one_line


@define(kw_only=True, repr=False)
class Label:
    """What a person said of one response by one criterion.

    Attributes:
        id: Id of the label. Later ones have higher ones.
        experiment_id: Id of the response's experiment.
        response_id: Id of the response.
        criterion_id: Id of the criterion, in the wording that was judged.
        value: What the person said.
        key_name: Name of that key. `server process` for the key of a server's own process.
        created_at: When it was given.
        reason: Why. Null where the person gave no reason.
        key_id: Id of the key that gave it. Null for the key of a server's own process, which is not stored.
        superseded_at: When its key replaced or withdrew it. Null while it counts.
    """

    id: int
    experiment_id: int
    response_id: int
    criterion_id: int
    value: LabelValue
    key_name: str
    created_at: datetime.datetime
    reason: str | None = None
    key_id: int | None = None
    superseded_at: datetime.datetime | None = None

    __repr__ = one_line
