"""What the figures of an evaluation mean: intervals, comparisons, agreement, planning.

Pure functions over numbers, of the standard library alone: they ask no server and read no file. Shares are 0 to 1;
intervals are two-sided, of 95 % unless said otherwise. What is undefined is None, never 0.

    from elluminate import statistics

    print(statistics.rate([[True, True, False], [True, True, True]]))
"""

from elluminate.statistics.agreement import cohen_kappa, corrected_rate, krippendorff_alpha
from elluminate.statistics.comparing import (
    difference_of,
    mcnemar,
    newcombe,
    paired_binary,
    paired_difference,
)
from elluminate.statistics.deciding import decide, detectable, holm
from elluminate.statistics.distributions import beta_cdf, beta_quantile, normal_quantile, t_quantile
from elluminate.statistics.intervals import (
    clopper_pearson,
    clustered,
    clustered_error,
    clustered_wilson,
    effective_wilson,
    intraclass_correlation,
    rate,
    wilson,
)
from elluminate.statistics.planning import pass_at_k, pass_hat_k, rows_needed, smallest_difference
from elluminate.statistics.results import Decision, Difference, Interval, Kappa
from elluminate.statistics.sign_flips import sign_flip
from elluminate.statistics.validating import JudgeRates, judge_rates

__all__ = [
    "Decision",
    "Difference",
    "Interval",
    "JudgeRates",
    "Kappa",
    "beta_cdf",
    "beta_quantile",
    "clopper_pearson",
    "clustered",
    "clustered_error",
    "clustered_wilson",
    "cohen_kappa",
    "corrected_rate",
    "decide",
    "detectable",
    "difference_of",
    "effective_wilson",
    "holm",
    "intraclass_correlation",
    "judge_rates",
    "krippendorff_alpha",
    "mcnemar",
    "newcombe",
    "normal_quantile",
    "paired_binary",
    "paired_difference",
    "pass_at_k",
    "pass_hat_k",
    "rate",
    "rows_needed",
    "sign_flip",
    "smallest_difference",
    "t_quantile",
    "wilson",
]
