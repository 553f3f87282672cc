"""The same per criterion, in the order of the set, those without any verdict included. The keys are criterion ids as decimal text."""

from ..models.verdict_counts import VerdictCounts

ExperimentResultsVerdictsByCriterionIdType0 = dict[str, VerdictCounts]
