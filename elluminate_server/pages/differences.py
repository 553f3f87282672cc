"""What two texts differ in, word by word."""

import difflib
import re
from collections.abc import Sequence

__all__ = ["Piece", "sides_of", "word_diff"]

Piece = tuple[str, str]
"""What became of a piece of text ("same", "gone" or "new"), and the piece."""

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MOST_WORDS = 4000
"""Of both texts together; longer ones are compared line by line, which takes less time."""
_MOST_LINES = 4000
"""Still longer ones are not compared: all of the one is gone, all of the other new."""


def word_diff(before: str, after: str) -> list[Piece]:
    """The pieces of both texts, in order.

    >>> word_diff("Explain {{topic}}.", "Explain {{topic}} briefly.")
    [('same', 'Explain {{topic}}'), ('new', ' briefly'), ('same', '.')]
    """
    if before == after:
        return [("same", after)] if after else []
    first, second = _WORD.findall(before), _WORD.findall(after)
    if len(first) + len(second) > _MOST_WORDS:
        first, second = _LINE.findall(before), _LINE.findall(after)
        if len(first) + len(second) > _MOST_LINES:
            first, second = [before], [after]
    pieces: list[Piece] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(second[k:m])))
            continue
        pieces += [
            (kind, "".join(words)) for kind, words in (("gone", first[i:j]), ("new", second[k:m])) if words
        ]
    return pieces


def sides_of(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """The pieces of the one text, and those of the other, to be shown side by side.

    >>> sides_of([("same", "a "), ("gone", "b"), ("new", "c")])
    ([('same', 'a '), ('gone', 'b')], [('same', 'a '), ('new', 'c')])
    """
    return [one for one in pieces if one[0] != "new"], [one for one in pieces if one[0] != "gone"]
