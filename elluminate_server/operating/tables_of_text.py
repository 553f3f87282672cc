"""Tables for a terminal."""

from collections.abc import Sequence

__all__ = ["in_one_line", "table"]


def in_one_line(text: str) -> str:
    """The text with everything escaped that would do more to a terminal than be shown.

    >>> print(in_one_line("a\\x1b[2Jb\\nc"))
    a\\x1b[2Jb\\nc
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equally many cells below each other, the columns two blanks apart.

    >>> print(table([("id", "name"), ("1", "Nightly"), ("12", "CI")]))
    id  name
    1   Nightly
    12  CI
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    return "\n".join(lines)
