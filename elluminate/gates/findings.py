"""What became of each threshold, and of all together: the one object that exit codes and reports are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from attrs import frozen
from elluminate_api.types import one_line

from elluminate._tables import printable, shortened

__all__ = ["Finding", "GateResult", "Outcome", "not_measured"]

Outcome: TypeAlias = Literal["passed", "failed", "not measured"]

_EXIT_CODES: dict[Outcome, int] = {"passed": 0, "failed": 1, "not measured": 2}


@frozen(kw_only=True, repr=False)
class Finding:
    """What became of one threshold.

    Attributes:
        name: What was looked at: "pass rate", "criterion 'Is it short?'", "every verdict is there".
        outcome: "passed", "failed" or "not measured".
        wanted: What was asked for, in words; "" where nothing was run that it could be asked of.
        got: What was found, in words; "" there, too.
        reason: Why it is not passed, or what to know of it although it is; "" where `got` says all.
    """

    name: str
    outcome: Outcome
    wanted: str
    got: str
    reason: str = ""

    __repr__ = one_line

    @property
    def told(self) -> str:
        """What was asked for and what was found, in words; why nothing was run, where nothing was."""
        return f"wanted {self.wanted}, got {self.got}" if self.wanted else self.reason

    def __str__(self) -> str:
        if not self.wanted:
            return printable(f"{self.outcome:<12}  {self.reason}")
        reason = f": {self.reason}" if self.reason else ""
        return printable(f"{self.outcome:<12}  {self.name}: {self.told}{reason}")


@frozen(kw_only=True, repr=False)
class GateResult:
    """What became of all thresholds of an experiment.

    Attributes:
        experiment: Its name.
        findings: What became of each, in the order of the thresholds; that nothing is missing is the first.
    """

    experiment: str
    findings: tuple[Finding, ...]

    __repr__ = one_line

    @property
    def outcome(self) -> Outcome:
        """Of all together: "not measured" if anything is that, otherwise "failed" if anything is, otherwise "passed".

        What could not be measured comes first, because the rates of what is left are not those of the experiment.
        """
        return together(finding.outcome for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 2 not measured."""
        return exit_code_of(self.outcome)

    @property
    def why_not_run(self) -> str | None:
        """Why nothing was run; None where there is something that was held against thresholds."""
        reasons = [finding.reason for finding in self.findings if not finding.wanted]
        return "\n".join(reasons) if reasons else None

    def __str__(self) -> str:
        title = f"{printable(shortened(self.experiment, 200))}: {self.outcome}"
        return "\n".join([title, *(f"  {finding}" for finding in self.findings)])


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """What several outcomes come to; nothing at all is not measured."""
    there = set(outcomes)
    if not there or "not measured" in there:
        return "not measured"
    return "failed" if "failed" in there else "passed"


def exit_code_of(outcome: Outcome) -> int:
    """0 passed, 1 failed, 2 not measured."""
    return _EXIT_CODES[outcome]


def not_measured(experiment: str, reason: str) -> GateResult:
    """The result of an experiment that came to nothing.

    Args:
        experiment: Its name.
        reason: Why.

    Example:
        >>> from elluminate import gates
        >>> gates.not_measured("Nightly", "the server is away").exit_code
        2
    """
    finding = Finding(name="the run", outcome="not measured", wanted="", got="", reason=reason)
    return GateResult(experiment=experiment, findings=(finding,))
