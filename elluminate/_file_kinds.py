"""What a file is by its first bytes, where it is not the text that it was taken for."""

from __future__ import annotations

import codecs

__all__ = ["ARCHIVE", "UTF_16", "UTF_32", "kind_of"]

ARCHIVE = "a spreadsheet (.xlsx, .ods) or another archive"
UTF_16 = "text in UTF-16"
UTF_32 = "text in UTF-32"

_KINDS = (
    (b"PK\x03\x04", ARCHIVE),  # local file header, APPNOTE.TXT 4.3.7
    # UTF-32's mark for little-endian begins with UTF-16's.
    (codecs.BOM_UTF32_LE, UTF_32),
    (codecs.BOM_UTF32_BE, UTF_32),
    (codecs.BOM_UTF16_LE, UTF_16),
    (codecs.BOM_UTF16_BE, UTF_16),
)


def kind_of(start: bytes) -> str | None:
    """What a file is that begins so; None where nothing is known of it, as of any text in UTF-8.

    Args:
        start: Its first bytes, four at least where it has as many.

    >>> kind_of("topic".encode("utf-16")), kind_of(b"PK\\x03\\x04 and so on"), kind_of("Ünïcode".encode())
    ('text in UTF-16', 'a spreadsheet (.xlsx, .ods) or another archive', None)
    """
    return next((kind for begins, kind in _KINDS if start.startswith(begins)), None)
