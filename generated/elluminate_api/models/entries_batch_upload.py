from __future__ import annotations

from attrs import define

from ..types import File, one_line


@define(kw_only=True, repr=False)
class EntriesBatchUpload:
    """Form with the rows to add.

    Attributes:
        file: JSON Lines in UTF-8, one object from column name to value per line, no line break at the end
            needed. At most 64 MiB.
    """

    file: File

    __repr__ = one_line
