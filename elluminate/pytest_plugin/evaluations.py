"""The hooks of test runs that have evaluations. What is heavy is imported when the first of them is run."""

from __future__ import annotations

import unittest
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.outcomes import Failed  # which type checkers know as a class; it is pytest.fail.Exception

from elluminate.pytest_plugin.marker import said_by

if TYPE_CHECKING:
    from elluminate.gates import GateResult
    from elluminate.suites.result import SuiteRun

__all__ = ["Evaluations", "NotMeasured"]

_TOLD = pytest.StashKey[list[dict[str, str]]]()
_COLUMN = object()
"""What stands for a row's value until there is a row."""


class NotMeasured(Failed):
    """There is no saying whether an evaluation passes: a model, a judge or the program gave nothing."""

    __module__ = "builtins"  # as pytest's own outcomes, so that a summary shows the message

    def __init__(self, message: str) -> None:
        super().__init__(message, pytrace=False)


class Evaluations:
    """Runs the evaluations of a test run.

    Args:
        baseline: What each is compared with; None for nothing.
    """

    def __init__(self, baseline: str | None) -> None:
        self._baseline = baseline
        self._choice: Any = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if not isinstance(item, pytest.Function) or item.get_closest_marker("evaluation") is None:
            return
        if item.cls is not None and issubclass(item.cls, unittest.TestCase):
            pytest.fail(
                "evaluation(...) does not go with methods of a unittest.TestCase: write a function, or a class without "
                "a base",
                pytrace=False,
            )
        wanted = item._fixtureinfo
        for name in wanted.argnames:
            if name not in wanted.name2fixturedefs and name != "request":
                item.funcargs.setdefault(name, _COLUMN)  # which keeps pytest from looking for a fixture
        if "elluminate_client" not in item.fixturenames:
            item.fixturenames.append("elluminate_client")

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        if pyfuncitem.get_closest_marker("evaluation") is None:
            return None
        from elluminate.exceptions import ElluminateError
        from elluminate.pytest_plugin import running

        said = said_by(pyfuncitem)
        arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        fixtures = {name: value for name, value in arguments.items() if value is not _COLUMN}
        wanted = [name for name in arguments if name not in fixtures]
        client: Any = pyfuncitem.funcargs["elluminate_client"]
        try:
            if self._baseline and self._choice is None:
                self._choice = running.baseline_of(client, self._baseline)
            run = running.run(client, pyfuncitem, said, fixtures, wanted, self._choice)
        except ElluminateError as error:
            self._tell(pyfuncitem, {"evaluation": pyfuncitem.nodeid, "outcome": "not measured"})
            raise NotMeasured(str(error)) from None
        self._decide(pyfuncitem, said.get("name") or pyfuncitem.nodeid, run)
        return None if "template" in said else True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "call":
            told = item.stash.get(_TOLD, [])
            if told:
                report.__dict__["elluminate_evaluations"] = told  # which goes from worker to controller
            if call.excinfo is not None and isinstance(call.excinfo.value, NotMeasured):
                report.__dict__["elluminate_not_measured"] = True
        return report

    def check(self, item: pytest.Item, measured: Any, **thresholds: Any) -> GateResult:
        """Hold what was measured against thresholds, and fail the test where it falls short.

        Args:
            item: The test.
            measured: An experiment, or what `run_suite()` returned, which has thresholds of its own.
            thresholds: pass_rate, lower_bound, passing, max_cost_usd, confidence, or thresholds, as of the marker.

        Returns:
            What became of each threshold; of a suite, of its last run.

        Raises:
            ValidationError: A threshold cannot be used, or nothing was measured that has any.
        """
        from elluminate.pytest_plugin import running

        runs = running.held(measured, thresholds)
        __tracebackhide__ = True
        for run in runs[:-1]:
            self._tell(item, running.told_of(running.name_of(run), run))
        self._decide(item, running.name_of(runs[-1]), runs[-1], runs)
        return runs[-1].gate

    def _decide(
        self, item: pytest.Item, name: str, run: SuiteRun, runs: tuple[SuiteRun, ...] | None = None
    ) -> None:
        """Tell what it came to, and end the test unless all have passed."""
        from elluminate.gates.findings import together
        from elluminate.pytest_plugin import running, telling

        __tracebackhide__ = True
        self._tell(item, running.told_of(name, run))
        outcome = together(one.outcome for one in runs or (run,))
        if outcome == "passed":
            return
        is_all = item.config.get_verbosity() >= 2
        text = "\n\n".join(
            telling.in_words(one, is_all=is_all) for one in runs or (run,) if one.outcome != "passed"
        )
        if outcome == "not measured":
            raise NotMeasured(text)
        pytest.fail(text, pytrace=False)

    def _tell(self, item: pytest.Item, told: dict[str, str]) -> None:
        item.stash.setdefault(_TOLD, []).append(told)
