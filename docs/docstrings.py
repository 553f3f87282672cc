"""Readies docstrings for the site: examples as code, plain references, and the fields of models with their models."""

import inspect
import re
from typing import Any

import griffe
from elluminate_api import models

ROLE = re.compile(r":(?:class|meth|func):`~?(?:[\w.]*\.)?(\w+)`")
EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)
FIELDS = re.compile(r"^Attributes:\n(?:[ \t]+.*\n?|\n)+", re.MULTILINE)


class Readable(griffe.Extension):
    """Rewrites every docstring as it is loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Take in one module, class, function or attribute."""
        if obj.docstring is None:
            return
        text = EXAMPLE.sub("Examples:", ROLE.sub(r"`\1`", obj.docstring.value))
        if obj.is_class and obj.path.startswith("elluminate.schemas.") and "Attributes:" not in text:
            # A model with methods inherits its fields from the generated class, which says what they hold.
            fields = FIELDS.search(inspect.getdoc(getattr(models, obj.name, None)) or "")
            text = f"{text}\n\n{fields[0].rstrip()}\n" if fields else text
        obj.docstring.value = text
