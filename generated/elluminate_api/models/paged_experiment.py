from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class PagedExperiment:
    """One page of experiments.

    Attributes:
        items: Experiments of this page.
        count: Number of items over all pages.
    """

    items: list[Experiment]
    count: Annotated[int, Meta(ge=0)]


from ..models.experiment import Experiment  # noqa: E402
