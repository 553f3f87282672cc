"""Objects of OpenAI's Evals API: `data_source_config` and `testing_criteria`, with the data of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from elluminate._showing import quoted
from elluminate.suites.importing.model_graded import instruction
from elluminate.suites.importing.parts import (
    PLACEHOLDER,
    Case,
    Imported,
    Notes,
    judged,
    messages_of,
    problem_with_check,
    suites_of,
)

__all__ = ["import_evals_api"]

_ITEM = re.compile(r"\{\{\s*item\.(\w+)\s*\}\}")
_SAMPLE = re.compile(r"\{\{\s*sample\.(\w+)\s*\}\}")
_ANSWER = re.compile(r"\{\{\s*sample\.output_text\s*\}\}")
_OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "eq": ("equals", {"strip": False}),
    "ne": ("not_equals", {"strip": False}),
    "like": ("contains", {}),
    "ilike": ("contains", {"ignore_case": True}),
}


def import_evals_api(said: Mapping[str, Any], name: str) -> Imported:
    """The suite of an eval.

    Args:
        said: The object, with the data of a run as `data_source`, or a run under `runs` or `run`.
        name: What the suite is called where the object has no name.
    """
    notes = Notes()
    given = said.get("testing_criteria")
    criteria = []
    for number, one in enumerate(given if isinstance(given, list) else [given]):
        where = f"testing_criteria[{number}]"
        notes.graders[where] = None
        criterion = _criterion(one, where, notes)
        if criterion is not None and criterion not in criteria:
            criteria.append(criterion)
    runs = said.get("runs", said.get("run", said))
    run = runs[0] if isinstance(runs, list) and runs else runs
    if isinstance(runs, list) and len(runs) > 1:
        notes.add("left out", "runs[1:]", "the rows, the prompt and the model are those of the first run")
    source = run.get("data_source") if isinstance(run, dict) else None
    source = source if isinstance(source, dict) else {}
    rows = _rows(source, said, notes)
    prompt = _prompt(source.get("input_messages"), rows, notes)
    names = PLACEHOLDER.findall(repr([prompt, criteria]))
    title = said.get("name")
    return suites_of(
        title if isinstance(title, str) and title.strip() else name,
        [Case(prompt=prompt, row={**dict.fromkeys(names, ""), **row}, criteria=criteria) for row in rows],
        notes,
        models=_models(source, run, notes),
    )


def _criterion(one: Any, where: str, notes: Notes) -> Any:
    kind = one.get("type") if isinstance(one, dict) else None
    if not isinstance(one, dict) or not isinstance(kind, str):
        notes.lost_grader(where, f"a grader is a mapping with a type, not {quoted(one)}")
        return None
    label = one.get("name") if isinstance(one.get("name"), str) else None
    made: Any = None
    match kind:
        case "string_check":
            made = _string_check(one)
        case "label_model":
            made = _label_model(one, label)
        case "score_model":
            made = _score_model(one, label)
        case "text_similarity":
            made = "no likeness of texts here; ask the judge: Does the answer mean the same as … ?"
        case "python":
            made = "name the function in a module: {python: module:function} (checks.python)"
        case _:
            made = "there is no such grader here; a function does it: {python: module:function}"
    if isinstance(made, str):
        notes.lost_grader(where, f"(type: {kind}) {made}")
        return None
    if "text" in made:
        notes.add("approximated", where, f"(type: {kind}) decided by the judge as a yes/no question")
    elif label:
        made["label"] = label
    return made


def _string_check(one: Mapping[str, Any]) -> dict[str, Any] | str:
    looked_at, reference = one.get("input"), one.get("reference")
    operation = _OPERATIONS.get(str(one.get("operation")))
    if not isinstance(looked_at, str) or not _ANSWER.fullmatch(looked_at.strip()):
        return f"it looks at {quoted(looked_at)}, and a check looks at the answer: {{{{sample.output_text}}}}"
    if not isinstance(reference, str) or operation is None or _SAMPLE.search(reference):
        return f"{quoted(one.get('operation'))} with {quoted(reference)} has no counterpart"
    check, options = operation
    value = _ours(reference)
    main = "values" if check == "contains" else "value"
    made = {check: {main: value, **options} if options else value}
    return problem_with_check(made) or made


def _label_model(one: Mapping[str, Any], label: str | None) -> Any:
    passing = one.get("passing_labels")
    text = _instruction(one)
    if text is None or not isinstance(passing, list) or not passing:
        return "it has no instruction, or no passing labels"
    labels = " or ".join(f'"{one}"' for one in passing)
    return {"text": instruction(text, f"Would the label be {labels}?")} | ({"label": label} if label else {})


def _score_model(one: Mapping[str, Any], label: str | None) -> Any:
    threshold = one.get("pass_threshold")
    text = _instruction(one)
    if text is None or isinstance(threshold, bool) or not isinstance(threshold, int | float):
        return "it has no instruction, or no pass_threshold that makes a yes or no of its score"
    reach = one.get("range")
    between = (
        f" on a scale from {reach[0]} to {reach[1]}" if isinstance(reach, list) and len(reach) == 2 else ""
    )
    made = judged(instruction(text, f"Would the score be at least {threshold}{between}?"), label)
    return made if isinstance(made, dict) else {"text": made}


def _instruction(one: Mapping[str, Any]) -> str | None:
    messages = messages_of(one.get("input"))
    if messages is None:
        return None
    return _ours("\n\n".join(text for _, text in messages))


def _ours(text: str) -> str:
    """A text whose variables are named as here."""
    text = _SAMPLE.sub("(the answer)", text)
    return _ITEM.sub(lambda found: f"{{{{{found[1]}}}}}", text)


def _rows(source: Mapping[str, Any], said: Mapping[str, Any], notes: Notes) -> list[dict[str, Any]]:
    data = source.get("source")
    content = data.get("content") if isinstance(data, dict) else None
    rows = []
    for number, one in enumerate(content if isinstance(content, list) else []):
        item = one.get("item") if isinstance(one, dict) else None
        if isinstance(item, dict) and item:
            rows.append(dict(item))
        else:
            notes.add("not converted", f"data_source.source.content[{number}]", "it has no item")
    if rows:
        return rows
    config = said.get("data_source_config")
    schema = config.get("item_schema", config.get("schema")) if isinstance(config, dict) else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    names: Sequence[str] = list(properties) if isinstance(properties, dict) else []
    what = "the rows are not in the file: one empty row shows their columns; put yours in its place"
    notes.add("not converted", "data_source", what)
    return [dict.fromkeys(names or ["input"], "")]


def _prompt(given: Any, rows: Sequence[Mapping[str, Any]], notes: Notes) -> Any:
    template = given.get("template") if isinstance(given, dict) else None
    messages = messages_of(template)
    if messages is not None:
        return [{"role": role, "content": _ours(text)} for role, text in messages]
    name = "input" if "input" in rows[0] else next(iter(rows[0]))
    what = f"the prompt is not in the file; the column {name!r} is asked: write yours"
    notes.add("not converted", "data_source.input_messages", what)
    return f"{{{{{name}}}}}"


def _models(source: Mapping[str, Any], run: Any, notes: Notes) -> list[dict[str, Any]]:
    model = source.get("model", run.get("model") if isinstance(run, dict) else None)
    if not isinstance(model, str) or not model.strip():
        return []
    made: dict[str, Any] = {"name": model[:80], "model": model, "api_key_env": "OPENAI_API_KEY"}
    given = source.get("sampling_params")
    sampling = dict(given) if isinstance(given, dict) else {}
    for name, ours in (
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("max_completion_tokens", "max_tokens"),
    ):
        value = sampling.pop(name, None)
        most = {"temperature": 2, "top_p": 1}.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and (0 <= value <= most if most else isinstance(value, int) and value > 0):
            made[ours] = value
        elif value is not None:
            notes.add("left out", f"data_source.sampling_params.{name}", f"{quoted(value)} is out of bounds")
    for name in sampling:
        notes.add("left out", f"data_source.sampling_params.{name}", "a suite has no such setting")
    return [made]
