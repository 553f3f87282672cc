"""What a suite came to."""

from __future__ import annotations

from attrs import frozen
from elluminate_api.types import one_line

from elluminate._markup import interval_text, percent
from elluminate._tables import printable, shortened
from elluminate.gates import GateResult, Outcome
from elluminate.gates.findings import exit_code_of, together
from elluminate.schemas.comparison import ExperimentComparison
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.experiment_statistics import ExperimentStatistics

__all__ = ["NO_MODEL", "SuiteResult", "SuiteRun"]

NO_MODEL = "-"
"""The model of a run that was to be of all models and never began."""


@frozen(kw_only=True, repr=False)
class SuiteRun:
    """What one model of a suite, or its target, came to.

    Attributes:
        model: What the model is called in the suite; "default" for the project's own, and the target's name.
        gate: What became of each threshold.
        experiment: The experiment; None where it came to none.
        statistics: What it came to; None where it came to nothing.
        comparison: With the experiment that it must not be worse than; None without one.
    """

    model: str
    gate: GateResult
    experiment: Experiment | None = None
    statistics: ExperimentStatistics | None = None
    comparison: ExperimentComparison | None = None

    __repr__ = one_line

    @property
    def outcome(self) -> Outcome:
        """ "passed", "failed" or "not measured"."""
        return self.gate.outcome

    def __str__(self) -> str:
        reason = self.gate.why_not_run
        if reason is not None:
            title = "" if self.model == NO_MODEL else f"{shortened(self.model, 80)}: "
            return printable(f"{title}{reason}")
        rate = "" if self.statistics is None else _rate_in_words(self.statistics)
        lines = [f"{shortened(self.model, 80)}: {self.outcome}{rate}"]
        return printable("\n".join([*lines, *(f"  {finding}" for finding in self.gate.findings)]))


def _rate_in_words(figures: ExperimentStatistics) -> str:
    rate = figures.overall.rate
    interval = f" ({interval_text(rate.low, rate.high)})" if rate.is_known else ""
    return f", pass rate {percent(rate.estimate)}{interval}"


@frozen(kw_only=True, repr=False)
class SuiteResult:
    """What a suite came to: the one object that the exit code, JUnit and Markdown are made of.

    Attributes:
        suite: Its name.
        runs: One for each model.
    """

    suite: str
    runs: tuple[SuiteRun, ...]

    __repr__ = one_line

    @property
    def outcome(self) -> Outcome:
        """Of all runs together: "not measured" if one is that, otherwise "failed" if one is, otherwise "passed"."""
        return together(run.outcome for run in self.runs)

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 2 not measured."""
        return exit_code_of(self.outcome)

    def __str__(self) -> str:
        title = printable(f"{shortened(self.suite, 200)}: {self.outcome}")
        return "\n".join(
            [title, *("\n".join(f"  {line}" for line in str(run).split("\n")) for run in self.runs)]
        )
