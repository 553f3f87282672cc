from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedExperiment:
    """One page of experiments.

    Attributes:
        items: Experiments of this page.
        count: Number of items over all pages.
    """

    items: list[Experiment]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.experiment import Experiment  # noqa: E402
