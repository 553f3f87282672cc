"""Suites: evaluations that stand in a file, run by `elluminate run suite.yaml` or from Python.

    from elluminate import Client
    from elluminate.suites import load_suite

    result = Client().run_suite(load_suite("suite.yaml"))
    print(result)
    sys.exit(result.exit_code)

Reading files needs the extra "cli": it is loaded when `load_suite` is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elluminate.suites.reading import load_suite as load_suite
    from elluminate.suites.result import SuiteResult as SuiteResult
    from elluminate.suites.result import SuiteRun as SuiteRun
    from elluminate.suites.suite import Suite as Suite
    from elluminate.suites.suite import SuiteError as SuiteError

__all__ = ["Suite", "SuiteError", "SuiteResult", "SuiteRun", "load_suite"]

_HOMES = {
    "Suite": "suite",
    "SuiteError": "suite",
    "SuiteResult": "result",
    "SuiteRun": "result",
    "load_suite": "reading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
