"""What judges are worth: how far raters agree, and what a pass rate is once the judge's errors are taken out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

from elluminate.statistics.checking import checked_count, checked_list, checked_pair
from elluminate.statistics.results import Interval, Kappa, count_within, z_of

__all__ = ["cohen_kappa", "corrected_rate", "krippendorff_alpha"]


def cohen_kappa(a: Sequence[Hashable], b: Sequence[Hashable], positive: Hashable = True) -> Kappa:
    """How far two raters agree on the same items, beyond what chance would give.

    Args:
        a: The first rater's label of each item.
        b: The second rater's, in the same order.
        positive: The label whose share is the base rate, by which kappa has to be read: where nearly all is YES, chance
            alone agrees nearly always.

    Returns:
        Kappa, with the agreement, the chance agreement and the base rate of the first rater. Kappa is None without
        items, and where both gave one and the same label to all, so that chance agreement is 1.

    Raises:
        ValueError: The two are not of one length.

    Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20, 1960.

    Example:
        >>> from elluminate import statistics
        >>> statistics.cohen_kappa([True, True, False, False], [True, False, False, False]).estimate
        0.5
    """
    n = checked_pair(a, b, "labels")
    if n == 0:
        return Kappa(None, None, None, None, 0)
    first, second = Counter(a), Counter(b)
    agreed = sum(one == other for one, other in zip(a, b, strict=True))
    by_chance = sum(count * second[label] for label, count in first.items())  # of n², in whole numbers
    estimate = None if by_chance == n * n else (agreed * n - by_chance) / (n * n - by_chance)
    return Kappa(estimate, agreed / n, by_chance / (n * n), first[positive] / n, n)


def krippendorff_alpha(items: Sequence[Sequence[Hashable | None]]) -> float | None:
    """How far any number of raters agree, with gaps, for labels without an order.

    Args:
        items: The labels of each item, one for each rater; None where a rater gave none. Items with fewer than two
            labels do not count.

    Returns:
        Alpha: 1 for agreement, 0 for what chance gives, below 0 for less. None where nothing can be paired, and where
        all labels are the same, so that nothing could have disagreed.

    Krippendorff, "Content Analysis", 1980; "Computing Krippendorff's Alpha-Reliability", 2011.

    Example:
        >>> from elluminate import statistics
        >>> round(statistics.krippendorff_alpha([["YES", "YES"], ["NO", "NO"], ["YES", "NO"], ["YES", None]]), 3)
        0.444
    """
    checked = [
        checked_list(labels, f"items[{place}]", "labels")
        for place, labels in enumerate(checked_list(items, "items", "lists, the labels of each item"))
    ]
    paired = [Counter(label for label in labels if label is not None) for labels in checked]
    paired = [counts for counts in paired if counts.total() > 1]
    overall: Counter[Hashable] = Counter()
    for counts in paired:
        overall.update(counts)
    n = overall.total()
    expected = n * n - sum(count * count for count in overall.values())  # pairs of different labels, of all
    if expected == 0:
        return None
    observed = math.fsum(
        (counts.total() ** 2 - sum(count * count for count in counts.values())) / (counts.total() - 1)
        for counts in paired
    )
    return 1.0 - (n - 1) * observed / expected


def corrected_rate(
    yes: float,
    n: float,
    *,
    found_yes: int,
    true_yes: int,
    found_no: int,
    true_no: int,
    confidence: float = 0.95,
) -> Interval:
    """The share of true YES behind a judge's share of YES, for a judge whose errors were measured on labels.

    Sensitivity and specificity are smoothed by one YES and one NO more, as in Laplace's rule, so that a few labels
    without an error do not make a perfect judge; so is the judge's share, by Agresti and Coull's z²/2, for the
    error alone.

    Args:
        yes: How many of the judge's verdicts are YES, 0 to n.
        n: Verdicts that are to be corrected; where rows have several, what they are worth (an effective number).
        found_yes: Items with the label YES that the judge called YES.
        true_yes: Items with the label YES.
        found_no: Items with the label NO that the judge called NO.
        true_no: Items with the label NO.
        confidence: Above 0 and below 1.

    Returns:
        The corrected share and its interval, kept within 0 to 1; None without a verdict, without labels of each kind,
        and where the judge is no better than a coin (sensitivity + specificity at most 1), so that nothing can be
        corrected.

    Raises:
        ValueError: An argument is not within.

    Rogan and Gladen, "Estimating prevalence from the results of a screening test", 1978; Lee et al., "How to Correctly
    Report LLM-as-a-Judge Evaluations", arXiv 2511.21140, 2025.

    Example:
        >>> from elluminate import statistics
        >>> found = statistics.corrected_rate(160, 200, found_yes=46, true_yes=50, found_no=44, true_no=50)
        >>> print(found)
        86.5% [74.8%, 98.2%]
    """
    count_within(yes, n, "yes")
    for found, true, side in ((found_yes, true_yes, "yes"), (found_no, true_no, "no")):
        checked_count(true, f"true_{side}")
        checked_count(found, f"found_{side}", high=true)
    z = z_of(confidence)
    sensitivity, specificity = (found_yes + 1) / (true_yes + 2), (found_no + 1) / (true_no + 2)
    better_than_chance = sensitivity + specificity - 1.0
    if n == 0 or true_yes == 0 or true_no == 0 or better_than_chance <= 0.0:
        return Interval(None, None, None, "Rogan-Gladen", int(n))
    corrected = min(1.0, max(0.0, (yes / n + specificity - 1.0) / better_than_chance))
    share = (yes + z * z / 2.0) / (n + z * z)
    error = (
        math.sqrt(
            share * (1.0 - share) / (n + z * z)
            + (1.0 - corrected) ** 2 * specificity * (1.0 - specificity) / (true_no + 2)
            + corrected**2 * sensitivity * (1.0 - sensitivity) / (true_yes + 2)
        )
        / better_than_chance
    )
    low, high = max(0.0, corrected - z * error), min(1.0, corrected + z * error)
    return Interval(corrected, low, high, "Rogan-Gladen", int(n))
