"""A plugin for pytest: evaluations as tests. It comes with the package, and pytest finds it by itself.

    @pytest.mark.evaluation(rows="questions.csv", criteria=["Is it polite?"], pass_rate=0.9)
    def test_answers(question, my_bot):
        return my_bot.answer(question)

A test run that has no evaluations loads this module, and nothing else of the package: all that is heavy is imported
where an evaluation is run.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from elluminate.client import Client
    from elluminate.gates import GateResult
    from elluminate.pytest_plugin.evaluations import Evaluations

__all__ = ["elluminate_check", "elluminate_client"]

_MARKER = (
    "evaluation(rows=..., criteria=[...], pass_rate=...): an evaluation; see the guide's page on pytest."
)
_EVALUATIONS = "elluminate-evaluations"
"""What the part is called that is registered with the first evaluation."""
_PROBLEMS = pytest.StashKey[list[str]]()
"""Of a module or class: what is wrong with the markers in it."""
_SERVER = "elluminate_server"
_BASELINE = "elluminate_baseline"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("elluminate", "evaluations with elluminate")
    where = (
        'an address ("local:evals.db", "https://..."), or "env" for what the environment says; '
        "without it, evaluations run on a new, empty server in this process"
    )
    group.addoption("--elluminate-server", metavar="ADDRESS", help=f"Where evaluations run: {where}.")
    group.addoption(
        "--elluminate-baseline",
        metavar="NAME",
        help="Compare each evaluation with its last run on the branch NAME, or with the experiment of that name, and "
        "fail what got worse.",
    )
    parser.addini(_SERVER, f"Where evaluations run: {where}.", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    if config.getoption(_BASELINE) and not _server_of(config):
        raise pytest.UsageError(
            "--elluminate-baseline compares with earlier runs, and without --elluminate-server=ADDRESS evaluations run "
            "on a new, empty server; name the one that keeps them, such as --elluminate-server=local:evals.db"
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    node = metafunc.definition
    if node.get_closest_marker("evaluation") is not None:
        from elluminate.pytest_plugin.marker import wrong_with

        problems = [f"{node.nodeid}: {problem}" for problem in wrong_with(node)]
        if problems and node.parent is not None:
            node.parent.stash.setdefault(_PROBLEMS, []).extend(problems)
        _evaluations_of(metafunc.config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    problems = _problems_in(collector)
    if problems and report.outcome == "passed":
        # All that is wrong in a module at once: after the first error it is not gone into any deeper.
        for one in report.result:
            if isinstance(one, pytest.Class):
                one.ihook.pytest_make_collect_report(collector=one)
                problems += _problems_in(one)
        report.outcome, report.longrepr, report.result = "failed", "\n".join(problems), []
    return report


def _problems_in(node: pytest.Collector) -> list[str]:
    return [*node.stash[_PROBLEMS]] if _PROBLEMS in node.stash else []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Of these no tests are generated, so that a marker would go unseen.
    if any(
        type(item).__name__ == "TestCaseFunction" and item.get_closest_marker("evaluation") for item in items
    ):
        _evaluations_of(config)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    if getattr(report, "elluminate_not_measured", False):
        return "error", "E", "NOT MEASURED"
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    # Of reports, because under xdist the tests have run in other processes.
    told = [
        line
        for reports in terminalreporter.stats.values()
        for report in reports
        for line in getattr(report, "elluminate_evaluations", ())
    ]
    if told:
        from elluminate.pytest_plugin.telling import summary

        terminalreporter.section("evaluations")
        terminalreporter.write_line(summary(told, _server_of(config)))


@pytest.fixture(scope="session")
def elluminate_client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of the server that evaluations run on: a new, empty one in this process, unless --elluminate-server
    names another. Models come from the environment (ELLUMINATE_LLM_BASE_URL, ELLUMINATE_LLM_MODEL, ...).
    """
    from elluminate.pytest_plugin.connecting import connected

    with connected(_server_of(request.config)) as client:
        yield client


@pytest.fixture
def elluminate_check(request: pytest.FixtureRequest) -> Callable[..., GateResult]:
    """Hold an experiment, or what `run_suite()` returned, against thresholds: `elluminate_check(it, pass_rate=0.9)`."""
    return partial(_evaluations_of(request.config).check, request.node)


def _server_of(config: pytest.Config) -> str:
    """The address that is to be used; "" for a new server in this process."""
    return config.getoption(_SERVER) or config.getini(_SERVER) or ""


def _evaluations_of(config: pytest.Config) -> Evaluations:
    found: Any = config.pluginmanager.get_plugin(_EVALUATIONS)
    if found is None:
        from elluminate.pytest_plugin.evaluations import Evaluations

        found = Evaluations(config.getoption(_BASELINE))
        config.pluginmanager.register(found, _EVALUATIONS)
    return found  # type: ignore[no-any-return]
