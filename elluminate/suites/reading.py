"""Reading a suite file: all that is wrong with it is told at once, each with its line and column."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from elluminate_api.models import CriterionIn, RatingMode

from elluminate._file_errors import told_of_file
from elluminate._row_files import checked_path, rows_of_file
from elluminate._showing import quoted
from elluminate._tables import shortened
from elluminate.exceptions import ValidationError
from elluminate.gates import RateThreshold, RegressionThreshold, Thresholds
from elluminate.schemas.template_string import placeholders_of
from elluminate.suites.criteria import check_name, criterion_of, texts_of
from elluminate.suites.rules import problem_with_rule
from elluminate.suites.schema import Path as Where
from elluminate.suites.schema import keys_meant, schema_problems
from elluminate.suites.suite import (
    BaselineChoice,
    ModelChoice,
    Problem,
    Suite,
    SuiteError,
    TemplateChoice,
)
from elluminate.suites.targets import found_target
from elluminate.suites.yaml_text import Document, Place, YamlError, read_yaml

__all__ = ["load_suite", "suite_from_text"]

_MOST_BYTES = 64 * 1024 * 1024
_MOST_PROBLEMS = 20
_MOST_ROWS_TOLD = 3
_MOST_CRITERIA_TOLD = 10


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
    return _Reading(document, path, list(schema_problems(document.value))).suite()


class _Reading:
    """Makes a suite of what fits the schema, and tells what the schema cannot.

    What the schema refuses is told with the rest, and nothing is said of it beside that.

    Args:
        document: What stands in the file.
        path: The file.
        refused: What the schema refuses: where, and why.
    """

    def __init__(self, document: Document, path: Path, refused: Sequence[tuple[Where, str]]) -> None:
        self._document = document
        self._said: Mapping[str, Any] = document.value if isinstance(document.value, dict) else {}
        self._path = path
        self._refused = {where for where, _ in refused if where}
        self._with_refused = {where[:depth] for where in self._refused for depth in range(1, len(where) + 1)}
        self._found: list[tuple[Place, str]] = []
        for where, what in refused:
            self._add(where, what)

    def suite(self) -> Suite:
        """The suite.

        Raises:
            SuiteError: It cannot be used.
        """
        if not isinstance(self._document.value, dict):
            self._refuse_all()
        said = self._said
        self._refuse_what_excludes()
        self._refuse_missing_target()
        template, rows, criteria = self._template(), self._rows(), self._criteria()
        thresholds, baseline = self._thresholds(criteria)
        models = [self._model(given, number) for number, given in self._parts("models")]
        self._refuse_uncovered(template, rows, criteria)
        if self._found:
            self._refuse_all()
        names = {"max_concurrency", "target_retries", "target_timeout"}
        return Suite(
            path=self._path,
            name=said["name"].strip(),
            description=said.get("description", ""),
            template=template,
            target=said.get("target"),
            rows=rows,
            collection=said.get("collection"),
            criteria=None if criteria is None else list(criteria.values()),
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

    def _add(self, path: Where, text: str) -> None:
        self._found.append((self._document.place_of(path), text))

    def _refuse_all(self) -> NoReturn:
        """Tell all that was found, in the order of the file."""
        found = sorted(self._found, key=lambda problem: (problem[0].line, problem[0].column))
        problems = [Problem(str(place), what) for place, what in found[:_MOST_PROBLEMS]]
        if len(found) > _MOST_PROBLEMS:
            place, more = found[_MOST_PROBLEMS][0], len(found) - _MOST_PROBLEMS
            problems.append(Problem(str(place), f"and {more} more from here on"))
        raise SuiteError(str(self._path), problems)

    def _fits(self, *path: str | int) -> bool:
        """Whether the schema refuses nothing of this part, and nothing that it stands in."""
        above = (path[:depth] for depth in range(1, len(path)))
        return path not in self._with_refused and not any(where in self._refused for where in above)

    def _parts(self, *path: str) -> Iterator[tuple[Any, Any]]:
        """Numbers or keys, and values, of what fits in a list or a mapping; nothing where it is neither."""
        whole: Any = self._said
        for name in path:
            whole = whole.get(name) if isinstance(whole, dict) else None
        items = (
            whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ()
        )
        return ((name, value) for name, value in items if self._fits(*path, name))

    def _refuse_what_excludes(self) -> None:
        said = self._said
        # A key that is misspelt is told as that, and not as one that lacks as well.
        there = said.keys() | keys_meant(said)
        for one, other in (("rows", "collection"), ("criteria", "criterion_set"), ("target", "models")):
            if one in said and other in said:
                self._add((other,), f"{other} excludes {one}; give one of them")
        for one, other, example in (
            ("rows", "collection", "rows:\n  - {question: What is 1 + 1?}"),
            ("template", "target", 'template: "Answer: {{question}}"'),
        ):
            if one not in there and other not in there:
                self._add((), f"{one} or {other} is needed; for example {example!r}")
        if not {"criteria", "criterion_set"} & there and not self._uses_linked_criteria():
            self._add((), "criteria or criterion_set is needed; for example 'criteria: [Is it correct?]'")
        for name in ("max_concurrency", "target_retries", "target_timeout"):
            if name in said and "target" not in there:
                self._add((name,), f"{name} says how a target is called, and there is none")
        if "target" in said and "cache" in said:
            self._add(("cache",), "cache is about calls of models, and a target is asked instead")

    def _uses_linked_criteria(self) -> bool:
        """Whether the template is one on the server, which may have a set of its own."""
        return isinstance(self._said.get("template"), dict)

    def _refuse_missing_target(self) -> None:
        if "target" in self._said and self._fits("target"):
            try:
                found_target(self._said["target"], self._path.parent)
            except ValidationError as error:
                self._add(("target",), str(error))

    def _template(self) -> TemplateChoice | None:
        given = self._said.get("template")
        if given is None or not self._fits("template"):
            return None
        if isinstance(given, dict):
            return TemplateChoice(name=given["name"], version=given.get("version"))
        if isinstance(given, str) and not given.strip():
            self._add(("template",), "the template is empty")
        return TemplateChoice(messages=given)

    def _rows(self) -> Sequence[Mapping[str, Any]] | None:
        given = self._said.get("rows")
        if isinstance(given, list):
            # Others keep their numbers beside what the schema refuses; of an empty one there is nothing to say.
            return [row if self._fits("rows", number) else {} for number, row in enumerate(given)]
        if not isinstance(given, str) or not self._fits("rows"):
            return None
        file = self._path.parent / given
        if file.exists() and not (file.is_file() or file.is_dir()):
            self._add(("rows",), f"{quoted(given)} is a pipe or a device, and not a file")
            return None
        try:
            rows = rows_of_file(file)
        except OSError as error:
            self._add(("rows",), f"{told_of_file(error)}; a path of rows begins at the suite's folder")
            return None
        except ValidationError as error:
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

    def _criteria(self) -> dict[int, CriterionIn] | None:
        """The criteria by their number in the file, without those that cannot be used."""
        if not isinstance(self._said.get("criteria"), list):
            return None
        criteria: dict[int, CriterionIn] = {}
        for number, item in self._parts("criteria"):
            try:
                criterion = criterion_of(item, self._path.parent)
            except ValidationError as error:
                self._add(("criteria", number), str(error))
                continue
            problem = problem_with_rule(criterion)
            if problem is not None:
                self._add(("criteria", number, *check_name(item)), problem)
            if any(one.criterion_str == criterion.criterion_str for one in criteria.values()):
                self._add(
                    ("criteria", number), f"the criterion {quoted(criterion.criterion_str)} stands twice"
                )
            criteria[number] = criterion
        return criteria

    def _model(self, given: str | Mapping[str, Any], number: int) -> ModelChoice:
        earlier = [
            model if isinstance(model, str) else model["name"]
            for place, model in self._parts("models")
            if place < number
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

    def _thresholds(
        self, criteria: Mapping[int, CriterionIn] | None
    ) -> tuple[Thresholds, BaselineChoice | None]:
        given = dict(self._parts("thresholds"))
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
        by_name = self._said.get("thresholds")
        by_name = by_name.get("criteria") if isinstance(by_name, dict) else None
        texts = {name: self._text_of(name, criteria) for name in by_name} if isinstance(by_name, dict) else {}
        of_criteria = {texts[name]: _rate(wanted) for name, wanted in self._parts("thresholds", "criteria")}
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

    def _text_of(self, name: str, criteria: Mapping[int, CriterionIn] | None) -> str:
        """The text of the criterion that a threshold calls by its text or label."""
        if criteria is None:
            return name
        usable = list(criteria.values())
        if any(one.criterion_str == name for one in usable):
            return name
        labelled = [one.criterion_str for one in usable if one.label == name]
        if len(labelled) == 1:
            return labelled[0]
        broken = [one for number, one in enumerate(self._said["criteria"]) if number not in criteria]
        if any(isinstance(one, dict) and name in (one.get("text"), one.get("label")) for one in broken):
            return name  # what is wrong with it is told there
        there = [
            quoted(shortened(one.label or one.criterion_str, 60)) for one in usable[:_MOST_CRITERIA_TOLD]
        ]
        more = len(usable) - len(there)
        hint = f"there is {', '.join(there)}{f' and {more} more' if more else ''}"
        if not there:
            hint = "there is none that can be used"
        what = "no criterion has" if not labelled else f"{len(labelled)} criteria have"
        self._add(("thresholds", "criteria", name), f"{what} the text or label {quoted(name)}; {hint}")
        return name

    def _refuse_uncovered(
        self,
        template: TemplateChoice | None,
        rows: Sequence[Mapping[str, Any]] | None,
        criteria: Mapping[int, CriterionIn] | None,
    ) -> None:
        """Refuse placeholders that a row has no value for."""
        if rows is None:
            return
        texts: list[tuple[Where, str]] = [
            (("criteria", number), text) for number, one in (criteria or {}).items() for text in texts_of(one)
        ]
        prompt = template.messages if template is not None else None
        if prompt is not None:
            whole = prompt if isinstance(prompt, str) else "\n".join(message["content"] for message in prompt)
            texts.insert(0, (("template",), whole))
        for where, text in texts:
            for name in sorted(placeholders_of(text)):
                lacking = [number for number, row in enumerate(rows, 1) if row and name not in row]
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


def _rate(given: float | Mapping[str, float] | None) -> RateThreshold | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        return RateThreshold(at_least=given.get("at_least"), lower_bound=given.get("lower_bound"))
    return RateThreshold(at_least=given)
