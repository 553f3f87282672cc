"""What a suite file says, as objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen
from elluminate_api.models import CriterionIn, RatingMode
from elluminate_api.types import one_line

from elluminate.exceptions import ValidationError
from elluminate.gates import Thresholds

__all__ = ["BaselineChoice", "ModelChoice", "Problem", "Suite", "SuiteError", "TemplateChoice"]


@frozen
class Problem:
    """What is wrong with a suite file.

    Attributes:
        place: Line and column, like "12:3".
        text: What is wrong, and the way out.
    """

    place: str
    text: str


class SuiteError(ValidationError):
    """A suite file cannot be used.

    Attributes:
        path: The file.
        problems: All that is wrong with it.
    """

    def __init__(self, path: str, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(f"{path}:{problem.place}: {problem.text}" for problem in problems))
        self.path = path
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.problems)


@frozen(kw_only=True, repr=False)
class TemplateChoice:
    """Which prompt a suite asks.

    Attributes:
        messages: The prompt itself; None where it is on the server.
        name: Name of a template on the server; None where the prompt stands in the suite.
        version: Of that template; None for the latest.
    """

    messages: str | Sequence[Mapping[str, str]] | None = None
    name: str | None = None
    version: int | None = None

    __repr__ = one_line


@frozen(kw_only=True, repr=False)
class ModelChoice:
    """One model of a suite's matrix.

    Attributes:
        name: What it is called in results; of an LLM config on the server, that config's name.
        settings: Arguments of `create_llm_config` where the suite describes the model; None where it is on the server.
        api_key_env: The environment variable that holds its key.
    """

    name: str
    settings: Mapping[str, Any] | None = None
    api_key_env: str | None = None

    __repr__ = one_line


@frozen(kw_only=True, repr=False)
class BaselineChoice:
    """What a suite's runs are compared with.

    Attributes:
        against: Name of an experiment; None for the last run on a branch.
        branch: Name of the branch.
        is_required: Whether it counts as "not measured" that there is no earlier run on the branch. It is run all the
            same, so that the next run has one.
    """

    against: str | None = None
    branch: str | None = None
    is_required: bool = False

    __repr__ = one_line


@frozen(kw_only=True, repr=False)
class Suite:
    """What is evaluated, on which rows, by which criteria, and what it has to come to; read by `load_suite()`.

    Attributes:
        path: The file; what is found from it (rows, targets) is found from its folder.
        name: What it is called.
        description: What it is for.
        template: The prompt; None with a target alone.
        target: A program of your own, as module:function or as the function itself; None where models are asked.
        rows: The test cases; None where they are on the server.
        collection: Name of a collection on the server; None where rows are given.
        criteria: What answers are judged by; None where a set on the server says it.
        criterion_set: Name of that set.
        models: The matrix; empty for the project's default model.
        judge: The rating version; None for the project's default.
        rating_mode: One call of the judge for each criterion, or one for all.
        epochs: Answers to each row.
        cache: Whether, or for how many seconds, equal calls are made only once.
        calling: How the target is called: arguments of `run_experiment`.
        timeout: Seconds to wait for each experiment; None for the server's limit.
        thresholds: What each experiment has to come to.
        baseline: What each is compared with; None where nothing is asked for.
    """

    path: Path
    name: str
    description: str = ""
    template: TemplateChoice | None = None
    target: str | Callable[..., Any] | None = None
    rows: Sequence[Mapping[str, Any]] | None = None
    collection: str | None = None
    criteria: Sequence[CriterionIn] | None = None
    criterion_set: str | None = None
    models: Sequence[ModelChoice] = ()
    judge: str | None = None
    rating_mode: RatingMode = RatingMode.DETAILED
    epochs: int = 1
    cache: bool | float = False
    calling: Mapping[str, Any] = field(factory=dict)
    timeout: float | None = None
    thresholds: Thresholds = field(factory=Thresholds)
    baseline: BaselineChoice | None = None

    __repr__ = one_line

    @property
    def target_name(self) -> str | None:
        """What its program is called; None where models are asked."""
        if self.target is None or isinstance(self.target, str):
            return self.target
        return getattr(self.target, "__qualname__", None) or type(self.target).__name__

    def with_models(self, names: Sequence[str]) -> Suite:
        """The same with some of its models alone.

        Raises:
            ValidationError: It has no model of that name.
        """
        there = {model.name: model for model in self.models}
        for name in names:
            if name not in there:
                raise ValidationError(
                    f"the suite {self.name!r} has no model {name!r}; it has {', '.join(map(repr, there)) or 'none'}"
                )
        return evolve(self, models=[there[name] for name in dict.fromkeys(names)])
