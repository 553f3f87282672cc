from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class UpdateResponseAnnotationRequest:
    """New annotation of a response.

    Attributes:
        annotation: The note, at most 10000 characters. Empty clears it.
    """

    annotation: Annotated[str, Meta(max_length=10000)]

    __repr__ = one_line
