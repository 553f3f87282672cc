from ..types import OpenEnum


class LabelValue(OpenEnum):
    """What a person says of a response by a criterion. UNSURE counts neither as YES nor as NO."""

    NO = "NO"
    UNSURE = "UNSURE"
    YES = "YES"
