"""Text that a spreadsheet would take for a formula: made harmless in CSV files, and taken back from them.

An answer, or a row that somebody sent in, may begin with `=HYPERLINK(...)`, which a spreadsheet runs when the file is
opened. An apostrophe before it makes it text, as OWASP's page on CSV injection advises. Numbers with a sign are left
alone.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-][\d.,]+(?:[eE][+-]?\d+)?")


def harmless(text: str) -> str:
    """The text as a cell; one that looks like a cell that was made harmless gets an apostrophe, too.

    >>> [harmless(text) for text in ("=1+1", "-5", "- first", "fine", "'=1+1")]
    ["'=1+1", '-5', "'- first", 'fine', "''=1+1"]
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def original(cell: str) -> str:
    """The text of a cell: the opposite of `harmless`.

    >>> [original(cell) for cell in ("'=1+1", "-5", "'- first", "'tis fine", "''=1+1")]
    ['=1+1', '-5', '- first', "'tis fine", "'=1+1"]
    """
    return cell[1:] if cell.startswith("'") and harmless(cell[1:]) == cell else cell
