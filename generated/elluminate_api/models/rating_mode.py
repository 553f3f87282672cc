from ..types import OpenEnum


class RatingMode(OpenEnum):
    """Effort of the judge. `detailed` judges each criterion by itself, with a few sentences of reasoning; `fast` judges the criteria of a response together, with one short sentence each. Some judges make no difference."""

    DETAILED = "detailed"
    FAST = "fast"
