from ..types import OpenEnum


class ResponsesSampleSortBy(OpenEnum):
    """Order of samples, ascending or descending."""

    DURATION_ASC = "duration-asc"
    DURATION_DESC = "duration-desc"
    INPUT_TOKENS_ASC = "input-tokens-asc"
    INPUT_TOKENS_DESC = "input-tokens-desc"
    OUTPUT_TOKENS_ASC = "output-tokens-asc"
    OUTPUT_TOKENS_DESC = "output-tokens-desc"
    RATING_ASC = "rating-asc"
    RATING_DESC = "rating-desc"
