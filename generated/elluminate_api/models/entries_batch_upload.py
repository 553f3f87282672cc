from __future__ import annotations

from attrs import define

from ..types import File


@define(kw_only=True)
class EntriesBatchUpload:
    """Multipart form of a bulk row upload.

    Attributes:
        file: JSON Lines, UTF-8: one JSON object of input values per line, no trailing newline. At most 64
            MiB.
    """

    file: File
