"""OpenAI Evals: samples and registry entries of the evals of the open framework, and objects of the Evals API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from elluminate._row_files import rows_from_jsonl
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.suites.importing.evals_api import import_evals_api
from elluminate.suites.importing.model_graded import graded_criterion
from elluminate.suites.importing.parts import (
    PLACEHOLDER,
    Case,
    Imported,
    Notes,
    as_text,
    inside,
    messages_of,
    suites_of,
)

__all__ = ["import_openai_evals"]

_CHECKED = {"match": "Match", "includes": "Includes", "fuzzy_match": "FuzzyMatch", "json_match": "JsonMatch"}
_SETTINGS_KNOWN = {"samples_jsonl", "eval_type", "modelgraded_spec", "modelgraded_spec_args", "ignore_case"}


def import_openai_evals(said: Any, folder: Path, name: str) -> Imported:
    """The suites of samples, of registry entries, or of an object of the API.

    Args:
        said: Rows of a dump, or what the file says.
        folder: Where it is: files that it names are read from there and below.
        name: What the suites are called.

    Raises:
        ValidationError: There is none of them in it.
    """
    if isinstance(said, dict) and "testing_criteria" in said:
        return import_evals_api(said, name)
    notes = Notes()
    if isinstance(said, dict) and "input" in said:
        said = [said]  # a dump of one line
    if isinstance(said, list):
        notes.graders["samples"] = None
        what = "the samples do not name their eval; taken as Match (the answer begins with the ideal)"
        notes.add(
            "approximated", "samples", f"{what}: import its registry entry (.yaml) to have the right one"
        )
        return suites_of(name, _cases(said, "samples", "match", {}, notes), notes)
    if not isinstance(said, dict):
        raise ValidationError(f"OpenAI Evals are samples or mappings, not {quoted(said)}")
    specs = {key: one for key, one in said.items() if isinstance(one, dict) and "prompt" in one}
    cases: list[Case] = []
    for key, entry in said.items():
        if isinstance(entry, dict) and isinstance(entry.get("class"), str):
            cases += _of_entry(key, entry, folder, specs, notes)
    if not notes.graders:
        raise ValidationError("there is no entry with a class in it, such as evals.elsuite.basic.match:Match")
    if not cases:
        told = "; ".join(map(str, notes.notes))
        raise ValidationError(f"there are no samples that could be rows of a suite: {told}")
    return suites_of(name, cases, notes)


def _of_entry(
    key: str, entry: Mapping[str, Any], folder: Path, specs: Mapping[str, Any], notes: Notes
) -> list[Case]:
    notes.graders[key] = None
    args = entry.get("args")
    args = args if isinstance(args, dict) else {}
    for setting in args.keys() - _SETTINGS_KNOWN:
        notes.add("left out", f"{key}.args.{setting}", "a suite has nothing of the kind")
    named = args.get("samples_jsonl")
    file = None
    if isinstance(named, str):
        file = inside(folder, named) or inside(folder, f"data/{named}")
    if file is None:
        notes.lost_grader(key, f"its samples, {quoted(named)}, are not beside the file, nor below 'data'")
        return []
    kind = _kind_of(entry["class"])
    if kind == "modelgraded":
        spec = _spec(args.get("modelgraded_spec"), folder, specs)
        return _cases(rows_from_jsonl(file), key, kind, {**args, "spec": spec}, notes)
    if kind is None:
        what = "write what it does as a function: {python: module:function} (checks.python)"
        notes.lost_grader(key, f"(class: {entry['class']}) {what}")
    return _cases(rows_from_jsonl(file), key, kind, args, notes)


def _kind_of(named: str) -> str | None:
    module, _, last = named.partition(":")
    if "modelgraded" in module:
        return "modelgraded"
    return next((kind for kind, name in _CHECKED.items() if name == last), None)


def _spec(named: Any, folder: Path, specs: Mapping[str, Any]) -> Any:
    """The specification of a model-graded eval: in the same file, or one beside it; otherwise its name."""
    if not isinstance(named, str) or named in specs:
        return specs.get(named) if isinstance(named, str) else None
    from elluminate.suites.yaml_text import YamlError, read_yaml

    for path in (f"{named}.yaml", f"modelgraded/{named}.yaml"):
        file = inside(folder, path)
        if file is not None:
            try:
                value = read_yaml(file.read_text(encoding="utf-8-sig")).value
            except (YamlError, OSError, UnicodeDecodeError):
                continue
            if isinstance(value, dict) and isinstance(value.get(named), dict):
                return value[named]
    return named


def _cases(
    samples: Sequence[Any], where: str, kind: str | None, args: Mapping[str, Any], notes: Notes
) -> list[Case]:
    cases = []
    graded = graded_criterion(args, where, notes) if kind == "modelgraded" else None
    most = max((len(_ideals(one)) for one in samples if isinstance(one, dict)), default=0)
    for number, sample in enumerate(samples):
        place = f"{where}: sample {number}"
        if not isinstance(sample, dict):
            notes.add("not converted", place, f"a sample is a mapping, not {quoted(sample)}")
            continue
        row: dict[str, Any] = {}
        prompt = _prompt(sample.get("input"), row)
        if prompt is None:
            what = "its input is no text, and no messages of texts by system, user or assistant"
            notes.add("not converted", place, what)
            continue
        row = {**sample, **row}
        row.pop("ideal", None)
        if "input" not in as_text(prompt):
            row.pop("input", None)
        criteria: list[Any] = []
        ideals = _ideals(sample)
        if kind in _CHECKED:
            if ideals:
                criteria = [_checked(kind, ideals, row, most, ignore_case=args.get("ignore_case") is True)]
            else:
                notes.add("not converted", place, "it has no ideal answer")
        elif ideals:
            row["ideal"] = ideals[0] if len(ideals) == 1 else " or ".join(ideals)
        if graded is not None:
            criteria = [graded]
            for name in PLACEHOLDER.findall(as_text(graded)):
                row.setdefault(name, as_text(sample.get(name)))
        cases.append(Case(prompt=prompt, row=row, criteria=criteria, sources=(where,)))
    if kind == "fuzzy_match":
        what = "FuzzyMatch leaves punctuation and articles aside, and takes a part of the ideal, too"
        notes.add("approximated", where, f"{what}; here the answer contains the ideal, in either case")
    return cases


def _ideals(sample: Any) -> list[str]:
    ideal = sample.get("ideal")
    listed = ideal if isinstance(ideal, list) else [ideal]
    return [as_text(one) for one in listed if one not in (None, "")]


def _prompt(given: Any, row: dict[str, Any]) -> Any:
    """The prompt of an input, whose texts are put into the row: braces in them are no placeholders."""
    if isinstance(given, str) and given:
        row["input"] = given
        return "{{input}}"
    messages = messages_of(given)
    if messages is None:
        return None
    if len(messages) == 1:
        row["input"] = messages[0][1]
        return [{"role": messages[0][0], "content": "{{input}}"}]
    for number, (_, text) in enumerate(messages, 1):
        row[f"message_{number}"] = text
    return [
        {"role": role, "content": f"{{{{message_{number}}}}}"} for number, (role, _) in enumerate(messages, 1)
    ]


def _checked(
    kind: str | None, ideals: Sequence[str], row: dict[str, Any], most: int, *, ignore_case: bool
) -> Any:
    if kind == "json_match":
        row["ideal_schema"] = json.dumps({"enum": [_json(one) for one in ideals]}, ensure_ascii=False)
        return {"json_schema": "{{ideal_schema}}"}
    # One that is looked for twice changes nothing, so that rows with fewer ideals have the same criterion.
    padded = [*ideals, *[ideals[-1]] * (most - len(ideals))][:1000]
    names = ["ideal"] if most == 1 else [f"ideal_{number}" for number in range(1, len(padded) + 1)]
    row |= zip(names, padded, strict=True)
    holders = [f"{{{{{name}}}}}" for name in names]
    if kind == "match":
        if most == 1:
            return {"starts_with": holders[0]}
        return {"regex": rf"\A(?:{'|'.join(holders)})"}
    values: Any = holders[0] if most == 1 else holders
    options = {"any_of": True} if most > 1 else {}
    if kind == "fuzzy_match" or ignore_case:
        options["ignore_case"] = True
    return {"contains": {"values": values, **options} if options else values}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
