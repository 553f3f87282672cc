"""Readies the package for the site: docstrings with examples as code and plain references, models with their fields,
and a client's methods under both clients.
"""

import inspect
import re
from typing import Any

import griffe
from elluminate_api import models

ROLE = re.compile(r":(?:class|meth|func):`~?(?:[\w.]*\.)?(\w+)`")
EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)
FIELDS = re.compile(r"^Attributes:\n(?:[ \t]+.*\n?|\n)+", re.MULTILINE)


TWINS = {"blocking": None, "iterating": "Iterator"}
"""What makes a blocking method out of an operation, and what that returns in place of an `AsyncGenerator`."""


class Readable(griffe.Extension):
    """Rewrites every docstring as it is loaded, and gives Client the methods that it derives from AsyncClient."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Show what `Client.run_experiment = blocking(AsyncClient.run_experiment)` is: a method."""
        if pkg.path != "elluminate":
            return
        client, operations = pkg["client.Client"], pkg["async_client.AsyncClient"].all_members
        for name, member in list(client.members.items()):
            made = str(member.value).partition("(")[0] if member.is_attribute else None
            if made in TWINS:
                client.set_member(name, _twin(operations[name], client, TWINS[made]))

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


def _twin(
    operation: griffe.Object | griffe.Alias, client: griffe.Class, iterator: str | None
) -> griffe.Function:
    """An operation as the blocking client has it."""
    source = operation.final_target if isinstance(operation, griffe.Alias) else operation
    assert isinstance(source, griffe.Function)  # noqa: S101  # for type checkers
    returns = source.returns
    if iterator is not None:
        returns = str(returns).replace("AsyncGenerator", iterator, 1)
    return griffe.Function(
        source.name,
        lineno=source.lineno,
        endlineno=source.endlineno,
        docstring=source.docstring,
        parameters=source.parameters,
        returns=returns,
        parent=client,
    )
