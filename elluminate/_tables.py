"""Tables for people: as text in columns, and as HTML for notebooks, escaped and bounded."""

from __future__ import annotations

import html
from collections.abc import Sequence

__all__ = ["html_table", "shortened", "text_table"]

Cells = Sequence[str]


def text_table(head: Cells, rows: Sequence[Cells]) -> str:
    """Rows in columns that are as wide as their widest cell, the first one to the left, the others to the right.

    >>> print(text_table(["", "rate"], [["Is it short?", "50.0%"], ["All", "100.0%"]]))
                    rate
    Is it short?   50.0%
    All           100.0%
    """
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in (head, *rows)
    )


def html_table(caption: str, head: Cells, rows: Sequence[Cells], *, most: int) -> str:
    """The same as an HTML table without scripts or styles.

    Args:
        caption: What it shows.
        head: Names of the columns.
        rows: Cells, as text; markup in it is shown, and is none.
        most: The most rows that are shown; below them stands how many there are more.

    >>> html_table("<b>", ["x"], [["1"], ["2"]], most=1)
    '<table><caption>&lt;b&gt;</caption><tr><th>x</th></tr><tr><td>1</td></tr><tr><td>1 more</td></tr></table>'
    """
    lines = [_line("th", head), *(_line("td", row) for row in rows[:most])]
    if len(rows) > most:
        lines.append(_line("td", [f"{len(rows) - most} more"]))
    return f"<table><caption>{html.escape(caption)}</caption>{''.join(lines)}</table>"


def _line(tag: str, cells: Cells) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def shortened(text: str, length: int) -> str:
    """The text in one line of at most so many characters.

    >>> shortened("one   two", 5)
    'one …'
    """
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
