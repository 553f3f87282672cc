"""Whether a change may be merged: thresholds, and what becomes of them.

Three outcomes are told apart: what was asked for is so, it is not so, and it could not be measured. What is missing is
never counted as passed, nor as failed.

    from elluminate import gates

    result = gates.check(experiment.statistics(), gates.Thresholds(pass_rate=gates.RateThreshold(at_least=0.9)))
    print(result)
    sys.exit(result.exit_code)
"""

from elluminate.gates.checking import check
from elluminate.gates.findings import Finding, GateResult, Outcome, not_measured
from elluminate.gates.thresholds import RateThreshold, RegressionThreshold, Thresholds

__all__ = [
    "Finding",
    "GateResult",
    "Outcome",
    "RateThreshold",
    "RegressionThreshold",
    "Thresholds",
    "check",
    "not_measured",
]
