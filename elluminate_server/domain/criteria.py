"""Criteria: the label of one that was given none, and filling one with a row's values."""

from collections.abc import Callable, Mapping
from typing import Any

from elluminate_server.domain.rendering import (
    MAX_RENDERED_CHARACTERS,
    PLACEHOLDER,
    render_text,
)

__all__ = ["default_label", "render_criterion"]


def default_label(position: int) -> str:
    """Label of a criterion that was given none.

    Args:
        position: Place in the criterion set, 1 for the first.

    >>> default_label(2)
    'Criterion 2'
    """
    return f"Criterion {position}"


def render_criterion(
    text: str,
    values: Mapping[str, Any],
    *,
    limit: int = MAX_RENDERED_CHARACTERS,
    mark: Callable[[str], str] | None = None,
) -> str:
    """The criterion with its placeholders replaced by the row's values.

    Unlike in a template, a placeholder that the row has no column for stays as it is: a criterion set serves
    many collections, and a judge that sees `{{ name }}` can say that it lacks the context.

    Args:
        text: The criterion.
        values: Column name to value.
        limit: Largest result, in characters, marks left aside.
        mark: Puts marks around a value, so that a reader sees where it stands.

    Raises:
        RenderedTooLargeError: The result would be larger than `limit` characters.

    >>> render_criterion("Does it explain {{topic}} to {{reader}}?", {"topic": "tides"})
    'Does it explain tides to {{reader}}?'
    """
    kept = {
        match.group(1): match.group(0) for match in PLACEHOLDER.finditer(text) if match.group(1) not in values
    }
    if mark is None:
        return render_text(text, {**kept, **values}, limit=limit)
    return render_text(
        text,
        {**kept, **values},
        limit=limit,
        mark=lambda name, value: value if name in kept else mark(value),
    )
