"""Langfuse: exports of a dataset, alone or with prompts and evaluators."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.suites.importing.model_graded import instruction
from elluminate.suites.importing.parts import (
    PLACEHOLDER,
    Case,
    Imported,
    Notes,
    as_text,
    judged,
    messages_of,
    suites_of,
)

__all__ = ["import_langfuse"]

_ANSWERS = {"output", "generation", "completion", "response", "answer"}
_COLUMNS = {"input": "input", "query": "input", "question": "input", "context": "context"}
_EXPECTED = {"expected_output", "expectedoutput", "ground_truth", "groundtruth", "reference", "ideal"}
_WORD = re.compile(r"\w+")
_BOUNDED = re.compile(r"\$\.(\w+)")
_OF_AGREEMENT = "Does the answer agree with what is expected: {{expected_output}}"


def import_langfuse(said: Any, name: str) -> Imported:
    """The suites of an export.

    Args:
        said: Items, or a mapping with `items` (or `data`), and with `prompts` and `evaluators` where there are some.
        name: What the suites are called where the export has no name.

    Raises:
        ValidationError: There are no items in it.
    """
    notes = Notes()
    if isinstance(said, dict) and "input" in said:
        said = [said]  # an export of one line
    whole: Mapping[str, Any] = said if isinstance(said, dict) else {"items": said}
    items = next((whole[key] for key in ("items", "data", "datasetItems") if key in whole), None)
    if not isinstance(items, list):
        raise ValidationError(f"there are no items in it: items is a list, not {quoted(items)}")
    prompts, labels, places = _prompts(whole, notes)
    evaluators = next((whole[key] for key in ("evaluators", "evaluatorTemplates") if key in whole), None)
    criteria: list[Any] = []
    columns: dict[str, tuple[str, str]] = {}
    for number, one in enumerate(evaluators if isinstance(evaluators, list) else []):
        where = f"evaluators[{number}]"
        notes.graders[where] = None
        criterion = _criterion(one, where, columns, notes)
        if criterion is not None and criterion not in criteria:
            criteria.append(criterion)
    rows = _rows(items, notes)
    if evaluators is None and any(row.get("expected_output") not in (None, "") for row in rows):
        notes.graders["items.expectedOutput"] = None
        what = "the export has no evaluator; the judge is asked whether the answer agrees with it"
        notes.add("approximated", "items.expectedOutput", what)
    cases = []
    for prompt in prompts or [None]:
        for row in rows:
            own = criteria
            if evaluators is None and row.get("expected_output") not in (None, ""):
                own = [{"text": _OF_AGREEMENT, "label": "expected"}]
            case = _case(prompt, row, own, columns)
            cases.append(evolve(case, sources=places.get(json.dumps(prompt, ensure_ascii=False), ())))
    title = whole.get("name", whole.get("datasetName"))
    described = whole.get("description")
    return suites_of(
        title if isinstance(title, str) and title.strip() else name,
        cases,
        notes,
        labels=labels if len(prompts) > 1 else {},
        description=described[:5000] if isinstance(described, str) else None,
    )


def _prompts(
    whole: Mapping[str, Any], notes: Notes
) -> tuple[list[Any], dict[str, str], dict[str, tuple[str, ...]]]:
    given = whole.get("prompts", whole.get("prompt"))
    if given is None:
        return [], {}, {}
    found, labels = [], {}
    places: dict[str, tuple[str, ...]] = {}
    for number, one in enumerate(given if isinstance(given, list) else [given]):
        where = f"prompts[{number}]"
        text = one.get("prompt") if isinstance(one, dict) else one
        messages = messages_of(text)
        if messages is not None:
            prompt: Any = [{"role": role, "content": content} for role, content in messages]
        elif isinstance(text, str) and text.strip():
            prompt = text
        else:
            what = "a prompt is a text, or messages of texts by system, user or assistant"
            notes.add("not converted", where, what)
            continue
        found.append(prompt)
        named = one.get("name") if isinstance(one, dict) else None
        version = one.get("version") if isinstance(one, dict) else None
        label = f"{named if isinstance(named, str) else f'prompt {number + 1}'}"[:60]
        if isinstance(version, int):
            label += f" v{version}"
        key = json.dumps(prompt, ensure_ascii=False)
        labels[key] = label
        places[key] = (*places.get(key, ()), where)
        if isinstance(one, dict) and one.get("config"):
            what = "the model of a prompt is not taken over; name it under models"
            notes.add("left out", f"{where}.config", what)
    return found, labels, places


def _rows(items: Sequence[Any], notes: Notes) -> list[dict[str, Any]]:
    rows = []
    for number, item in enumerate(items):
        where = f"items[{number}]"
        if not isinstance(item, dict) or item.get("input") in (None, "", [], {}):
            notes.add("not converted", where, "an item is a mapping with an input")
            continue
        if str(item.get("status", "ACTIVE")).upper() == "ARCHIVED":
            notes.add("left out", where, "it is archived")
            continue
        row: dict[str, Any] = {"input": _parsed(item["input"])}
        expected = _parsed(item.get("expectedOutput", item.get("expected_output")))
        if expected not in (None, ""):
            row["expected_output"] = expected
        metadata = _parsed(item.get("metadata"))
        if metadata not in (None, "", {}):
            row["metadata"] = metadata
        rows.append(row)
    return rows


def _parsed(value: Any) -> Any:
    """A value; of a cell that holds JSON, what that is."""
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _case(
    prompt: Any, row: Mapping[str, Any], criteria: Sequence[Any], columns: Mapping[str, tuple[str, str]]
) -> Case:
    cells: dict[str, Any] = {}
    given = row["input"]
    messages = given.get("messages") if isinstance(given, dict) and len(given) == 1 else given
    chat = messages_of(messages)
    if isinstance(given, dict):
        cells |= {key: value for key, value in given.items() if _WORD.fullmatch(key) and chat is None}
    cells.setdefault("input", as_text(given))
    if prompt is None and chat is not None:
        prompt = []
        for number, (role, text) in enumerate(chat, 1):
            cells[f"message_{number}"] = text
            prompt.append({"role": role, "content": f"{{{{message_{number}}}}}"})
    elif prompt is None:
        prompt = _asked(given)
    cells |= {key: as_text(row[key]) for key in ("expected_output", "metadata") if key in row}
    for column, (source, inner) in columns.items():
        value = _picked(row.get(source), inner)
        cells[column] = as_text(value)
    for name in PLACEHOLDER.findall(as_text([prompt, list(criteria)])):
        cells.setdefault(name, "")
    return Case(prompt=prompt, row=cells, criteria=criteria)


def _asked(given: Any) -> str:
    if isinstance(given, dict):
        for name in ("input", "question", "query", "prompt", "message", "text"):
            if name in given:
                return f"{{{{{name}}}}}"
    return "{{input}}"


def _picked(value: Any, inner: str) -> Any:
    return value if not inner else value.get(inner) if isinstance(value, dict) else None


def _criterion(one: Any, where: str, columns: dict[str, tuple[str, str]], notes: Notes) -> Any:
    if not isinstance(one, dict):
        notes.lost_grader(where, f"an evaluator is a mapping, not {quoted(one)}")
        return None
    kind = str(one.get("type", "llm_as_judge")).lower()
    if kind not in ("llm_as_judge", "llm-as-a-judge", "llm", "template") or "code" in one:
        what = "write what it does as a function: {python: module:function} (checks.python)"
        notes.lost_grader(where, f"(type: {kind}) {what}")
        return None
    inner = one.get("evalTemplate", one)
    text = inner.get("prompt") if isinstance(inner, dict) else None
    if not isinstance(text, str) or not text.strip():
        notes.lost_grader(where, "it has no prompt")
        return None
    if "{{" in PLACEHOLDER.sub("", text):
        notes.lost_grader(where, "its prompt has an expression of a template language; write it out")
        return None
    mapping = _mapping(one)
    unknown: list[str] = []
    text = PLACEHOLDER.sub(lambda found: _variable(found[1], mapping, columns, unknown), text)
    if unknown:
        notes.lost_grader(where, f"{', '.join(unknown)}: not mapped to a value of items that can be a column")
        return None
    label = one.get("scoreName", one.get("name"))
    question = "Would the evaluator pass the answer, with true or its best grades?"
    notes.add("approximated", where, "(type: llm_as_judge) decided by the judge as a yes/no question")
    return judged(instruction(text, question), label if isinstance(label, str) and label.strip() else None)


def _mapping(one: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Which value of an item, and which part of it, fills a variable."""
    given = one.get("mapping", one.get("variableMapping"))
    found = {}
    for entry in given if isinstance(given, list) else []:
        if not isinstance(entry, dict):
            continue
        variable = entry.get("variable", entry.get("templateVariable"))
        source = entry.get("source", entry.get("selectedColumnId"))
        path = entry.get("jsonPath", entry.get("jsonSelector"))
        if isinstance(variable, str) and isinstance(source, str):
            found[variable] = (source.lower(), path if isinstance(path, str) else "")
    return found


def _variable(
    name: str,
    mapping: Mapping[str, tuple[str, str]],
    columns: dict[str, tuple[str, str]],
    unknown: list[str],
) -> str:
    """What stands for a variable in a criterion; one that cannot be filled is added to `unknown`."""
    source, path = mapping.get(name, (name.lower(), ""))
    if source in _ANSWERS:
        if path not in ("", "$"):
            unknown.append(name)
        return "(the answer)"
    source = "expected_output" if source in _EXPECTED else _COLUMNS.get(source, source)
    if source == "experiment_item_metadata":
        source = "metadata"
    found = _BOUNDED.fullmatch(path)
    if path in ("", "$"):
        if source in ("input", "expected_output", "metadata"):
            return f"{{{{{source}}}}}"
        if name in mapping:
            unknown.append(name)
        return f"{{{{{name}}}}}"  # a column of that name, of items whose input is a mapping
    if found is None or source not in ("input", "expected_output", "metadata"):
        unknown.append(name)
        return ""
    column = f"{source}_{found[1]}"
    columns[column] = (source, found[1])
    return f"{{{{{column}}}}}"
