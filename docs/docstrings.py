"""Readies docstrings for the site: examples as code, and references of another markup as plain code."""

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:class|meth|func):`~?(?:[\w.]*\.)?(\w+)`")
EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)


class Readable(griffe.Extension):
    """Rewrites every docstring as it is loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Take in one module, class, function or attribute."""
        if obj.docstring is not None:
            text = ROLE.sub(r"`\1`", obj.docstring.value)
            obj.docstring.value = EXAMPLE.sub("Examples:", text)
