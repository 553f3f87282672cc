"""promptfoo's configurations: prompts, tests and assertions as suites.

An assertion is of one test there, a criterion is of all rows here. Tests with assertions of the same shape are the rows
of one suite; what differs between them becomes columns. Tests of another shape are another suite.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from elluminate._row_files import rows_from_csv, rows_from_jsonl
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.suites.importing.folding import Test, folded
from elluminate.suites.importing.parts import (
    PLACEHOLDER,
    Case,
    Imported,
    Notes,
    as_text,
    filled,
    inside,
    messages_of,
    suites_of,
)
from elluminate.suites.importing.promptfoo_assertions import assertion_of_cell, graders_of
from elluminate.suites.importing.promptfoo_providers import models_of

__all__ = ["import_promptfoo"]

_MOST_ROWS = 100_000
_MOST_BYTES = 64 * 1024 * 1024
_READ = {
    "prompts", "providers", "targets", "tests", "defaultTest", "scenarios", "description", "assertionTemplates",
    "evaluateOptions", "$schema",
}  # fmt: skip
_READ_OF_TEST = {"vars", "assert", "description"}


def import_promptfoo(said: Any, folder: Path, name: str) -> Imported:
    """The suites of a configuration.

    Args:
        said: What the file says.
        folder: Where it is: files that it names are read from there and below.
        name: What the suites are called where it has no description.

    Raises:
        ValidationError: It has no prompts, or no tests.
    """
    if not isinstance(said, dict):
        raise ValidationError(f"a configuration of promptfoo is a mapping, not {quoted(said)}")
    return _Reading(said, folder, name).result()


class _Reading:
    def __init__(self, said: Mapping[str, Any], folder: Path, name: str) -> None:
        self._said = said
        self._folder = folder
        self._name = name
        self._notes = Notes()
        templates = said.get("assertionTemplates")
        self._templates = templates if isinstance(templates, dict) else {}
        self._labels: dict[str, str] = {}
        self._places: dict[str, list[str]] = {}

    def result(self) -> Imported:
        said, notes = self._said, self._notes
        prompts = self._prompts()
        tests = self._tests()
        self._refuse_too_many(len(prompts) * len(tests))
        models = models_of(said.get("providers", said.get("targets")), notes)
        for key in said.keys() - _READ:
            notes.add("left out", key, "a suite has nothing of the kind")
        cases = [case for prompt in prompts for case in self._cases(prompt, tests)]
        title = said.get("description")
        return suites_of(
            title if isinstance(title, str) and title.strip() else self._name,
            cases,
            notes,
            labels=self._labels if len(prompts) > 1 else {},
            is_gate=True,
            models=models,
            epochs=self._epochs(),
        )

    def _epochs(self) -> int | None:
        options = self._said.get("evaluateOptions")
        if not isinstance(options, dict):
            return None
        for key in options.keys() - {"repeat"}:
            self._notes.add("left out", f"evaluateOptions.{key}", "a suite has nothing of the kind")
        repeat = options.get("repeat")
        return repeat if type(repeat) is int and 1 < repeat <= 1000 else None

    def _cases(self, prompt: Any, tests: Sequence[Test]) -> list[Case]:
        places = self._places[json.dumps(prompt, ensure_ascii=False)]
        return [
            Case(prompt=prompt, row=row, criteria=criteria, sources=(*places, test.where))
            for test, row, criteria in folded(tests, prompt)
        ]

    # Prompts

    def _prompts(self) -> list[Any]:
        given = self._said.get("prompts")
        if given is None:
            raise ValidationError("it has no prompts")
        found: list[Any] = []
        for number, one in enumerate(given if isinstance(given, list) else [given]):
            where = f"prompts[{number}]"
            label = one.get("label") if isinstance(one, dict) else None
            if isinstance(one, dict):
                one = one.get("raw", one.get("id"))
            if not isinstance(one, str) or not one.strip():
                self._notes.add("not converted", where, f"a prompt is a text, not {quoted(one)}")
                continue
            texts = self._texts_of_prompt(one, where)
            for part, text in enumerate(texts, 1):
                prompt = self._prompt(text, where)
                found.append(prompt)
                several = f" {part}" if len(texts) > 1 else ""
                default = f"prompt {number + 1}"
                named = label if isinstance(label, str) and label.strip() else default
                key = json.dumps(prompt, ensure_ascii=False)
                self._labels[key] = f"{named[:60]}{several}"
                self._places.setdefault(key, []).append(where)
        if not found:
            told = "; ".join(map(str, self._notes.notes))
            raise ValidationError(f"it has no prompt that could be converted: {told or 'prompts is empty'}")
        return found

    def _texts_of_prompt(self, one: str, where: str) -> list[str]:
        name = one.removeprefix("file://")
        is_file = one.startswith("file://") or (
            "\n" not in one and " " not in one and one.endswith((".txt", ".json", ".yaml", ".yml", ".md"))
        )
        if not is_file:
            return [one]
        text = self._file(name, where, (".txt", ".json", ".yaml", ".yml", ".md"))
        if text is None:
            return []
        if name.endswith(".txt"):
            parts = [part.strip() for part in f"\n{text}\n".split("\n---\n")]
            return [part for part in parts if part]
        return [text] if text.strip() else []

    def _prompt(self, text: str, where: str) -> Any:
        if "{%" in text or "{#" in text or "{{" in PLACEHOLDER.sub("", text):
            self._notes.add(
                "not converted",
                where,
                "an expression of a template language is sent as it stands; put its value into a column",
            )
        if text.lstrip().startswith(("[", "- role:")):
            value = self._value(text)
            messages = messages_of(value)
            if messages is not None:
                return [{"role": role, "content": content} for role, content in messages]
            if isinstance(value, list) and text.lstrip().startswith("["):
                self._notes.add(
                    "not converted", where, "messages with parts that are no text are sent as one text"
                )
        return text

    def _value(self, text: str) -> Any:
        from elluminate.suites.yaml_text import YamlError, read_yaml

        try:
            return read_yaml(text).value
        except YamlError:
            return None

    def _file(self, name: str, where: str, endings: tuple[str, ...]) -> str | None:
        """The text of a file that is named; None, with a note, where it cannot be read."""
        file = inside(self._folder, name) if name.endswith(endings) else None
        if file is None:
            what = (
                "is not there, or not beside the configuration"
                if name.endswith(endings)
                else "is a program, or of a kind that is not read here"
            )
            self._notes.add("not converted", where, f"the file {quoted(name)} {what}")
            return None
        try:
            if file.stat().st_size > _MOST_BYTES:
                raise ValidationError(f"{file} is larger than 64 MB")
            return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            self._notes.add("not converted", where, f"the file {quoted(name)} cannot be read: {error}")
            return None

    # Tests

    def _tests(self) -> list[Test]:
        default = self._said.get("defaultTest")
        if isinstance(default, str):
            default = self._value_of_file(default, "defaultTest")
        default = default if isinstance(default, dict) else {}
        self._tell_what_is_left(default, "defaultTest")
        common = self._vars(default, "defaultTest")
        graders = graders_of(default.get("assert"), "defaultTest.assert", self._notes, self._templates)
        found: list[Test] = []
        given = self._listed("tests", self._said.get("tests"))
        scenarios = self._said.get("scenarios")
        if self._said.get("tests") is None and scenarios is None:
            given = [("tests", {})]  # promptfoo runs each prompt once then
        for where, test in given:
            found += self._of_test(where, test, common, graders)
        for number, scenario in enumerate(scenarios if isinstance(scenarios, list) else []):
            place = f"scenarios[{number}]"
            if not isinstance(scenario, dict):
                self._notes.add("not converted", place, f"a scenario is a mapping, not {quoted(scenario)}")
                continue
            configs = self._listed(f"{place}.config", scenario.get("config")) or [(f"{place}.config", {})]
            tests = self._listed(f"{place}.tests", scenario.get("tests")) or [(f"{place}.tests", {})]
            for config_place, config in configs:
                of_config = {**common, **self._vars(config, config_place)}
                more = graders_of(
                    config.get("assert"), f"{config_place}.assert", self._notes, self._templates
                )
                for where, test in tests:
                    found += self._of_test(where, test, of_config, [*graders, *more])
                    self._refuse_too_many(len(found))
        return found

    def _refuse_too_many(self, count: int) -> None:
        if count > _MOST_ROWS:
            raise ValidationError(f"its tests come to more than {_MOST_ROWS} rows")

    def _of_test(
        self, where: str, test: dict[str, Any], common: Mapping[str, Any], graders: Sequence[Any]
    ) -> list[Test]:
        self._tell_what_is_left(test, where)
        own = graders_of(test.get("assert"), f"{where}.assert", self._notes, self._templates)
        options = test.get("options")
        if isinstance(options, dict) and options.get("disableDefaultAsserts") is True:
            graders = []
        row = {**common, **self._vars(test, where)}
        several = {key: value for key, value in row.items() if isinstance(value, list) and value}
        count = 1
        for values in several.values():
            count *= len(values)
            self._refuse_too_many(count)
        if isinstance(options, dict) and options.get("disableVarExpansion") is True:
            several = {}
        found = []
        for combination in itertools.product(*several.values()):
            filled = {**row, **dict(zip(several, combination, strict=True))}
            self._tell_of_unknown(filled, where)
            found.append(Test(where=where, row=_filled(filled), graders=[*graders, *own]))
        return found

    def _tell_of_unknown(self, row: Mapping[str, Any], where: str) -> None:
        """Name what a variable's value is to be made of and the test has not."""
        for key, value in row.items():
            for name in dict.fromkeys(PLACEHOLDER.findall(value)) if isinstance(value, str) else ():
                if name not in row:
                    what = f"the test has no variable {quoted(name)}, so that {{{{{name}}}}} became nothing"
                    self._notes.add("not converted", f"{where}.vars.{key}", what)

    def _tell_what_is_left(self, test: Mapping[str, Any], where: str) -> None:
        for key in test.keys() - _READ_OF_TEST:
            what = "a suite has nothing of the kind"
            if key == "threshold":
                what = "a row passes by all of its criteria; give the suite a threshold (passing)"
            self._notes.add("left out", f"{where}.{key}", what)

    def _vars(self, test: Mapping[str, Any], where: str) -> dict[str, Any]:
        given = test.get("vars")
        if isinstance(given, str):
            given = self._value_of_file(given, f"{where}.vars")
        if given is None:
            return {}
        if not isinstance(given, dict):
            self._notes.add("not converted", f"{where}.vars", f"variables are a mapping, not {quoted(given)}")
            return {}
        found = {}
        for key, value in given.items():
            if isinstance(value, str) and value.startswith("file://"):
                place = f"{where}.vars.{key}"
                value = self._value_of_file(value, place)
            found[key] = value
        return found

    def _value_of_file(self, name: str, where: str) -> Any:
        name = name.removeprefix("file://")
        text = self._file(name, where, (".txt", ".md", ".json", ".yaml", ".yml"))
        if text is None:
            return ""
        return self._value(text) if name.endswith((".json", ".yaml", ".yml")) else text.strip()

    def _listed(self, where: str, given: Any) -> list[tuple[str, dict[str, Any]]]:
        """The tests of a list, with those of the files that it names."""
        if given is None:
            return []
        found: list[tuple[str, dict[str, Any]]] = []
        for number, one in enumerate(given if isinstance(given, list) else [given]):
            place = f"{where}[{number}]" if isinstance(given, list) else where
            if isinstance(one, dict) and isinstance(one.get("path"), str):
                one = one["path"]
            if isinstance(one, dict):
                found.append((place, one))
            elif isinstance(one, str):
                found += self._tests_of_file(one, place)
            else:
                self._notes.add("not converted", place, f"a test is a mapping, not {quoted(one)}")
        return found

    def _tests_of_file(self, one: str, where: str) -> list[tuple[str, dict[str, Any]]]:
        name = one.removeprefix("file://")
        text = self._file(name, where, (".csv", ".jsonl", ".json", ".yaml", ".yml"))
        if text is None:
            return []
        file = self._folder / name
        if name.endswith(".csv"):
            rows = enumerate(rows_from_csv(file))
            return [(f"{where}:{number}", self._of_csv(row, f"{where}:{number}")) for number, row in rows]
        value = rows_from_jsonl(file) if name.endswith(".jsonl") else self._value(text)
        listed = value if isinstance(value, list) else [value]
        return [(f"{where}:{number}", test) for number, test in enumerate(listed) if isinstance(test, dict)]

    def _of_csv(self, row: Mapping[str, Any], where: str) -> dict[str, Any]:
        test: dict[str, Any] = {"vars": {}, "assert": []}
        metric = row.get("__metric")
        for key, value in row.items():
            if key.startswith("__expected"):
                made = assertion_of_cell(as_text(value))
                if made is not None:
                    test["assert"].append({**made, "metric": metric} if metric else made)
            elif not key.startswith("__"):
                test["vars"][key] = value
            elif key not in ("__metric", "__description"):
                self._notes.add("left out", f"{where}.{key}", "a suite has nothing of the kind")
        return test


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose values may name others of its values."""
    return {key: filled(value, row) if isinstance(value, str) else value for key, value in row.items()}
