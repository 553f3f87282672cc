"""Braces where a placeholder was meant: `{topic}` and `{{First name}}` are text, `{{topic}}` is filled in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from elluminate._showing import quoted
from elluminate._warnings import warn_caller
from elluminate.exceptions import SingleBracesWarning, UnfilledBracesWarning

_SINGLE = re.compile(r"(?<!\{)\{ *([A-Za-z_]\w*) *\}(?!\})")
"""A name in single braces, wherever it stands."""

_MEANT = re.compile(r"(?<![\w{}\\$#%@^=/])\{([A-Za-z_]\w+)\}(?!\})")
"""One that reads like a placeholder: no part of a word, a path, a formula, or of another language's `${name}`.

A single letter is more often a set, or a variable of a formula; with blanks around it, a name is more often a block
of code.
"""

_DOUBLE = re.compile(r"\{\{([^{}\n]{1,200})\}\}")
"""What stands in double braces, be it a placeholder or not."""

_WORDS = re.compile(r"(?<![\w{}\\$#%@^=])\{\{ *(\w+(?:[ -]+\w+){1,4}) *\}\}(?!\})")
"""Words in double braces, which are no placeholder, and were meant as one: a name with blanks or hyphens in it."""

_FENCED = re.compile(r"^ *```.*?(?:^ *```|\Z)", re.MULTILINE | re.DOTALL)
_QUOTED = r"(?:\"[^\"\n]*\"|'[^'\n]*')"
_CODE = re.compile(
    "|".join(
        [
            r"^.*(?:[;{] *$|; *\}|==).*$",
            r"`[^`\n]*`",
            rf"\w!?\({_QUOTED}",
            rf"\b(?:[fF][rR]?|[rR][fF]){_QUOTED}",
            rf"{_QUOTED}\.format\(",
        ]
    ),
    re.MULTILINE,
)
"""Code: a line that reads like it, what is marked as such, a string that is given to a function or fills in itself."""

_NEARLY = 0.8
"""How alike a name in braces and a column's must be for the one to be a slip for the other, 0 to 1."""

_LONGEST, _MOST = 255, 100
"""Characters of a name, and names of a prompt, that are compared with columns: comparing takes time."""

_MOST_TOLD = 10

_AS_IT_IS = (
    'Where it is to stay as it is, warnings.simplefilter("ignore", SingleBracesWarning) says no more of it'
)

_ALONE = re.compile(r"^ *(\{[A-Za-z_]\w+\}) *$", re.MULTILINE)

News = Callable[[Hashable], bool]
"""Whether a text is told of for the first time."""


def _always(text: Hashable) -> bool:
    return True


def warn_of_single_braces(messages: Sequence[Mapping[str, Any]], is_news: News = _always) -> None:
    """Warn of a prompt that has no placeholder, and names in single braces that read like some.

    Not of instructions alone: what a model is asked may come from the rows.

    Args:
        messages: The prompt.
        is_news: Tells whether a text has not been told of yet.
    """
    if all(message.get("role") == "system" for message in messages):
        return
    texts = list(_texts(messages))
    if _read_like_placeholders(texts):
        from elluminate_server.domain.rendering import message_placeholders

        if not message_placeholders(messages):
            _warn_of_no_placeholder(texts, (), is_news)


def warn_of_unfilled_braces(
    template: str | None,
    messages: Sequence[Mapping[str, Any]],
    placeholders: Collection[str],
    criteria: Sequence[str],
    columns: Collection[str],
    *,
    is_asked_alone: bool = True,
    is_news: News = _always,
) -> bool:
    """Warn of a run whose prompt or criteria name columns in braces that are no placeholders for them.

    A prompt without any placeholder is warned of when anything in it reads like one.

    Returns:
        Whether anything is said of the prompt, now or before.

    Args:
        template: The template's name; None without one.
        messages: The prompt.
        placeholders: What it has.
        criteria: The criteria.
        columns: What could be filled in.
        is_asked_alone: Whether nothing but the prompt tells the answers to rows apart.
        is_news: Tells whether a text has not been told of yet.
    """
    for criterion in criteria:
        _warn_of_columns(f"the criterion {quoted(criterion, 200)}", [criterion], (), columns, is_news)
    if template is None:
        return False
    texts = list(_texts(messages))
    if _warn_of_columns(f"prompt template {template!r}", texts, placeholders, columns, is_news):
        return True
    return is_asked_alone and not placeholders and _warn_of_no_placeholder(texts, columns, is_news)


def _warn_of_no_placeholder(texts: Sequence[str], columns: Collection[str], is_news: News) -> bool:
    """Warn of what may be meant as a placeholder: it reads like one, or is nearly a column's name, in code as well."""
    meant = {name: name for name in _read_like_placeholders(texts)}
    names = dict.fromkeys(name for text in texts for name in _SINGLE.findall(text) if len(name) <= _LONGEST)
    for name in list(names)[:_MOST]:
        if near := difflib.get_close_matches(name, columns, n=1, cutoff=_NEARLY):
            meant[name] = near[0]
    if meant and is_news(tuple(texts)):
        warn_caller(
            f"the prompt has {_listed(meant, '{', '}')} and no placeholder, so that it is the same for every row; "
            f"write {_listed(meant.values(), '{{', '}}')} to have a row's value filled in. {_AS_IT_IS}",
            SingleBracesWarning,
        )
    return bool(meant)


def _read_like_placeholders(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name for text in texts for name in _MEANT.findall(_prose(text))))


def _warn_of_columns(
    what: str, texts: Sequence[str], filled: Collection[str], columns: Collection[str], is_news: News
) -> bool:
    single = dict.fromkeys(name for text in texts for name in _SINGLE.findall(text))
    meant = [name for name in single if name in columns and name not in filled]
    double = dict.fromkeys(inner for text in texts for inner in _DOUBLE.findall(text))
    unfilled: dict[str, str | None] = {
        inner: column for inner in double if (column := _column_in(inner, columns)) is not None
    }
    several = dict.fromkeys(inner for text in texts for inner in _WORDS.findall(text))
    unfilled |= {inner: _nearest(inner, columns) for inner in several if inner not in _stripped(unfilled)}
    if not (meant or unfilled):
        return False
    if not is_news(tuple(texts)):
        return True
    if meant:
        warn_caller(
            f"{what} has {_listed(meant, '{', '}')}, which is sent as it stands although the collection has such a "
            f"column; write {_listed(meant, '{{', '}}')} to have a row's value filled in. {_AS_IT_IS}",
            SingleBracesWarning,
        )
    if unfilled:
        warn_caller(
            f"{what} has {_listed(unfilled, '{{', '}}')}, which is sent as it stands; "
            f"{_advice(next(iter(unfilled.values())), columns)}",
            UnfilledBracesWarning,
        )
    return True


def _stripped(names: Iterable[str]) -> set[str]:
    return {name.strip() for name in names}


def _nearest(name: str, columns: Collection[str]) -> str | None:
    """The column that is most like a name with blanks or hyphens in it; None where none is."""
    spelt = {re.sub(r"[\W_]+", "_", column).casefold(): column for column in list(columns)[:_MOST]}
    near = difflib.get_close_matches(re.sub(r"[\W_]+", "_", name[:_LONGEST]).casefold(), spelt, n=1)
    return spelt[near[0]] if near else None


def _advice(column: str | None, columns: Collection[str]) -> str:
    if column is None:
        there = ", ".join(list(columns)[:_MOST_TOLD])
        return (
            "a placeholder's name has letters, digits and underscores alone, and is that of a column; there is "
            f"{there or 'none'}"
        )
    if column.isidentifier():
        return f"a placeholder is the column's name alone: write {{{{{column}}}}}"
    return f"a placeholder's name has letters, digits and underscores alone: rename the column {column!r}"


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


def _listed(names: Iterable[str], opening: str, closing: str) -> str:
    return ", ".join(f"{opening}{name}{closing}" for name in names)
