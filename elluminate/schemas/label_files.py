"""Labels out of CSV files: every row is checked before one is sent."""

from __future__ import annotations

from elluminate_api.models import LabelValue, NewLabel

from elluminate._row_files import FilePath, numbered_rows_from_csv
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.schemas.labelling import LONGEST_REASON, new_label

__all__ = ["labels_from_csv"]

_NEEDED = ("response_id", "criterion_id", "label")
_VALUES = tuple(value.value for value in LabelValue)
_LARGEST_ID = 2**53 - 1
_MOST_TOLD = 20
"""Lines that an error names."""


def labels_from_csv(path: FilePath, delimiter: str = ",") -> list[NewLabel]:
    """The labels of a file; rows without one are left out.

    Raises:
        ValidationError: A column is missing, or rows cannot be used; each of them is told with its line.
        OSError: The file cannot be read.
    """
    rows = numbered_rows_from_csv(path, delimiter)
    lacking = [name for name in _NEEDED if rows and name not in rows[0][1]]
    if lacking:
        raise ValidationError(
            f"{path}, line 1: there is no column {' and no column '.join(map(repr, lacking))}; "
            "client.list_labels(…).to_csv() and experiment.next_to_label().to_csv() write files that have all"
        )
    labels: list[NewLabel] = []
    problems: list[str] = []
    lines: dict[tuple[int, int], int] = {}
    for line, row in rows:
        value = row["label"].strip().upper()
        if not value:
            continue
        wrong = [
            f"{name} must be a positive integer, not {quoted(row[name])}"
            for name in ("response_id", "criterion_id")
            if not _is_id(row[name])
        ]
        if value not in _VALUES:
            wrong.append(f"label must be YES, NO or UNSURE, or empty, not {quoted(row['label'])}")
        reason = row.get("reason") or None
        if reason is not None and len(reason) > LONGEST_REASON:
            wrong.append(f"reason must have at most {LONGEST_REASON} characters, not {len(reason)}")
        if not wrong:
            pair = int(row["response_id"]), int(row["criterion_id"])
            if pair in lines:
                wrong.append(
                    f"response {pair[0]} and criterion {pair[1]} have a label in line {lines[pair]} already"
                )
            else:
                lines[pair] = line
                labels.append(new_label(*pair, value, reason))
        problems += [f"line {line}: {told}" for told in wrong]
    if problems:
        more = len(problems) - _MOST_TOLD
        told = "\n  ".join(problems[:_MOST_TOLD]) + (f"\n  and {more} more" if more > 0 else "")
        raise ValidationError(f"{path} has rows that are no labels; nothing was sent:\n  {told}")
    return labels


def _is_id(cell: str) -> bool:
    text = cell.strip()
    return text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= _LARGEST_ID
