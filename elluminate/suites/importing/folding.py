"""Assertions of single tests as criteria of all rows: what differs between the rows becomes columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from elluminate.suites.importing.parts import PLACEHOLDER, as_text, filled
from elluminate.suites.importing.promptfoo_assertions import Grader, criterion_from

__all__ = ["Test", "folded"]


@frozen(kw_only=True)
class Test:
    """One test: where it stands, the values of its variables, and what its answer is held to."""

    where: str
    row: Mapping[str, Any]
    graders: Sequence[Grader]


def folded(tests: Sequence[Test], prompt: Any) -> Iterator[tuple[Test, dict[str, Any], list[Any]]]:
    """Tests with their rows and criteria: those with graders of the same shape have the same criteria.

    Args:
        tests: In the order of the file.
        prompt: What is asked; a variable that a test has not is filled in as nothing.
    """
    groups: dict[str, list[Test]] = {}
    for test in tests:
        groups.setdefault("\n".join(grader.shape for grader in test.graders), []).append(test)
    asked = PLACEHOLDER.findall(as_text(prompt))
    for group in groups.values():
        rows = [dict(test.row) for test in group]
        criteria = [
            _criterion([test.graders[number] for test in group], rows, number)
            for number in range(len(group[0].graders))
        ]
        names = dict.fromkeys([*asked, *PLACEHOLDER.findall(json.dumps(criteria, ensure_ascii=False))])
        names.update(dict.fromkeys(name for row in rows for name in row))
        if not names:
            names = {"case": None}
        for number, (test, row) in enumerate(zip(group, rows, strict=True), 1):
            filled = {name: row.get(name, number if name == "case" else "") for name in names}
            yield test, filled, criteria


def _criterion(graders: Sequence[Grader], rows: Sequence[dict[str, Any]], number: int) -> Any:
    """The criterion of graders of one shape, one for each row; what differs is put into the rows."""
    first = graders[0]
    most = max(len(grader.values) for grader in graders)
    padded = [_padded(grader.values, most) for grader in graders]
    values: list[Any] = []
    for place in range(most):
        given = [one[place] for one in padded]
        has_placeholder = any(isinstance(one, str) and PLACEHOLDER.search(one) for one in given)
        is_same = all(one == given[0] for one in given)
        if is_same and not (has_placeholder and first.check == "json_schema"):
            values.append(given[0])
            continue
        column = _free(f"expected_{number + 1}" + (f"_{place + 1}" if most > 1 else ""), rows)
        for row, one in zip(rows, given, strict=True):
            row[column] = _rendered(one, row, is_json=first.check == "json_schema")
        values.append(f"{{{{{column}}}}}")
    return criterion_from(first, values)


def _padded(values: Sequence[Any], most: int) -> list[Any]:
    """As many values as the row with the most has: one that is looked for twice changes nothing."""
    return [*values, *[values[-1]] * (most - len(values))] if values else []


def _free(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    while any(name in row for row in rows):
        name += "_"
    return name


def _rendered(value: Any, row: Mapping[str, Any], *, is_json: bool) -> Any:
    if isinstance(value, str) and is_json:
        return json.dumps(_rendered_parts(json.loads(value), row), ensure_ascii=False)
    return _rendered_parts(value, row)


def _rendered_parts(value: Any, row: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return filled(value, row)
    if isinstance(value, list):
        return [_rendered_parts(one, row) for one in value]
    if isinstance(value, dict):
        return {key: _rendered_parts(one, row) for key, one in value.items()}
    return value
