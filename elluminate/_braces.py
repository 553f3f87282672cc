"""Braces where a placeholder was meant: `{topic}` and `{{First name}}` are text, `{{topic}}` is filled in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from elluminate._showing import quoted
from elluminate._warnings import warn_caller
from elluminate.exceptions import SingleBracesWarning, UnfilledBracesWarning

_SINGLE = re.compile(r"(?<!\{)\{ *([A-Za-z_]\w*) *\}(?!\})")
"""A name in single braces, wherever it stands."""

_MEANT = re.compile(r"(?<![\w{}\\$#%@^=/])\{ *([A-Za-z_]\w+) *\}(?!\})")
"""One that reads like a placeholder: no part of a word, a path, a formula, or of another language's `${name}`.

A single letter is more often a set, or a variable of a formula.
"""

_DOUBLE = re.compile(r"\{\{([^{}\n]{1,200})\}\}")
"""What stands in double braces, be it a placeholder or not."""

_FENCED = re.compile(r"^ *```.*?(?:^ *```|\Z)", re.MULTILINE | re.DOTALL)
_CODE = re.compile(
    r"`[^`\n]*`|\b(?:[fF][rR]?|[rR][fF])(?:\"[^\"\n]*\"|'[^'\n]*')|(?:\"[^\"\n]*\"|'[^'\n]*')\.format\("
)
"""Code in a line: marked as such, or a string of Python that fills braces in itself."""

_ALONE = re.compile(r"^ *(\{ *[A-Za-z_]\w+ *\}) *$", re.MULTILINE)


def warn_of_single_braces(
    messages: Sequence[Mapping[str, Any]], placeholders: Collection[str] | None = None
) -> bool:
    """Warn of a prompt that has no placeholder, and names in single braces that read like some; whether it did.

    Args:
        messages: The prompt.
        placeholders: What it has; None finds out.
    """
    meant = dict.fromkeys(name for text in _texts(messages) for name in _MEANT.findall(_prose(text)))
    if not meant:
        return False
    if placeholders is None:
        from elluminate_server.domain.rendering import message_placeholders

        placeholders = message_placeholders(messages)
    if not placeholders:
        warn_caller(
            f"the prompt has {_listed(meant, '{', '}')} and no placeholder, so that it is the same for every row; "
            f"write {_listed(meant, '{{', '}}')} to have a row's value filled in",
            SingleBracesWarning,
        )
    return not placeholders


def warn_of_unfilled_braces(
    template: str | None,
    messages: Sequence[Mapping[str, Any]],
    placeholders: Collection[str],
    criteria: Sequence[str],
    columns: Collection[str],
) -> bool:
    """Warn of a run whose prompt or criteria name columns in braces that are no placeholders for them.

    A prompt without any placeholder is warned of when anything in it reads like one.

    Returns:
        Whether anything was said of the prompt.

    Args:
        template: The template's name; None without one.
        messages: The prompt.
        placeholders: What it has.
        criteria: The criteria.
        columns: What could be filled in.
    """
    told = False
    if template is not None:
        told = _warn_of_columns(
            f"prompt template {template!r}", list(_texts(messages)), placeholders, columns
        )
    for criterion in criteria:
        _warn_of_columns(f"the criterion {quoted(criterion, 200)}", [criterion], (), columns)
    if template is not None and not told:
        told = warn_of_single_braces(messages, placeholders)
    return told


def _warn_of_columns(
    what: str, texts: Sequence[str], filled: Collection[str], columns: Collection[str]
) -> bool:
    single = dict.fromkeys(name for text in texts for name in _SINGLE.findall(text))
    meant = [name for name in single if name in columns and name not in filled]
    if meant:
        warn_caller(
            f"{what} has {_listed(meant, '{', '}')}, which is sent as it stands although the "
            f"collection has such a column; write {_listed(meant, '{{', '}}')} to have a row's value filled in",
            SingleBracesWarning,
        )
    double = dict.fromkeys(inner for text in texts for inner in _DOUBLE.findall(text))
    unfilled = {inner: column for inner in double if (column := _column_in(inner, columns)) is not None}
    if unfilled:
        column = next(iter(unfilled.values()))
        advice = (
            f"a placeholder is the column's name alone: write {{{{{column}}}}}"
            if column.isidentifier()
            else f"a placeholder's name has letters, digits and underscores alone: rename the column {column!r}"
        )
        warn_caller(
            f"{what} has {_listed(unfilled, '{{', '}}')}, which is sent as it stands; {advice}",
            UnfilledBracesWarning,
        )
    return bool(meant or unfilled)


def _column_in(inner: str, columns: Collection[str]) -> str | None:
    """The column that is meant by what stands in double braces and is no placeholder."""
    name = inner.strip()
    if re.fullmatch(r"\w+", name):
        return None
    meant = [column for column in columns if column.strip() == name]
    meant += [column for column in columns if re.match(re.escape(column) + r"\s*[.|\[]", name)]
    return meant[0] if meant else None


def _texts(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else [content]:
            text = part.get("text") if isinstance(part, Mapping) else part
            if isinstance(text, str) and "{" in text:
                yield text


def _prose(text: str) -> str:
    """A text without code; of a fenced block stays what stands alone on a line, as what is to be filled in does."""
    text = _FENCED.sub(lambda block: "\n".join(_ALONE.findall(block[0])), text)
    return _CODE.sub(" ", text)


def _listed(names: Collection[str], opening: str, closing: str) -> str:
    return ", ".join(f"{opening}{name}{closing}" for name in names)
