"""JSON, for programs: the outcome, the findings, the figures."""

from __future__ import annotations

import json
from typing import Any

from attrs import asdict

from elluminate.suites.result import SuiteResult, SuiteRun

__all__ = ["json_report"]


def json_report(result: SuiteResult) -> str:
    """The result as one JSON object.

    Args:
        result: What a suite came to.

    Example:
        >>> import json
        >>> from elluminate.reports import json_report
        >>> json.loads(json_report(client.run_suite("suite.yaml")))["outcome"]
        'passed'
    """
    value = {
        "suite": result.suite,
        "outcome": result.outcome,
        "exit_code": result.exit_code,
        "runs": [_run(run) for run in result.runs],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _run(run: SuiteRun) -> dict[str, Any]:
    experiment = run.experiment
    return {
        "model": run.model,
        "outcome": run.outcome,
        "experiment": None if experiment is None else {"id": experiment.id, "name": experiment.name},
        "findings": [asdict(finding) for finding in run.gate.findings],
        "statistics": None if run.statistics is None else run.statistics.to_dicts(),
        "comparison": None
        if run.comparison is None
        else {"against": run.comparison.a, "criteria": run.comparison.to_dicts()},
    }
