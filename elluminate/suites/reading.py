"""Reading a suite file: all that is wrong with it is told at once, each with its line and column."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from elluminate_api.models import CriterionIn, RatingMode
from elluminate_api.types import UNSET

from elluminate import checks
from elluminate._row_files import checked_path, rows_of_file
from elluminate._showing import quoted
from elluminate._tables import shortened
from elluminate.exceptions import ValidationError
from elluminate.gates import RateThreshold, RegressionThreshold, Thresholds
from elluminate.schemas.template_string import placeholders_of
from elluminate.suites.rules import problem_with_rule
from elluminate.suites.schema import schema_problems
from elluminate.suites.suite import (
    BaselineChoice,
    ModelChoice,
    Problem,
    Suite,
    SuiteError,
    TemplateChoice,
)
from elluminate.suites.targets import found_target, without_exit
from elluminate.suites.yaml_text import Document, YamlError, read_yaml

__all__ = ["load_suite", "suite_from_text"]

_MOST_BYTES = 64 * 1024 * 1024
_MOST_PROBLEMS = 20
_MOST_ROWS_TOLD = 3


def load_suite(path: str | os.PathLike[str]) -> Suite:
    """Read a suite file: YAML, or JSON, which is YAML.

    Functions that it names, as its target or in checks, are imported.

    Args:
        path: The file.

    Raises:
        SuiteError: It cannot be used; all that is wrong with it is told, each with line and column.
        ValidationError: It is no file, no UTF-8, or larger than 64 MB.
        OSError: It cannot be read.

    Example:
        >>> from elluminate.suites import load_suite
        >>> suite = load_suite("suite.yaml")
        >>> suite.name, len(suite.rows)
        ('Arithmetic', 3)
    """
    file = checked_path(path)
    if file.stat().st_size > _MOST_BYTES:
        raise ValidationError(f"{path} is larger than 64 MB; put its rows into a .csv or .jsonl file")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from None
    return suite_from_text(text, file)


def suite_from_text(text: str, path: Path) -> Suite:
    """Read the text of a suite file.

    Args:
        text: YAML, or JSON.
        path: What it is called, and from whose folder files are found.

    Raises:
        SuiteError: It cannot be used.
    """
    try:
        document = read_yaml(text)
    except YamlError as error:
        raise SuiteError(str(path), [Problem(str(error.place or "1:1"), error.reason)]) from None
    found = [(document.place_of(where), what) for where, what in schema_problems(document.value)]
    if found:
        found.sort(key=lambda problem: (problem[0].line, problem[0].column))
        problems = [Problem(str(place), what) for place, what in found[:_MOST_PROBLEMS]]
        raise SuiteError(str(path), problems)
    return _Reading(document, path).suite()


class _Reading:
    """Makes a suite of what fits the schema, and tells what the schema cannot."""

    def __init__(self, document: Document, path: Path) -> None:
        self._document = document
        self._said: Mapping[str, Any] = document.value
        self._path = path
        self._problems: list[Problem] = []

    def suite(self) -> Suite:
        said = self._said
        self._refuse_what_excludes()
        self._refuse_missing_target()
        template, rows, criteria = self._template(), self._rows(), self._criteria()
        thresholds, baseline = self._thresholds(criteria)
        models = [self._model(given, number) for number, given in enumerate(said.get("models", ()))]
        if not self._problems:
            self._refuse_uncovered(template, rows, criteria)
        if self._problems:
            raise SuiteError(str(self._path), self._problems)
        names = {"max_concurrency", "target_retries", "target_timeout"}
        return Suite(
            path=self._path,
            name=said["name"].strip(),
            description=said.get("description", ""),
            template=template,
            target=said.get("target"),
            rows=rows,
            collection=said.get("collection"),
            criteria=criteria,
            criterion_set=said.get("criterion_set"),
            models=models,
            judge=said.get("judge"),
            rating_mode=RatingMode(said.get("rating_mode", "detailed")),
            epochs=said.get("epochs", 1),
            cache=said.get("cache", False),
            calling={name: said[name] for name in sorted(names & said.keys())},
            timeout=said.get("timeout"),
            thresholds=thresholds,
            baseline=baseline,
        )

    def _add(self, path: tuple[str | int, ...], text: str) -> None:
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(Problem(str(self._document.place_of(path)), text))

    def _refuse_what_excludes(self) -> None:
        said = self._said
        for one, other in (("rows", "collection"), ("criteria", "criterion_set"), ("target", "models")):
            if one in said and other in said:
                self._add((other,), f"{other} excludes {one}; give one of them")
        for one, other, example in (
            ("rows", "collection", "rows:\n  - {question: What is 1 + 1?}"),
            ("template", "target", 'template: "Answer: {{question}}"'),
        ):
            if one not in said and other not in said:
                self._add((), f"{one} or {other} is needed; for example {example!r}")
        if "criteria" not in said and "criterion_set" not in said and not self._uses_linked_criteria():
            self._add((), "criteria or criterion_set is needed; for example 'criteria: [Is it correct?]'")
        for name in ("max_concurrency", "target_retries", "target_timeout"):
            if name in said and "target" not in said:
                self._add((name,), f"{name} says how a target is called, and there is none")
        if "target" in said and "cache" in said:
            self._add(("cache",), "cache is about calls of models, and a target is asked instead")

    def _uses_linked_criteria(self) -> bool:
        """Whether the template is one on the server, which may have a set of its own."""
        return isinstance(self._said.get("template"), dict)

    def _refuse_missing_target(self) -> None:
        if "target" in self._said:
            try:
                found_target(self._said["target"], self._path.parent)
            except ValidationError as error:
                self._add(("target",), str(error))

    def _template(self) -> TemplateChoice | None:
        given = self._said.get("template")
        if given is None:
            return None
        if isinstance(given, dict):
            return TemplateChoice(name=given["name"], version=given.get("version"))
        if isinstance(given, str) and not given.strip():
            self._add(("template",), "the template is empty")
        return TemplateChoice(messages=given)

    def _rows(self) -> Sequence[Mapping[str, Any]] | None:
        given = self._said.get("rows")
        if not isinstance(given, str):
            return given
        file = self._path.parent / given
        try:
            rows = rows_of_file(file)
        except (ValidationError, OSError) as error:
            self._add(("rows",), str(error))
            return None
        if rows is None:
            self._add(
                ("rows",), f"rows must be a list, or the path of a .csv or .jsonl file, not {quoted(given)}"
            )
            return None
        if not rows:
            self._add(("rows",), f"{given} has no rows")
        return rows

    def _criteria(self) -> list[CriterionIn] | None:
        given = self._said.get("criteria")
        if given is None:
            return None
        criteria: list[CriterionIn] = []
        for number, item in enumerate(given):
            try:
                criterion = criterion_of(item, self._path.parent)
            except ValidationError as error:
                self._add(("criteria", number), str(error))
                continue
            problem = problem_with_rule(criterion)
            if problem is not None:
                self._add(("criteria", number, *_check_name(item)), problem)
            twin = next((one for one in criteria if one.criterion_str == criterion.criterion_str), None)
            if twin is not None:
                self._add(
                    ("criteria", number), f"the criterion {quoted(criterion.criterion_str)} stands twice"
                )
            criteria.append(criterion)
        return criteria

    def _model(self, given: str | Mapping[str, Any], number: int) -> ModelChoice:
        earlier = [
            model if isinstance(model, str) else model["name"] for model in self._said["models"][:number]
        ]
        name = given if isinstance(given, str) else given["name"]
        if name in earlier:
            self._add(("models", number), f"the model {name!r} stands twice; give each a name of its own")
        if isinstance(given, str):
            return ModelChoice(name=name)
        settings = {
            key: value
            for key, value in given.items()
            if key not in ("name", "model", "api_key_env", "base_url")
        }
        settings["llm_model_name"] = given["model"]
        if "base_url" in given:
            settings["llm_base_url"] = given["base_url"]
        return ModelChoice(name=name, settings=settings, api_key_env=given.get("api_key_env"))

    def _thresholds(self, criteria: Sequence[CriterionIn] | None) -> tuple[Thresholds, BaselineChoice | None]:
        given = self._said.get("thresholds", {})
        regression, baseline = given.get("no_regression"), None
        if regression is not None:
            where = ("thresholds", "no_regression")
            if ("against" in regression) == ("branch" in regression):
                self._add(
                    where,
                    "no_regression needs against (the name of an experiment) or branch (the last run on it), not both",
                )
            if regression.get("required") and "branch" not in regression:
                self._add(
                    (*where, "required"), "required goes with branch; a named experiment has to be there"
                )
            baseline = BaselineChoice(
                against=regression.get("against"),
                branch=regression.get("branch"),
                is_required=regression.get("required", False),
            )
        of_criteria = {
            self._text_of(name, criteria): _rate(wanted) for name, wanted in given.get("criteria", {}).items()
        }
        return (
            Thresholds(
                pass_rate=_rate(given.get("pass_rate")),
                passing=_rate(given.get("passing")),
                criteria={name: wanted for name, wanted in of_criteria.items() if wanted is not None},
                no_regression=None
                if regression is None
                else RegressionThreshold(
                    margin=regression.get("margin"), level=regression.get("level", 0.05)
                ),
                max_cost_usd=given.get("max_cost_usd"),
                confidence=given.get("confidence", 0.95),
            ),
            baseline,
        )

    def _text_of(self, name: str, criteria: Sequence[CriterionIn] | None) -> str:
        """The text of the criterion that a threshold calls by its text or label."""
        if criteria is None:
            return name
        if any(one.criterion_str == name for one in criteria):
            return name
        labelled = [one.criterion_str for one in criteria if one.label == name]
        if len(labelled) == 1:
            return labelled[0]
        there = ", ".join(quoted(shortened(one.label or one.criterion_str, 60)) for one in criteria[:10])
        what = "no criterion has" if not labelled else f"{len(labelled)} criteria have"
        self._add(
            ("thresholds", "criteria", name), f"{what} the text or label {quoted(name)}; there is {there}"
        )
        return name

    def _refuse_uncovered(
        self,
        template: TemplateChoice | None,
        rows: Sequence[Mapping[str, Any]] | None,
        criteria: Sequence[CriterionIn] | None,
    ) -> None:
        """Refuse placeholders that a row has no value for."""
        if rows is None:
            return
        texts: list[tuple[tuple[str | int, ...], str]] = [
            (("criteria", number), text)
            for number, one in enumerate(criteria or ())
            for text in _texts_of(one)
        ]
        prompt = template.messages if template is not None else None
        if prompt is not None:
            whole = prompt if isinstance(prompt, str) else "\n".join(message["content"] for message in prompt)
            texts.insert(0, (("template",), whole))
        for where, text in texts:
            for name in sorted(placeholders_of(text)):
                lacking = [number for number, row in enumerate(rows, 1) if name not in row]
                if lacking:
                    told = ", ".join(map(str, lacking[:_MOST_ROWS_TOLD]))
                    more = (
                        f" and {len(lacking) - _MOST_ROWS_TOLD} more"
                        if len(lacking) > _MOST_ROWS_TOLD
                        else ""
                    )
                    columns = ", ".join(sorted({column for row in rows[:100] for column in row}))
                    self._add(
                        where,
                        f"{{{{{name}}}}} has no value in row {told}{more}; the rows have the columns {columns}",
                    )


def criterion_of(given: str | Mapping[str, Any], folder: Path) -> CriterionIn:
    """A criterion as a suite writes it: a question, a mapping with `text` and `label`, or a check.

    Args:
        given: What stands there.
        folder: From where the function of a `python` check is found.

    Raises:
        ValidationError: It is none.
    """
    if isinstance(given, str):
        if not given.strip():
            raise ValidationError("the criterion is empty; write a yes/no question")
        return CriterionIn(criterion_str=given)
    text, label = given.get("text"), given.get("label")
    if not (isinstance(text, str | None) and isinstance(label, str | None)):
        raise ValidationError("text and label of a criterion are texts")
    named = given.get("python")
    if isinstance(named, str) and ":" in named and not given.keys() - {"python", "text", "label"}:
        return checks.python(without_exit(found_target(named, folder)), named, text=text, label=label)
    if given.keys() - {"text", "label"}:
        return checks.from_mapping(given)
    if text is None or not text.strip():
        raise ValidationError(
            "a criterion is a question, a mapping like {text: Is it short?, label: length}, or a check like "
            f"{{max_words: 50}}, not {shortened(repr(dict(given)), 100)}"
        )
    return CriterionIn(criterion_str=text, label=label)


def _check_name(given: str | Mapping[str, Any]) -> list[str]:
    """The key that names the check of a criterion, where it is told what is wrong with it."""
    return [] if isinstance(given, str) else [key for key in given if key not in ("text", "label", "negate")]


def _texts_of(criterion: CriterionIn) -> Iterator[str]:
    """Everything in a criterion that may hold placeholders."""
    yield criterion.criterion_str
    if criterion.check is not UNSET:
        yield from _texts_in(msgspec.to_builtins(criterion.check))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts_in(one)


def _rate(given: float | Mapping[str, float] | None) -> RateThreshold | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        return RateThreshold(at_least=given.get("at_least"), lower_bound=given.get("lower_bound"))
    return RateThreshold(at_least=given)
