"""Shares per criterion. The keys are criterion ids as decimal text."""

from ..models.mean_rating import MeanRating

ExperimentResultsMeanRatingByCriterionId = dict[str, MeanRating]
