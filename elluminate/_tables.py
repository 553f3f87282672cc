"""Tables for people: as text in columns, and as HTML for notebooks, escaped and bounded."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

__all__ = ["LONGEST_CELL", "html_facts", "html_table", "printable", "shortened", "text_table"]

Cells = Sequence[str]

LONGEST_CELL = 300
"""Characters of a cell that HTML shows."""

_MOST_COLUMNS = 12
_MOST_LINES = 15
"""Of a cell."""
_LONGEST_CAPTION = 1_000

# No colours: a notebook has its own, light or dark. No formulas: a notebook would make them of text between dollar
# signs, and they can hold links.
_TABLE = '<table class="tex2jax_ignore mathjax_ignore">'
_LEFT = 'style="text-align:left;vertical-align:top;white-space:pre-wrap"'

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What HTML or UTF-8 cannot hold."""

_MOVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What would do more to a terminal than be shown."""


def printable(text: str) -> str:
    """The text with everything escaped that would do more to a terminal than be shown, but for its line breaks.

    >>> print(printable("a" + chr(27) + "[2Jb"))
    a\\x1b[2Jb
    """
    return _MOVES.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


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


def html_table(
    caption: str, head: Cells, rows: Sequence[Cells], *, most: int, total: int | None = None
) -> str:
    """The same as an HTML table without scripts, colours or anything that is fetched.

    Of each cell stand there at most `LONGEST_CELL` characters, of each row at most a dozen cells; what is left out is
    counted.

    Args:
        caption: What it shows; "" has none.
        head: Names of the columns.
        rows: Cells, as text; markup in it is shown, and is none.
        most: The most rows that are shown; below them stands how many there are more.
        total: How many rows there are, where `rows` are only the first ones.

    >>> "&lt;b&gt;" in html_table("<b>", ["x"], [["1"], ["2"]], most=1)
    True
    >>> html_table("", ["x"], [["1"], ["2"]], most=1).endswith("1 more row</td></tr></table>")
    True
    """
    shown = rows[:most]
    there_are = max(len(rows), total or 0)
    lines = [_line("th", _fitting(head, are_names=True)), *(_line("td", _fitting(row)) for row in shown)]
    if more := there_are - len(shown):
        columns = min(len(head), _MOST_COLUMNS)
        left_out = f"{more} more {'row' if more == 1 else 'rows'}"
        lines.append(f'<tr><td colspan="{columns}" {_LEFT}>{left_out}</td></tr>')
    return f"{_TABLE}{_caption(caption)}{''.join(lines)}</table>"


def html_facts(caption: str, facts: Sequence[tuple[str, str]]) -> str:
    """A table of two columns: what something is called, and what it is.

    Args:
        caption: What it shows; "" has none.
        facts: Names and values, as text; one without a value is left out.
    """
    lines = [f"<tr>{_cell('th', name)}{_cell('td', value)}</tr>" for name, value in facts if value.strip()]
    return f"{_TABLE}{_caption(caption)}{''.join(lines)}</table>"


def _caption(text: str) -> str:
    return f'<caption style="text-align:left">{_escaped(text, _LONGEST_CAPTION)}</caption>' if text else ""


def _fitting(cells: Cells, *, are_names: bool = False) -> Cells:
    left_out = len(cells) - _MOST_COLUMNS
    if left_out <= 0:
        return cells
    return [*cells[: _MOST_COLUMNS - 1], f"{left_out + 1} more columns" if are_names else "…"]  # two at least


def _line(tag: str, cells: Cells) -> str:
    return "<tr>" + "".join(_cell(tag, cell) for cell in cells) + "</tr>"


def _cell(tag: str, text: str) -> str:
    return f"<{tag} {_LEFT}>{_escaped(text, LONGEST_CELL)}</{tag}>"


def _escaped(text: str, most: int) -> str:
    beginning = "\n".join(text[:most].split("\n")[:_MOST_LINES])
    more = len(text) - len(beginning)
    readable = _UNPRINTABLE.sub("\ufffd", beginning.replace("\r\n", "\n"))
    left_out = f"… ({more} more {'character' if more == 1 else 'characters'})" if more else ""
    return html.escape(readable) + left_out


def shortened(text: str, length: int) -> str:
    """The text in one line of at most so many characters.

    >>> shortened("one   two", 5)
    'one …'
    """
    beginning = text[: 8 * length]  # of a text of megabytes, too, that is more than a line
    line = " ".join(beginning.split())
    return line if len(line) <= length and len(beginning) == len(text) else line[: length - 1] + "…"
