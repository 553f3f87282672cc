"""Keys are criterion ids as decimal strings."""

from ..models.mean_rating import MeanRating

ExperimentResultsMeanRatingByCriterionId = dict[str, MeanRating]
