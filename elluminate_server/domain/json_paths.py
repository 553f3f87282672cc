"""Paths into JSON: the part of JSONPath (RFC 9535) that names one place, or all members of a list.

`$` is the whole; `.name` and `['any name']` a member; `[0]` and `[-1]` an element; `[*]` every element.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

__all__ = ["InvalidPathError", "JsonPath", "NothingThereError", "described"]

_STEP = re.compile(
    r"""\.(?P<name>[^\W\d][\w-]*)|\[\s*(?:(?P<index>-?\d{1,9})|(?P<all>\*)|'(?P<single>[^']*)'|"(?P<double>[^"]*)")\s*\]"""
)

MAX_LENGTH = 1000
"""Characters of a path."""
_MOST_NAMES = 8
"""Members of an object that are named where none of them is meant."""


class InvalidPathError(ValueError):
    """A text is no path; says from where on it cannot be read."""


class NothingThereError(LookupError):
    """There is nothing at a path; says how far it leads, and what is there."""


@attrs.frozen
class JsonPath:
    """A path, read once.

    Attributes:
        text: As it was written.
        steps: Names, indices, and None for every element.
    """

    text: str
    steps: Sequence[str | int | None]

    @classmethod
    def parse(cls, text: str) -> "JsonPath":
        """Read a path.

        Raises:
            InvalidPathError: It is none.

        >>> JsonPath.parse("$.choices[0]['the text']").steps
        ('choices', 0, 'the text')
        """
        if len(text) > MAX_LENGTH:
            raise InvalidPathError(f"is longer than {MAX_LENGTH} characters")
        if not text.startswith("$"):
            raise InvalidPathError(
                "does not begin with '$', which is the whole answer: '$.choices[0].text', say"
            )
        steps: list[str | int | None] = []
        place = 1
        while place < len(text):
            found = _STEP.match(text, place)
            if found is None:
                raise InvalidPathError(
                    f"cannot be read from {text[place : place + 40]!r} on: .name, ['any name'], [0], [-1] and [*] can"
                )
            if found["all"]:
                steps.append(None)
            elif found["index"]:
                steps.append(int(found["index"]))
            else:
                steps.append(
                    next(found[kind] for kind in ("name", "single", "double") if found[kind] is not None)
                )
            place = found.end()
        return cls(text, tuple(steps))

    def find(self, value: Any) -> list[Any]:
        """What is there: one value, or as many as `[*]` finds.

        Raises:
            NothingThereError: Nothing is.

        >>> JsonPath.parse("$.parts[*].text").find({"parts": [{"text": "a"}, {"text": "b"}]})
        ['a', 'b']
        """
        return list(self._find(value, 0, "$"))

    def _find(self, value: Any, number: int, where: str) -> Iterator[Any]:
        for place in range(number, len(self.steps)):
            step = self.steps[place]
            if isinstance(step, str):
                if not isinstance(value, Mapping) or step not in value:
                    raise self._nothing(where, value)
                value = value[step]
                where += f".{step}" if step.isidentifier() else f"[{step!r}]"
                continue
            if not isinstance(value, list) or (step is None and not value):
                raise self._nothing(where, value)
            if step is None:
                for index, element in enumerate(value):
                    yield from self._find(element, place + 1, f"{where}[{index}]")
                return
            if not -len(value) <= step < len(value):
                raise self._nothing(where, value)
            value = value[step]
            where += f"[{step}]"
        yield value

    def _nothing(self, where: str, value: Any) -> NothingThereError:
        return NothingThereError(f"there is nothing at {self.text}: {where} is {described(value)}")


def described(value: Any) -> str:
    """What a value is, without what it says.

    >>> described({"error": {"code": 7}}), described([]), described("hush")
    ("an object with 'error'", 'an empty list', 'a text')
    """
    match value:
        case Mapping():
            names = ", ".join(repr(str(name)[:40]) for name in list(value)[:_MOST_NAMES])
            return (
                f"an object with {names}" + (", …" if len(value) > _MOST_NAMES else "")
                if value
                else "an empty object"
            )
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
    return "a text"
