from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PutLabelsRequest:
    """Labels to store.

    Attributes:
        labels: The labels, 1 to 1000, each pair of response and criterion once.
    """

    labels: Annotated[list[NewLabel], Meta(min_length=1, max_length=1000)]

    __repr__ = one_line


from ..models.new_label import NewLabel  # noqa: E402
