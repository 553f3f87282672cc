"""What a notebook's cell shows of a model: tables, made of what the model holds, without asking a server."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from elluminate._showing import quoted
from elluminate._tables import LONGEST_CELL, html_table

logger = logging.getLogger("elluminate")

MOST_SHOWN = 20
"""Rows of a table."""


class ShownInNotebooks:
    """Mixin of models that a notebook shows as tables."""

    __slots__ = ()

    def _tables(self) -> Iterable[str]:
        """HTML, every text of it escaped."""
        raise NotImplementedError

    def _repr_html_(self) -> str | None:
        """What a notebook shows; None where a field holds what it never should, and `repr()` is shown instead."""
        try:
            return "".join(self._tables())
        except Exception as error:  # noqa: BLE001  # looking at a model must not end a program
            logger.debug("a %s cannot be shown as a table: %r", type(self).__name__, error)
            return None


def cell_of(value: Any) -> str:
    """A value as the text of a cell: text as it is, nothing for None, else the beginning of its `repr`.

    >>> cell_of("<b>"), cell_of(None), cell_of({"n": 1})
    ('<b>', '', "{'n': 1}")
    """
    if value is None:
        return ""
    return str(value) if isinstance(value, str) else quoted(value, LONGEST_CELL)


def messages_table(caption: str, messages: Sequence[Mapping[str, Any]]) -> str:
    """Chat messages with their roles.

    Args:
        caption: What they are.
        messages: As providers have them; a part that is no text is shown as the dict that it is.
    """
    rows = [[cell_of(message.get("role")), _said(message)] for message in messages[:MOST_SHOWN]]
    return html_table(caption, ["role", "content"], rows, most=MOST_SHOWN, total=len(messages))


def _said(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    texts = [
        part.get("text") if isinstance(part, Mapping) and isinstance(part.get("text"), str) else part
        for part in parts
    ]
    said = [cell_of(text) for text in [*texts, message.get("refusal"), message.get("tool_calls")]]
    return "\n".join(filter(None, said))
