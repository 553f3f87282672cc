"""Whether a template fits a collection: every placeholder needs a column of exactly its name."""

from collections.abc import Iterable

__all__ = ["missing_columns"]


def missing_columns(placeholders: Iterable[str], columns: Iterable[str]) -> list[str]:
    """Placeholders without a column of the same name, each once, in their order.

    Names are compared exactly: case counts.

    >>> missing_columns(["topic", "tone"], ["Topic", "tone"])
    ['topic']
    """
    known = set(columns)
    return [name for name in dict.fromkeys(placeholders) if name not in known]
