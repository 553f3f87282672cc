"""What all formats are turned into on the way to suites: cases, their criteria, and notes about what is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from attrs import define, field, frozen

from elluminate import checks
from elluminate.exceptions import ValidationError
from elluminate.suites.rules import problem_with_rule

__all__ = [
    "ANSWERED",
    "PLACEHOLDER",
    "Case",
    "Imported",
    "ImportedSuite",
    "Note",
    "Notes",
    "as_text",
    "filled",
    "inside",
    "judged",
    "messages_of",
    "problem_with_check",
    "suites_of",
]

PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")

ANSWERED: dict[str, Any] = {"min_words": 1, "label": "answered"}
"""The criterion of rows that have none: there is an answer."""

_LONGEST_NAME = 140
_LONGEST_LABEL = 255
_LONGEST_TEXT = 1 << 20
_MOST_SUITES = 200
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}

Kind = Literal["not converted", "approximated", "left out"]


@frozen
class Note:
    """What did not come over, or not as it was.

    Attributes:
        kind: `not converted` is a grader, a prompt or a model; `approximated` one that a judge decides instead;
            `left out` a setting.
        where: Where it stands in the file, counted from 0 as its own tool does.
        what: What it is, and what to do.
    """

    kind: Kind
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what}"


@define
class Notes:
    """The notes of one file, and which graders there are in it.

    Attributes:
        notes: Each once, in the order of the file.
        graders: Where graders stand.
        named: Where those stand that could not be converted.
    """

    notes: dict[Note, None] = field(factory=dict)
    graders: dict[str, None] = field(factory=dict)
    named: dict[str, None] = field(factory=dict)

    def lost_grader(self, where: str, what: str) -> None:
        """A grader that has no counterpart."""
        self.named[where] = None
        self.add("not converted", where, what)

    def add(self, kind: Kind, where: str, what: str) -> None:
        """Add a note: what became of something, where it stands, and what to know of it."""
        self.notes[Note(kind, where, what)] = None


@frozen(kw_only=True)
class Case:
    """One row, with what is asked and the criteria that hold for it.

    Attributes:
        prompt: A text, or messages; with placeholders.
        row: What fills them.
        criteria: As a suite writes them.
        sources: Where in the file it comes from, as notes name places.
    """

    prompt: Any
    row: Mapping[str, Any]
    criteria: Sequence[Any]
    sources: tuple[str, ...] = ()


@frozen(kw_only=True)
class ImportedSuite:
    """A suite.

    Attributes:
        label: What tells it apart from the others of the same file; empty where it is the only one.
        data: The suite, as its file says it.
        sources: Where in the file its rows come from.
    """

    label: str
    data: dict[str, Any]
    sources: frozenset[str] = frozenset()


@frozen(kw_only=True)
class Imported:
    """What became of a file.

    Attributes:
        suites: One or more.
        notes: What did not come over, or not as it was.
        graders: How many graders the file has.
        converted: How many of them the suites have.
    """

    suites: list[ImportedSuite]
    notes: list[Note]
    graders: int
    converted: int

    def notes_of(self, suite: ImportedSuite) -> list[Note]:
        """The notes that are about a suite: those about where its rows come from, and those about no suite's rows.

        Args:
            suite: One of `suites`.
        """
        everywhere = frozenset[str]().union(*(one.sources for one in self.suites))
        abouts = ((note, _source_of(note.where, everywhere)) for note in self.notes)
        return [note for note, source in abouts if source is None or source in suite.sources]


def _source_of(where: str, sources: Collection[str]) -> str | None:
    """The nearest source that a place lies in; None where it lies in none."""
    while where not in sources:
        end = max(where.rfind(sign) for sign in ".[:")
        if end < 0:
            return None
        where = where[:end]
    return where


def suites_of(
    name: str,
    cases: Iterable[Case],
    notes: Notes,
    *,
    labels: Mapping[str, str] | None = None,
    is_gate: bool = False,
    **common: Any,
) -> Imported:
    """Suites of cases: those with the same prompt and the same criteria are one.

    Args:
        name: What the suites are called.
        cases: The rows.
        notes: What was noted while they were read.
        labels: What a prompt is called, by its JSON.
        is_gate: Whether the tool fails where a row does.
        common: What all suites have: models, epochs, description.

    Raises:
        ValidationError: There are no rows.
    """
    groups: dict[str, list[Case]] = {}
    for case in cases:
        key = json.dumps([case.prompt, case.criteria], ensure_ascii=False)
        groups.setdefault(key, []).append(case)
    if not groups:
        raise ValidationError("there are no test cases in it that could be rows of a suite")
    if len(groups) > _MOST_SUITES:
        raise ValidationError(
            f"it comes to {len(groups)} suites, one for each prompt and each shape of assertions; {_MOST_SUITES} are "
            "the most; take it apart"
        )
    name = " ".join(name.split())[:_LONGEST_NAME] or "Imported"
    suites = []
    numbers: dict[str, int] = {}
    for group in groups.values():
        prompt = group[0].prompt
        label = (labels or {}).get(json.dumps(prompt, ensure_ascii=False), "")
        numbers[label] = numbers.get(label, 0) + 1
        if numbers[label] > 1:
            label = f"{label}, part {numbers[label]}" if label else f"part {numbers[label]}"
        data: dict[str, Any] = {"name": f"{name[: _LONGEST_NAME - len(label)]} ({label})" if label else name}
        data |= {key: value for key, value in common.items() if value}
        data |= {"template": prompt, "rows": [dict(case.row) for case in group]}
        data["criteria"] = [_labelled(one) for one in _distinct(group[0].criteria)] or [ANSWERED]
        if is_gate:
            data["thresholds"] = {"passing": 1.0}
        sources = {source for case in group for source in case.sources}
        if not group[0].criteria:
            where = f"criteria of {data['name']!r}"
            sources.add(where)
            notes.add(
                "left out",
                where,
                f"no grader is left for {len(group)} rows; 'answered' says that there is an answer",
            )
        suites.append(ImportedSuite(label=label, data=data, sources=frozenset(sources)))
    return Imported(
        suites=suites,
        notes=list(notes.notes),
        graders=len(notes.graders),
        converted=len(notes.graders) - len(notes.named),
    )


def _labelled(criterion: Any) -> Any:
    """A criterion whose label is as short as a label may be, or away where it is empty."""
    if not isinstance(criterion, dict) or "label" not in criterion:
        return criterion
    label = " ".join(criterion["label"].split())[:_LONGEST_LABEL]
    rest = {key: value for key, value in criterion.items() if key != "label"}
    return {**rest, "label": label} if label else rest


def _distinct(criteria: Sequence[Any]) -> list[Any]:
    """Criteria without those that stand there already."""
    kept: dict[str, Any] = {}
    for criterion in criteria:
        plain = criterion
        if isinstance(criterion, dict):
            plain = {key: value for key, value in criterion.items() if key != "label"}
            plain = plain["text"] if plain.keys() == {"text"} else plain
        kept.setdefault(json.dumps(plain, ensure_ascii=False, sort_keys=True), criterion)
    return list(kept.values())


def judged(question: str, label: str | None = None) -> Any:
    """A criterion for the judge, as a suite writes it."""
    return {"text": question, "label": label} if label else question


def as_text(value: Any) -> str:
    """A value as it is filled in: texts as they are, JSON for everything else."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def filled(text: str, row: Mapping[str, Any]) -> str:
    """A text with the values of a row; what the row has not is filled in as nothing.

    Raises:
        ValidationError: It gets larger than a run allows.
    """
    length = 0

    def value(found: re.Match[str]) -> str:
        nonlocal length
        put = as_text(row.get(found[1]))
        length += len(put)
        if length > _LONGEST_TEXT:
            raise ValidationError(f"a text gets longer than {_LONGEST_TEXT} characters: {text[:80]!r}")
        return put

    return PLACEHOLDER.sub(value, text)


def messages_of(value: Any) -> list[tuple[str, str]] | None:
    """Roles and texts of chat messages; None for what is none, or has parts that a suite cannot have."""
    if not isinstance(value, list) or not value:
        return None
    found = []
    for message in value:
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in _ROLES:
            return None
        content = message.get("content")
        if isinstance(content, dict):
            content = [content]
        if isinstance(content, list):
            texts = [part.get("text") if isinstance(part, dict) else part for part in content]
            if not all(isinstance(text, str) for text in texts):
                return None
            content = "\n".join(map(str, texts))
        if not isinstance(content, str) or not content:
            return None
        found.append((_ROLES[role], content))
    return found


def problem_with_check(check: Mapping[str, Any]) -> str | None:
    """Why a server would refuse a check; None where it would not."""
    try:
        made = checks.from_mapping(check)
    except ValidationError as error:
        return str(error)
    return problem_with_rule(made)


def inside(folder: Path, name: str) -> Path | None:
    """A file in the folder or below; None for one elsewhere: a configuration of others shall not fetch any file."""
    try:
        file = (folder / name).resolve()
        return file if file.is_relative_to(folder.resolve()) and file.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None
