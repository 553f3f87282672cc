"""promptfoo's assertions as criteria: which there are, and what each becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from elluminate._showing import quoted
from elluminate.suites.importing.parts import PLACEHOLDER, Notes, as_text, judged, problem_with_check

__all__ = ["Grader", "assertion_of_cell", "criterion_from", "graders_of"]


@frozen(kw_only=True)
class Grader:
    """An assertion on the way to a criterion.

    Attributes:
        where: Where it stands.
        check: The name of a check; `judge` for a question.
        values: What may be another in each row: texts, in which `{{names}}` are meant as placeholders.
        options: The rest, the same in all rows of a suite.
        label: A short name.
    """

    where: str
    check: str
    values: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()
    label: str | None = None

    @property
    def shape(self) -> str:
        """What rows of one suite have in common."""
        return json.dumps([self.check, self.options, self.label], ensure_ascii=False)


_TEXTS = {
    "contains": ("contains", {}),
    "icontains": ("contains", {"ignore_case": True}),
    "contains-any": ("contains", {"any_of": True}),
    "icontains-any": ("contains", {"any_of": True, "ignore_case": True}),
    "contains-all": ("contains", {}),
    "icontains-all": ("contains", {"ignore_case": True}),
    "starts-with": ("starts_with", {}),
    "regex": ("regex", {}),
}
_JUDGED = {
    "llm-rubric": "Does the answer meet this requirement: {}",
    "agent-rubric": "Does the answer meet this requirement: {}",
    "search-rubric": "Does the answer meet this requirement: {}",
    "g-eval": "Does the answer meet this requirement: {}",
    "model-graded-closedqa": "Does the answer meet this criterion: {}",
    "factuality": "Does the answer agree in its facts with this reference: {}",
    "model-graded-factuality": "Does the answer agree in its facts with this reference: {}",
    "context-recall": "Does the context hold what this expected answer says: {}\nThe context: {{context}}",
}
_OF_CONTEXT = {
    "context-faithfulness": "Is everything that the answer claims borne out by this context: {}",
    "context-relevance": "Is what the answer uses of this context what the question needs: {}",
}
_FIXED = {
    "answer-relevance": "Does the answer address what was asked, without straying from it?",
    "is-refusal": "Does the answer refuse to do what was asked?",
}
_INSTEAD = {
    "similar": "no likeness by embeddings here; ask the judge: Does the answer mean the same as … ?",
    "javascript": "write it in Python: {python: module:function} (checks.python)",
    "python": "name the function in a module: {python: module:function} (checks.python)",
    "ruby": "write it in Python: {python: module:function} (checks.python)",
    "webhook": "call it from a function: {python: module:function} (checks.python)",
    "select-best": "answers are compared by experiments: elluminate compare",
    "max-score": "answers are compared by experiments: elluminate compare",
    "moderation": "call the service from a function: {python: module:function} (checks.python)",
    "classifier": "call the model from a function: {python: module:function} (checks.python)",
}
_OTHERWISE = "there is no such check; a function does it: {python: module:function} (checks.python)"
_LOGIC = re.compile(r"\{%|\{#|\{\{(?!\s*\w+\s*\}\})")
_CELL = re.compile(r"\s*([a-z][a-z-]*)(?:\(([\d.]+)\))?:\s*(.*)\Z", re.DOTALL)


def graders_of(given: Any, where: str, notes: Notes, templates: Mapping[str, Any]) -> list[Grader]:
    """The criteria of a list of assertions.

    Args:
        given: What stands under `assert`.
        where: Where that is.
        notes: Where each assertion is counted, and those that have no counterpart are named.
        templates: `assertionTemplates` of the file.
    """
    if given is None:
        return []
    if not isinstance(given, list):
        notes.graders[where] = None
        notes.lost_grader(where, f"assertions are a list, not {quoted(given)}")
        return []
    found: list[Grader] = []
    for number, one in enumerate(given):
        place = f"{where}[{number}]"
        if isinstance(one, dict) and isinstance(one.get("$ref"), str):
            one = templates.get(one["$ref"].rpartition("/")[2])
        if isinstance(one, dict) and one.get("type") == "assert-set":
            found += _of_set(one, place, notes, templates)
            continue
        notes.graders[place] = None
        if not isinstance(one, dict) or not isinstance(one.get("type"), str):
            notes.lost_grader(place, f"an assertion is a mapping with a type, not {quoted(one)}")
            continue
        found += _of_one(one, place, notes)
    return found


def _of_set(one: dict[str, Any], place: str, notes: Notes, templates: Mapping[str, Any]) -> list[Grader]:
    inner = graders_of(one.get("assert", []), f"{place}.assert", notes, templates)
    threshold = one.get("threshold")
    if threshold in (None, 1):
        return inner
    for grader in inner:
        what = f"of an assert-set of which {quoted(threshold)} is enough; a suite has no 'some of these'"
        notes.lost_grader(grader.where, f"(type: assert-set) {what}")
    return []


def _of_one(one: Mapping[str, Any], place: str, notes: Notes) -> list[Grader]:
    kind = one["type"].strip()
    negate = kind.startswith("not-")
    plain = kind.removeprefix("not-")
    reason = None
    if "transform" in one:
        reason = "it looks at a transformed answer; do that in a function: {python: module:function}"
    elif isinstance(one.get("value"), str) and _LOGIC.search(one["value"]):
        reason = f"its value has an expression of a template language, {quoted(one['value'])}; write it out"
    elif any(_is_file(value) for value in _values_of(one)):
        reason = "its value stands in another file; write it out"
    graders = reason or _converted(plain, one, negate)
    if isinstance(graders, str):
        notes.lost_grader(place, f"(type: {kind}) {graders}")
        return []
    label = one.get("metric") if isinstance(one.get("metric"), str) else None
    if label is not None and PLACEHOLDER.search(label):
        label = None
    if one.get("weight") not in (None, 1):
        notes.add(
            "left out", f"{place}.weight", "verdicts count alike; give a criterion a threshold of its own"
        )
    if any(grader.check == "judge" for grader in graders):
        told = "decided by the judge as a yes/no question"
        if isinstance(one.get("threshold"), int | float):
            told += f"; the threshold {one['threshold']} has no counterpart"
        notes.add("approximated", place, f"(type: {kind}) {told}")
    return [evolve(grader, where=place, label=label) for grader in graders]


def _values_of(one: Mapping[str, Any]) -> list[Any]:
    value = one.get("value")
    return value if isinstance(value, list) else [value]


def _is_file(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower().startswith("file://")


def _converted(kind: str, one: Mapping[str, Any], negate: bool) -> list[Grader] | str:
    """The criteria of an assertion; a text says why there are none."""
    value = one.get("value")
    if kind in _TEXTS:
        return _of_texts(kind, value, negate)
    if kind in _JUDGED or kind in _OF_CONTEXT:
        return _of_judge(kind, value, negate)
    if kind in _FIXED:
        return [_question(_FIXED[kind], (), negate)]
    if kind == "equals":
        if isinstance(value, dict | list):
            return _checked("json_schema", [json.dumps({"const": value})], negate=negate)
        return _checked("equals", [as_text(value)], strip=False, negate=negate)
    if kind in ("is-json", "contains-json"):
        return _of_json(kind, value, negate)
    if kind in ("cost", "latency"):
        threshold = one.get("threshold")
        if isinstance(threshold, bool) or not isinstance(threshold, int | float):
            return "it has no threshold"
        if kind == "cost":
            return _checked("max_cost", [threshold], negate=negate)
        return _checked("max_seconds", [threshold / 1000], negate=negate)
    if kind == "word-count":
        return _of_words(value, negate)
    return _INSTEAD.get(kind, _OTHERWISE)


def _of_texts(kind: str, value: Any, negate: bool) -> list[Grader] | str:
    name, options = _TEXTS[kind]
    if kind.endswith(("-any", "-all")):
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")]
        if not isinstance(value, list):
            return f"it takes a list of texts, not {quoted(value)}"
    else:
        value = [value]
    if any(isinstance(one, dict | list | bool) or one is None for one in value):
        return f"it takes texts, not {quoted(value)}"
    texts = [as_text(one) for one in value]
    if "" in texts or not texts:
        return "it looks for an empty text, which every answer has"
    if any(_LOGIC.search(text) for text in texts):
        return "its value has an expression of a template language; write it out"
    if name == "regex":
        problem = problem_with_check({"regex": texts[0]})
        if problem is not None:
            return f"{problem}; patterns are those of RE2"
        return [Grader(where="", check="regex", options=(("value", texts[0]), ("negate", negate)))]
    return _checked(name, texts, negate=negate, **options)


def _of_judge(kind: str, value: Any, negate: bool) -> list[Grader] | str:
    if kind in _OF_CONTEXT:
        return [_question(_OF_CONTEXT[kind], ("{{context}}",), negate)]
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) and one.strip() for one in values):
        return f"it takes a text, not {quoted(value)}"
    if any(_LOGIC.search(one) for one in values):
        return "its value has an expression of a template language; write it out"
    return [_question(_JUDGED[kind], (one.strip(),), negate) for one in values]


def _question(frame: str, values: tuple[str, ...], negate: bool) -> Grader:
    if negate:
        frame = f"Is the answer to this question no? {frame}"
    return Grader(where="", check="judge", values=values, options=(("frame", frame),))


def _of_json(kind: str, value: Any, negate: bool) -> list[Grader] | str:
    if isinstance(value, str):
        from elluminate.suites.yaml_text import YamlError, read_yaml

        try:
            value = read_yaml(value).value
        except YamlError as error:
            return f"its schema cannot be read: {error}"
    if value is not None and not isinstance(value, dict):
        return f"its schema is a mapping, not {quoted(value)}"
    if value:
        problem = problem_with_check({"json_schema": {"schema": value}})
        if problem is not None:
            return problem
    if kind == "is-json":
        if not value:
            return _checked("is_json", [], negate=negate)
        return _checked("json_schema", [json.dumps(value, ensure_ascii=False)], negate=negate)
    if not value:
        return [_question("Is there a valid JSON object or list somewhere in the answer?", (), negate)]
    frame = "Is there JSON somewhere in the answer that fits this schema: {}"
    return [_question(frame, (json.dumps(value, ensure_ascii=False),), negate)]


def _of_words(value: Any, negate: bool) -> list[Grader] | str:
    bounds = value if isinstance(value, dict) else {"min": value, "max": value}
    found = []
    for name, check in (("min", "min_words"), ("max", "max_words")):
        bound = bounds.get(name)
        if isinstance(bound, str) and bound.strip().isdigit():
            bound = int(bound)
        if bound is None:
            continue
        if isinstance(bound, bool) or not isinstance(bound, int) or bound < 0:
            return f"it takes a number of words, or min and max, not {quoted(value)}"
        found += _checked(check, [bound], negate=negate)
    if not found:
        return f"it takes a number of words, or min and max, not {quoted(value)}"
    if negate and len(found) == 2:
        return "it wants fewer than one number or more than another; write a function (checks.python)"
    return found


def _checked(check: str, values: Sequence[Any], **options: Any) -> list[Grader]:
    kept = tuple((name, value) for name, value in options.items() if name != "negate" or value)
    return [Grader(where="", check=check, values=tuple(values), options=kept)]


def criterion_from(grader: Grader, values: Sequence[Any]) -> Any:
    """The criterion as a suite writes it.

    Args:
        grader: What it checks.
        values: Its values, or the placeholders of the columns that hold them.
    """
    options = dict(grader.options)
    if grader.check == "judge":
        frame = options["frame"]
        return judged(frame.replace("{}", values[0]) if values else frame, grader.label)
    beside: dict[str, Any] = {"negate": True} if options.pop("negate", False) else {}
    if grader.label:
        beside["label"] = grader.label
    inner: Any
    match grader.check:
        case "is_json":
            inner = True
        case "regex":
            inner = options.pop("value")
        case "json_schema":
            text = values[0]
            inner = text if PLACEHOLDER.fullmatch(text) else {"schema": json.loads(text)}
        case "contains":
            inner = values[0] if len(values) == 1 else list(values)
            if len(values) == 1:
                options.pop("any_of", None)
            if options:
                inner = {"values": inner, **options}
        case _:
            inner = {"value": values[0], **options} if options else values[0]
    return {grader.check: inner, **beside}


def assertion_of_cell(text: str) -> dict[str, Any] | None:
    """The assertion of a cell `__expected`: `contains: Paris`, or the text itself; None of an empty one."""
    if not text.strip():
        return None
    for prefix, kind in (("fn:", "javascript"), ("eval:", "javascript"), ("grade:", "llm-rubric")):
        if text.startswith(prefix):
            return {"type": kind, "value": text.removeprefix(prefix).strip()}
    found = _CELL.match(text)
    known = {*_TEXTS, *_JUDGED, *_FIXED, *_OF_CONTEXT, *_INSTEAD, "equals", "is-json", "contains-json"}
    known |= {"cost", "latency", "word-count", "levenshtein", "rouge-n", "bleu"}
    if text.strip() in ("is-json", "contains-json", "not-is-json"):
        return {"type": text.strip()}
    if found is None or found[1].removeprefix("not-") not in known:
        return {"type": "equals", "value": text}
    made: dict[str, Any] = {"type": found[1], "value": found[3]}
    if found[2]:
        made["threshold"] = float(found[2]) if found[2].count(".") < 2 else None
    return made
