"""Long texts of YAML, read by libyaml where it is there: twenty times as fast, and no other in what comes of it.

libyaml knows YAML 1.1, where a few things are written otherwise, and its errors are others. So what it refuses, and
what it might read otherwise, is left to the parser that reads all other texts.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["composed_fast"]

_DEEPEST = 200
"""Levels that are composed here: the composer calls itself for each, in C, where no limit of Python's holds."""

_OTHERWISE = re.compile(
    r"[\t\r\x85\u2028\u2029\ufeff]"  # blanks and ends of lines, of which the two know different ones
    r"|^%|(?<![^\s\[\]{},:?-])(?:!|[&*][^\s]|\?(?=\s))"  # directives, tags, anchors, aliases, keys after a mark
    r"|[\"']:(?=\S)",  # pairs in lists, as in ["a":1]
    re.MULTILINE,
)


def composed_fast(text: str) -> Any | None:
    """The nodes of a document, each of which stands in one place; None where they are to be found the slow way."""
    if _OTHERWISE.search(text) is not None:
        return None
    try:
        import yaml

        loader = yaml.CSafeLoader
    except (ImportError, AttributeError):  # on some systems it comes without libyaml
        return None
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _DEEPEST:
                    return None
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
        return yaml.compose(text, Loader=loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
